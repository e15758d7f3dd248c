"""Section 11 of ckpt-pack.md: what codecs make of a payload. Part of decode.py.
"""
import zstandard

from conventions import Fields, xxh3


# ---- 11. Codecs ----

class Bits:
    """Bits of bytes, the lowest first."""

    def __init__(self, fields, section):
        self.f, self.section, self.held, self.n = fields, section, 0, 0

    def take(self, n):
        while self.n < n:
            self.held |= self.f.number(1, self.section) << self.n
            self.n += 8
        x = self.held & ((1 << n) - 1)
        self.held >>= n
        self.n -= n
        return x

    def end(self):
        self.f.corrupt_unless(self.held == 0, self.section, 'padding')


def frequencies(f, n, section):  # 11.3.9
    bits, freq = Bits(f, section), []
    for _ in range(n):
        length = bits.take(4)
        f.corrupt_unless(length <= 13, section, 'length of a frequency')
        freq.append(length and 1 << (length - 1) | bits.take(length - 1))
    bits.end()
    f.corrupt_unless(sum(freq) in (0, 4096), section, 'frequencies')
    return freq


def coded(f, n, lanes_log2, tables, context, section):  # 11.3.9
    """`n` symbols; the table of symbol i is tables[context(i)]."""
    look = []
    for freq in tables:
        slots = []
        for symbol, size in enumerate(freq):
            slots += [(symbol, size, len(slots))] * size
        look.append(slots)
    n_words, n_lanes = f.number(4, section), 1 << lanes_log2
    f.corrupt_unless(n_words <= n, section, 'words')
    states = list(f.numbers('<%dI' % n_lanes, section))
    f.corrupt_unless(all(1 << 15 <= x < 1 << 31 for x in states), section,
                     'states')
    words = iter(f.numbers('<%dH' % n_words, section))
    out = []
    for i in range(n):
        x, slots = states[i % n_lanes], look[context(i)]
        f.corrupt_unless(slots, section, 'a context that does not occur')
        symbol, size, start = slots[x % 4096]
        out.append(symbol)
        x = size * (x // 4096) + x % 4096 - start
        if x < 1 << 15:
            word = next(words, None)
            f.corrupt_unless(word is not None, section, 'too few words')
            x = x << 16 | word
        states[i % n_lanes] = x
    f.corrupt_unless(set(states) <= {1 << 15}, section, 'last states')
    f.corrupt_unless(next(words, None) is None, section, 'words are left')
    return out


def stream(f, n, b, limit=256):  # 11.3.8
    kind = f.number(1, '11.3')
    f.corrupt_unless(kind == 0 or n > 0 and kind < 3, '11.3', 'stream')
    if kind == 1:
        out = [f.number(1, '11.3')] * n
    elif kind == 2:
        lanes_log2, last = f.numbers('<BB', '11.3')
        f.corrupt_unless(lanes_log2 <= 7, '11.3', 'lanes')
        freq = frequencies(f, last + 1, '11.3')
        f.corrupt_unless(sum(freq) == 4096 and 4096 not in freq and
                         freq[-1] > 0 and last < limit, '11.3',
                         'frequencies')
        out = coded(f, n, lanes_log2, [freq], lambda i: 0, '11.3')
    elif b == 8:
        out = list(f.take(n, '11.3'))
    else:
        out = []
        data = f.take((n + 7) // 8 * b, '11.3')
        for at in range(0, len(data), b):
            x = int.from_bytes(data[at:at + b], 'little')
            out += [x >> (b * i) & ((1 << b) - 1) for i in range(8)]
        f.corrupt_unless(not any(out[n:]), '11.3', 'padding')
        out = out[:n]
    f.corrupt_unless(all(x < limit for x in out), '11.3', 'symbols')
    return out


def planes(f, n_raw):  # 11.3
    width, flags, r, w, first, block, e = f.numbers('<BBBBHBB', '11.3')
    w += 1
    bits, n_bytes = 8 << width, 1 << width
    s = bits - r
    f.corrupt_unless(width < 4 and flags < 16 and
                     (flags & 8 or block == e == 0) and
                     1 <= s <= 16 and first + w <= 1 << s and
                     (w < 256 or s <= 8), '11.3', 'head')
    n = n_all = n_raw // n_bytes
    if flags & 8:  # 11.3.10
        f.corrupt_unless(width > 0 and 6 <= block <= 9 and 2 <= e <= 11 and
                         e <= bits - 2, '11.3', 'levels')
        levels = stream(f, n + (1 << block) - 1 >> block, 8)
    if flags & 2:  # 11.3.5
        data = stream(f, (n_all + 7) // 8, 8)
        mask = [data[i // 8] >> (i % 8) & 1 for i in range(8 * len(data))]
        f.corrupt_unless(not any(mask[n_all:]), '11.3', 'padding')
        n = sum(mask)
    escapes = w < 1 << s
    top = stream(f, n, 8, w + escapes)
    tops = iter(())
    if escapes:  # 11.3.6
        n_tops = f.number(4, '11.3')
        f.corrupt_unless(n_tops == top.count(w), '11.3', 'escapes')
        tops = f.numbers('<%dH' % n_tops, '11.3')
        f.corrupt_unless(all(t < 1 << s and not 0 <= t - first < w
                             for t in tops), '11.3', 'escapes')
        tops = iter(tops)
    mid = stream(f, n, r % 8, 1 << r % 8) if r % 8 else [0] * n
    tail = r // 8
    if flags & 4:  # 11.3.7
        streams = [stream(f, n, 8) for _ in range(tail)]
        low = [sum(x[i] << 8 * k for k, x in enumerate(streams))
               for i in range(n)]
    else:
        data = f.take(n * tail, '11.3')
        low = [int.from_bytes(data[i * tail:(i + 1) * tail], 'little')
               for i in range(n)]
    out = []
    for i in range(n):
        v = (next(tops) if top[i] == w else top[i] + first) << r
        v |= mid[i] << 8 * tail | low[i]
        if flags & 1:
            v = v >> 1 | (v & 1) << (bits - 1)
        out.append(v.to_bytes(n_bytes, 'little'))
    if flags & 2:
        elements = iter(out)
        out = [next(elements) if m else bytes(n_bytes)
               for m in mask[:n_all]]
    if flags & 8:
        out = [lower(x, levels[i >> block], bits - 1, e)
               for i, x in enumerate(out)]
    out.append(f.take(n_raw % n_bytes, '11.3'))
    f.end('11.3')
    return b''.join(out)


def lower(element, level, bits, e):  # 11.3.10
    """The element whose exponent, `e` bits below the sign, is less by `level`.
    """
    x = int.from_bytes(element, 'little')
    if x % (1 << bits) == 0:
        return element
    up = x >> bits - e
    exponent = (up - level) % (1 << e)
    x += (exponent - up % (1 << e)) << bits - e
    return x.to_bytes(len(element), 'little')


def differences(f, base):  # 11.4
    (width, flags, c, n_contexts, top, lanes_log2,
     n_classes) = f.numbers('<BBBBHBB', '11.4')
    bits, n_bytes = 8 << width, 1 << width
    f.corrupt_unless(width < 4 and flags < 2 and n_contexts < 64 and
                     lanes_log2 <= 7 and c <= 16 and c < bits and
                     n_classes <= bits, '11.4', 'head')
    n, half = len(base) // n_bytes, 1 << (bits - 1)
    old = [int.from_bytes(base[i * n_bytes:(i + 1) * n_bytes], 'little')
           for i in range(n)]

    def order(x):  # 11.4.1; its own inverse but for the sign
        return x ^ (2 * half - 1 if x & half else half) if flags else x

    def unorder(x):
        return x ^ (half if x & half else 2 * half - 1) if flags else x

    def context(i):  # 11.4.2
        e = (old[i] % half if flags else old[i]) >> (bits - flags - c)
        return min(top - e, n_contexts) if c and e < top else 0

    tables = [frequencies(f, n_classes + 1, '11.4')
              for _ in range(n_contexts + 1)]
    classes = coded(f, n, lanes_log2, tables, context, '11.4')
    low, out = Bits(f, '11.4'), []
    for x, k in zip(old, classes):
        if k:  # 11.4.4
            d = 1 << (k - 1) | low.take(k - 1)
            negative = low.take(1)
            f.corrupt_unless(d < half or d == half and negative, '11.4',
                             'a difference is too large')
            x = unorder((order(x) + (-d if negative else d)) % (2 * half))
        out.append(x.to_bytes(n_bytes, 'little'))
    low.end()
    out.append(f.take(len(base) % n_bytes, '11.4'))
    f.end('11.4')
    return b''.join(out)


def decode(frame, stored):
    """The raw payload of a frame, after its checksum (3.9)."""
    f = Fields(stored, frame.offset + 32)
    f.corrupt_unless(xxh3(stored) == frame.check, '3.9',
                     'wrong checksum of a payload')
    return stored if frame.extra else decode_codec(
        frame.raw, frame.codec, stored, f.refuse)


def decode_codec(n_raw, codec, stored, refuse):
    if codec == 0 and len(stored) != n_raw:
        refuse('corrupt', '11.1', 'size')
    if codec == 0:  # 11.1
        return stored
    if codec == 2:  # 11.3
        f = Fields(stored, 0)
        f.refuse = refuse
        return planes(f, n_raw)
    try:  # 11.2
        p = zstandard.get_frame_parameters(stored)
        d = zstandard.ZstdDecompressor().decompressobj()
        raw = d.decompress(stored) if p.dict_id == 0 and \
            p.content_size == n_raw else b''
        if len(raw) != n_raw or d.unused_data != b'':
            refuse('corrupt', '11.2', 'not one zstd frame of the raw size')
    except zstandard.ZstdError as e:
        refuse('corrupt', '11.2', str(e))
    return raw


def decode_differences(stored, base, refuse):
    f = Fields(stored, 0)
    f.refuse = refuse
    return differences(f, base)
