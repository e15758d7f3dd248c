"""Pages that refer to others (15) and their differences (11.4), by hand. Part of
make_vectors.py.
"""
import struct

from vectors_codings import bit_string, head, table
from vectors_pack import (
    MAGIC, Part, VECTORS, bad, good, ids_of, model, schema, tensors_of, xxh3)

# ---- archives (15) ----

WIDE = [(b'w', 12, (8, 4, 2))]  # 256 bytes


def values(k):
    """Bytes of WIDE, normal numbers of f32 whose significands differ."""
    return b''.join(struct.pack('<f', (1 + (k * 64 + i) / 4096) *
                                2.0 ** (i % 7 - 3)) for i in range(64))


BIG = WIDE + [(b'z', 2, (65536,))]  # a model of which IDs are stored


def archive(rows, references, flag=1, big=False):
    """A group a row; `references` maps the number of a page to a codec and a
    function of the part that gives the payload. With `big`, each row has a
    second page, of zeros."""
    p = Part({(MAGIC, 0, 'header'): {'refuse': flag}})
    p.pages = []
    spec = BIG if big else WIDE
    if big:
        zeros = head(0, 0, 0, 256, 0) + b'\1\0'
        references = {**{2 * k + 1: (2, lambda p: zeros)
                         for k in range(len(rows))}, **references}
    for k, (codec, payload) in references.items():
        p.edit[b'PAGE', k, 'stored'] = lambda _, f=payload: f(p)
        p.edit[b'PAGE', k, 'header'] = {'codec': codec}

    def note(k):
        def f(frame_):
            p.pages.append((len(p.out), len(frame_) - 32))
            return frame_
        return f
    for k in range(len(rows) * len(spec)):
        p.edit[b'PAGE', k, 'bytes'] = note(k)
    for k in range(len(rows)):
        p.group(schema(tensors_of(spec)), spec, [model(b'%d' % k)],
                [[rows[k], bytes(65536)][:len(spec)]])
    return p.end()


def check(raw):
    return struct.pack('<Q', xxh3(raw))


def same(k, raw, add=0):
    return lambda p: check(raw) + struct.pack(
        '<QI', p.pages[k][0] + add, p.pages[k][1])


def segment(p, k, begin, n):
    return struct.pack('<QIII', *(p.pages[k] if k is not None else (0, 0)),
                       begin, n)


def blocks(raw, segments, literal, codec=0, reserved=0):
    return lambda p: check(raw) + struct.pack(
        '<HBBI', len(segments), codec, reserved, len(literal)) + b''.join(
            segment(p, *s) for s in segments) + literal


def bits(numbers, width):
    n = sum(x << i * width for i, x in enumerate(numbers))
    return n.to_bytes((len(numbers) * width + 7) // 8, 'little')


BASE = bytes(range(32))  # an ID; within a pack it is for messages only
SOURCES = b'\1' + bits((3, 1, 0, 2, 7, 6, 5, 4), 3)
COLUMNS = b'\1' + bits((1, 0, 3, 2), 2)
SCALES = b'\1' + struct.pack('<hB', -4, 3) + bits((0, 1, 2, 3, 4, 5, 4, 4),
                                                 3)


def moved(raw):
    """What SOURCES, SCALES and COLUMNS make of bytes of WIDE."""
    x = struct.unpack('<64f', raw)
    rows = (3, 1, 0, 2, 7, 6, 5, 4)
    scales = (.25, -.25, .5, -.5, 1, -1, 1, 1)
    cols = (1, 0, 3, 2)
    return struct.pack('<64f', *(
        x[(rows[r] * 4 + cols[c]) * 2 + k] * scales[r]
        for r in range(8) for c in range(4) for k in range(2)))


def orbit(raw, k, arrays, **f):
    def payload(p):
        at, n = p.pages[k] if k is not None else (0, 0)
        v = dict(dtype=12, reserved=b'', rows=8, cols=4, inner=2, begin=0,
                 offset=at, length=n + 32, base=BASE)
        v.update(f)
        return check(raw) + struct.pack('<B3sIIIQQQ32s', *v.values()) + (
            arrays(p) if callable(arrays) else arrays)
    return payload


def difference(raw, k, page=0, rest=b'', base=BASE):
    """To page `k`, or to one outside."""
    return lambda p: check(raw) + struct.pack(
        '<QII32s', *(p.pages[k] if k is not None else (0, 0)), page,
        base) + rest


def shares(counts):
    """Frequencies of sum 4096 (11.3.9), or none where there is nothing."""
    n = sum(counts)
    out = [max(1, x * 4000 // n) if x else 0 for x in counts] if n else counts
    if n:
        out[out.index(max(out))] += 4096 - sum(out)
    return out


def differences(raw, base, c=0, n_contexts=1, top=0, lanes_log2=0, n=33,
                **wrong):
    """The coding of 11.4, of f32; `n` classes."""
    count = len(raw) // 4
    x, y = (struct.unpack('<%dI' % count, b) for b in (raw, base))

    def order(v):
        return v ^ (0xFFFFFFFF if v >> 31 else 1 << 31)

    d = [(order(u) - order(v) + (1 << 31)) % (1 << 32) - (1 << 31)
         for u, v in zip(x, y)]
    classes = [abs(v).bit_length() for v in d]
    contexts = [max(0, min(top - ((v & (1 << 31) - 1) >> 31 - c),
                           n_contexts - 1)) if c else 0 for v in y]
    tables = [shares([sum(k == j and i == e for k, i in
                          zip(classes, contexts)) for j in range(n)])
              for e in range(n_contexts)]
    states, words = [1 << 15] * (1 << lanes_log2), []
    for i in reversed(range(count)):
        s, k, freq = states[i % len(states)], classes[i], tables[contexts[i]]
        if s >> 19 >= freq[k]:
            words.insert(0, s & 0xFFFF)
            s >>= 16
        states[i % len(states)] = s // freq[k] * 4096 + sum(freq[:k]) + \
            s % freq[k]
    n_words = wrong.pop('n_words', len(words))
    tables[0][0] += wrong.pop('add', 0)
    low = [f for k, v in zip(classes, d) if k
           for f in ((abs(v) & (1 << k - 1) - 1, k - 1), (int(v < 0), 1))]
    f = dict(width=2, flags=1, c=c, contexts=n_contexts - 1, top=top,
             lanes=lanes_log2, classes=n - 1)
    f.update(wrong)
    return struct.pack('<BBBBHBB', *f.values()) + b''.join(
        table(t) for t in tables) + struct.pack('<I', n_words) + \
        struct.pack('<%dI' % len(states), *states) + \
        struct.pack('<%dH' % len(words), *words) + bit_string(low)


def nudged(raw):
    """Small steps, a sign flipped, a zero, an infinity and a NaN."""
    x = list(struct.unpack('<64I', raw))
    for i in range(0, 60, 3):
        x[i] += i * i * i % 5000 - 2000
    x[60:] = x[60] ^ 1 << 31, 0, 0xFF800000, 0x7FC00001
    return struct.pack('<64I', *x)


def archives():
    a, b = values(0), values(1)
    mixed = a[:96] + b[:100] + a[196:]
    cut = [(0, 0, 96), (None, 0, 100), (0, 196, 60)]
    m = moved(a)
    arrays = SOURCES + SCALES + COLUMNS + b'\0'
    good('archive-none', 'an archive without references',
         archive([a, b], {}))
    good('archive-same', 'an equal page',
         archive([a, a], {1: (16, same(0, a))}))
    good('archive-same-chain', 'eight that follow one another', archive(
        [a] * 9, {k: (16, same(k - 1, a)) for k in range(1, 9)}))
    good('archive-blocks', 'two segments and literal bytes between', archive(
        [a, mixed], {1: (17, blocks(mixed, cut, b[:100]))}))
    good('archive-orbit', 'rows moved, flipped, scaled; columns moved',
         archive([a, m], {1: (18, orbit(m, 0, arrays))}))

    def shared(p):
        return b'\2' + struct.pack('<QIB', *p.pages[1], 0) + SCALES + \
            b'\2' + struct.pack('<QIB', *p.pages[1], 2) + b'\0'
    good('archive-shared', 'arrays of the page before', archive(
        [a, m, m], {1: (18, orbit(m, 0, arrays)),
                    2: (18, orbit(m, 0, shared))}))
    mm = moved(m)
    good('archive-orbit-orbit', 'a base that is an orbit page', archive(
        [a, m, mm], {1: (18, orbit(m, 0, arrays)),
                     2: (18, orbit(mm, 1, arrays))}))

    good('archive-difference', 'no differences to a page', archive(
        [a, a], {1: (19, difference(a, 0))}))
    good('archive-thin', 'a thin archive that refers to nothing outside',
         archive([a, a], {1: (19, difference(a, 0))}, 3))
    c = nudged(a)
    coded_c = differences(c, a)
    good('archive-difference-coded', 'differences, no contexts, one lane',
         archive([a, c], {1: (19, difference(c, 0, rest=coded_c))}))
    good('archive-difference-contexts', 'three contexts, two lanes',
         archive([a, c], {1: (19, difference(c, 0, rest=differences(
             c, a, 8, 3, 129, 1)))}))
    good('archive-difference-chain', 'eight that follow one another',
         archive([a] * 9, {k: (19, difference(a, k - 1))
                           for k in range(1, 9)}))
    good('archive-difference-prefix', 'a base page that is longer',
         archive([a, bytes(256)], {2: (19, difference(bytes(256), 1))},
                 big=True))
    outside = dict(offset=0, length=0)
    id_a, id_b, id_c = (ids_of(WIDE, [[x]], False) for x in (a, b, c))
    good('thin-base', 'what the thin ones refer to, itself a difference',
         archive([a, c], {2: (19, difference(c, 0, rest=coded_c,
                                             base=id_a))}, big=True))
    with_base = ', with good-%02d-thin-base.ckpk' % sum(
        name.startswith('good-') for name, *_ in VECTORS)
    good('thin-difference', 'differences to a tensor outside' + with_base,
         archive([c], {0: (19, difference(c, None, rest=coded_c,
                                          base=id_a))}, 3))
    good('thin-orbit', 'a tensor outside that is moved' + with_base,
         archive([m], {0: (18, orbit(m, None, arrays, base=id_a,
                                     **outside))}, 3))
    good('thin-chain', 'eight that follow one another, the last outside' +
         with_base, archive([c] * 7, {
             k: (19, difference(c, k - 1 if k else None, base=id_c))
             for k in range(7)}, 3))

    def x(name, section, description, rows, references, verdict='corrupt',
          flag=1):
        bad(name, verdict, section, description,
            archive(rows, references, flag))
    x('archive-flag', '3.3', 'a reference in a part that is no archive',
      [a, a], {1: (16, same(0, a))}, flag=0)
    x('reference-short', '15', 'a payload of 7 bytes', [a, a],
      {1: (16, lambda p: bytes(7))})
    x('reference-self', '15', 'a page that refers to itself', [a, a],
      {1: (16, lambda p: check(a) + struct.pack('<QI', len(p.out), 20))})
    x('reference-forwards', '15', 'a page that refers to a later one',
      [a, a, a], {1: (16, lambda p: check(a) + struct.pack(
          '<QI', len(p.out) + 500, 256))})
    x('reference-elsewhere', '15', 'where no frame begins', [a, a],
      {1: (16, same(0, a, 1))})
    x('reference-no-page', '15', 'a frame that is no page', [a, a],
      {1: (16, lambda p: check(a) + struct.pack('<QI', 32, 36))})
    x('reference-base', '15', 'another page than was meant', [a, b, a],
      {2: (16, lambda p: check(a) + struct.pack('<QI', *p.pages[1]))})
    x('reference-deep', '15', 'nine that follow one another', [a] * 10,
      {k: (16, same(k - 1, a)) for k in range(1, 10)})
    x('same-long', '15.1', 'a byte after it', [a, a],
      {1: (16, lambda p: same(0, a)(p) + b'\0')})
    x('blocks-sum', '15.2', 'segments of 255 bytes', [a, a],
      {1: (17, blocks(a, [(0, 0, 255)], b''))})
    x('blocks-empty', '15.2', 'a segment of no bytes', [a, a],
      {1: (17, blocks(a, [(0, 0, 0), (0, 0, 256)], b''))})
    x('blocks-beyond', '15.2', 'a segment beyond its page', [a, a],
      {1: (17, blocks(a, [(0, 0, 128), (0, 129, 128)], b''))})
    x('blocks-literal', '15.2', 'literal bytes that are not used', [a, a],
      {1: (17, blocks(a, [(0, 0, 256)], b'x'))})
    x('orbit-short', '15.3', 'an array is missing', [a, m],
      {1: (18, orbit(m, 0, arrays[:-1]))})
    x('orbit-long', '15.3', 'a byte after the arrays', [a, m],
      {1: (18, orbit(m, 0, arrays + b'\0'))})
    x('orbit-bits', '15.3', 'bits left over in the scales of columns',
      [a, m], {1: (18, orbit(m, 0, arrays[:-1] + b'\1' + struct.pack(
          '<hB', 0, 1) + b'\x10'))})
    x('orbit-base', '15.3', 'a base of another size', [a, m],
      {1: (18, orbit(m, 0, arrays, inner=3))})
    x('orbit-begin', '15.3', 'beyond the end of the tensor', [a, m],
      {1: (18, orbit(m, 0, arrays, begin=4))})
    x('orbit-huge', '15.3', 'a tensor of more than 32 MiB', [a, m],
      {1: (18, orbit(m, 0, arrays, rows=1 << 24))})
    tiny = struct.pack('<64f', *([1e-45] * 64))
    x('orbit-inexact', '15.3', 'a subnormal that would be rounded',
      [tiny, m], {1: (18, orbit(m, 0, arrays))})
    x('orbit-which', '15.3', 'an array that the other page does not have',
      [a, m, m], {1: (18, orbit(m, 0, arrays)), 2: (18, orbit(
          m, 0, lambda p: b'\0\0\0\2' + struct.pack(
              '<QIB', *p.pages[1], 3)))})
    x('difference-short', '15.4', 'a payload of 55 bytes', [a, a],
      {1: (19, lambda p: difference(a, 0)(p)[:-1])})
    x('difference-head', '11.4', 'differences of one byte', [a, a],
      {1: (19, difference(a, 0, rest=b'\2'))})
    x('difference-base', '15', 'another base than was meant', [a, b, a],
      {2: (19, difference(a, 1))})
    x('difference-missing', '15', 'a base that stands outside', [a, a],
      {1: (19, difference(a, None))}, flag=3)
    x('orbit-missing', '15', 'the same', [a, m],
      {1: (18, orbit(m, 0, arrays, offset=0, length=0))}, flag=3)
    x('difference-deep', '15', 'nine that follow one another', [a] * 10,
      {k: (19, difference(a, k - 1)) for k in range(1, 10)})
    x('difference-self', '15', 'a page that refers to itself', [a, a],
      {1: (19, lambda p: check(a) + struct.pack(
          '<QII32s', len(p.out), 56, 0, BASE))})
    x('difference-forwards', '15', 'a page that refers to a later one',
      [a, a, a], {1: (19, lambda p: check(a) + struct.pack(
          '<QII32s', len(p.out) + 500, 256, 0, BASE))})
    bad('difference-size', 'corrupt', '15.4', 'a base page of fewer bytes',
        archive([a, a], {3: (19, difference(bytes(65536), 0))}, big=True))

    def coding(name, description, rest):
        x('difference-' + name, '11.4', description, [a, c],
          {1: (19, difference(c, 0, rest=rest))})
    for field, value, what in (
            ('width', 4, 'elements of 16 bytes'),
            ('flags', 2, 'an unknown flag'),
            ('c', 17, '17 context bits'),
            ('contexts', 64, '65 contexts'),
            ('lanes', 7, '128 lanes'),
            ('classes', 33, '34 classes of 32 bits')):
        coding(field, what, differences(c, a, **{field: value}))
    coding('table', 'frequencies of sum 4095', differences(c, a, add=-1))
    coding('words', 'more words than elements', differences(c, a, n_words=65))
    coding('low-short', 'a byte of the low bits is missing', coded_c[:-1])
    coding('low-long', 'a byte after the low bits', coded_c + b'\0')
    x('thin-other', '15', 'a tensor that is not there' + with_base, [b],
      {0: (19, difference(b, None, base=id_b))}, flag=3)
    x('thin-wrong', '15', 'another tensor than was meant' + with_base, [b],
      {0: (19, difference(b, None, base=id_a))}, flag=3)
    x('thin-page', '15', 'a page that the tensor does not have' + with_base,
      [a], {0: (19, difference(a, None, page=1, base=id_a))}, flag=3)
    x('thin-flag', '15', 'a base outside of what is not thin' + with_base,
      [a], {0: (19, difference(a, None, base=id_a))})
    x('thin-deep', '15', 'nine that follow one another, the last outside' +
      with_base, [c] * 8, {
          k: (19, difference(c, k - 1 if k else None, base=id_c))
          for k in range(8)}, flag=3)
    bad('thin-cycle', 'corrupt', '15', 'a tensor whose base is itself, with '
        'bad-%d-thin-cycle.ckpk' % (1 + sum(
            v[0].startswith('bad-') for v in VECTORS)),
        archive([a], {0: (19, difference(a, None, base=id_a))}, 3, True))
    x('thin-alone', '3.3', 'thin, but no archive', [a, b], {}, 'newer', 2)
    x('blocks-codec', '15.2', 'an unknown codec of literal bytes', [a, a],
      {1: (17, blocks(a, [(0, 0, 256)], b'', codec=200))}, 'newer')
    x('blocks-reserved', '15.2', 'the reserved byte', [a, a],
      {1: (17, blocks(a, [(0, 0, 256)], b'', reserved=1))}, 'newer')
    x('orbit-dtype', '15.3', 'a dtype that is not moved', [a, m],
      {1: (18, orbit(m, 0, arrays, dtype=8))}, 'newer')
    x('orbit-array', '15.3', 'an unknown kind of array', [a, m],
      {1: (18, orbit(m, 0, b'\3' + arrays[1:]))}, 'newer')
