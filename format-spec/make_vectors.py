#!/usr/bin/python3
"""Makes the packs of vectors/ and their README.

usage: make_vectors.py DIRECTORY

A writer of its own, which can be told to write any field wrongly: each bad
file has one thing wrong, and good checksums unless a checksum is the thing.
Files with zstd in their description depend on the version of libzstd; they
are compared decoded.
"""
import hashlib
import os
import struct
import sys

import xxhash
import zstandard

MAGIC = b'\x89CKP'
PAGE = 1 << 20
VECTORS = []  # (name, verdict, section, description, bytes)


def xxh3(data):
    return xxhash.xxh3_64_intdigest(data)


def frame(tag, number, payload, codec=0, raw=None, /, **wrong):
    f = dict(tag=tag, codec=codec, refuse=0, ignore=0, reserved=0,
             number=number, stored=len(payload),
             raw=len(payload) if raw is None else raw, check=xxh3(payload))
    flip = wrong.pop('flip', 0)
    f.update(wrong)
    header = struct.pack('<4sBBBBIIIQ', *f.values())
    return header + struct.pack('<I', xxh3(header) & 0xFFFFFFFF ^ flip) + \
        payload


def zstd(raw):
    return zstandard.ZstdCompressor(
        level=19, write_checksum=False, write_content_size=True).compress(raw)


# ---- contents ----

def tensor(name, dtype, dims):
    return struct.pack('<BBH', dtype, len(dims), len(name)) + \
        b''.join(struct.pack('<Q', d) for d in dims) + name


def schema(tensors, layout=None, symmetry=None, presence=None, more=b''):
    flags = (layout is not None) | (symmetry is not None) << 1
    out = struct.pack('<II', flags if presence is None else presence,
                      len(tensors)) + b''.join(tensors)
    for text in (layout or ()) + ((symmetry,) if symmetry else ()):
        out += struct.pack('<I', len(text)) + text
    return out + more


def model(label=b'', meta=(), source=None, flags=None, n_source=None):
    out = struct.pack('<HHII', len(label), len(meta),
                      (source is not None) if flags is None else flags,
                      len(source or b'') if n_source is None else n_source)
    out += label
    for key, value in meta:
        out += struct.pack('<BI', len(key), len(value)) + key + value
    return out + (source or b'')


NAMES = ('bool u8 u16 u32 u64 i8 i16 i32 i64 f16 bf16 f32 f64 c64 f8_e5m2 '
         'f8_e4m3 f8_e5m2fnuz f8_e4m3fnuz f8_e8m0 f6_e2m3 f6_e3m2 f4'
         ).split()


def ids_of(spec, rows, small):
    """IDs as 8.15 stores them; spec is [(name, dtype, dims)]."""
    models, tensors = [], []
    for row in rows:
        mine = []
        for (name, dtype, dims), data in zip(spec, row):
            mine.append(hashlib.sha256(
                ('ckpt tensor 1\n%s\n%s\n' % (NAMES[dtype - 1], ','.join(
                    map(str, dims)))).encode() + data).digest())
        tensors += mine
        models.append(hashlib.sha256(b'ckpt model 1\n' + b''.join(
            i.hex().encode() + b'  ' + n + b'\n' for n, i in sorted(
                (s[0], i) for s, i in zip(spec, mine)))).hexdigest())
    if small:
        return hashlib.sha256(b'ckpt group 1\n' + ''.join(
            m + '\n' for m in models).encode()).digest()
    return b''.join(tensors)


def columns(rows):
    """The pages of a group's rows (7.1)."""
    for column in zip(*rows):
        b = len(column[0])
        if b == 0:
            continue
        if b <= PAGE:
            n = PAGE // b
            for i in range(0, len(column), n):
                yield b''.join(column[i:i + n])
        else:
            for row in column:
                for i in range(0, b, PAGE):
                    yield row[i:i + PAGE]


class Part:
    """A part; `edit` holds functions on payloads by (tag, occurrence) and
    dicts of wrong header fields by (tag, occurrence, 'header')."""

    def __init__(self, edit=None, compress=False):
        self.edit, self.compress = edit or {}, compress
        self.out, self.number, self.seen = b'', 0, {}
        self.entries, self.prints, self.schemas = [], [], []
        self.frame(MAGIC, b'')

    def frame(self, tag, raw):
        k = self.seen.get(tag, 0)
        self.seen[tag] = k + 1
        raw = self.edit.get((tag, k), lambda x: x)(raw)
        stored, codec = raw, 0
        if self.compress and tag not in (MAGIC, b'DIRY', b'ENDP'):
            z = zstd(raw)
            if len(z) < len(raw):
                stored, codec = z, 1
        stored = self.edit.get((tag, k, 'stored'), lambda x: x)(stored)
        wrong = self.edit.get((tag, k, 'header'), {})
        before = self.edit.get((tag, k, 'before'), b'')
        if callable(before):
            before = before(self)
        self.out += before
        at = len(self.out)
        bytes_ = frame(tag, self.number, stored, codec, len(raw), **wrong)
        self.out += self.edit.get((tag, k, 'bytes'), lambda x: x)(bytes_)
        self.number += 1
        return at, bytes_

    def group(self, content, spec, models, rows):
        if content not in self.schemas:
            self.frame(b'SCHM', struct.pack('<I', len(self.schemas)) +
                       content)
            self.schemas.append(content)
        n = self.schemas.index(content)
        head = struct.pack('<IIQ', n, len(models), len(self.prints)) + \
            b''.join(models)
        at, _ = self.frame(b'GRUP', head)
        number = self.number - 1
        table = b''
        for raw in columns(rows):
            _, page = self.frame(b'PAGE', raw)
            codec, stored, check = page[4], page[12:16], page[20:28]
            table += struct.pack('<BBH', 0, codec, 0) + stored + check
        small = sum(map(len, rows[0])) <= 65536
        where, index = self.frame(b'GIDX', struct.pack(
            '<QIIIIII', at, number, len(content), len(head),
            len(table) // 16, 1 if small else 2, 0) + content + head +
            table + ids_of(spec, rows, small))
        self.entries.append(struct.pack(
            '<QIIII', where, len(index) - 32, self.number - 1, len(models),
            n))
        for m in models:
            n_label = struct.unpack('<H', m[:2])[0]
            self.prints.append(struct.pack(
                '<I', xxh3(m[12:12 + n_label]) & 0xFFFFFFFF))

    def end(self):
        at, _ = self.frame(b'DIRY', struct.pack(
            '<IIQ', len(self.entries), 0, len(self.prints)) +
            b''.join(self.entries) + b''.join(self.prints))
        self.frame(b'ENDP', struct.pack('<QQQ', at, len(self.out) + 56,
                                        len(self.prints)))
        return self.out


# ---- a usual pack, of which each bad one differs in one place ----

SPEC = [(b'weight', 10, (2, 3)), (b'bias', 12, (2,))]


def tensors_of(spec):
    return [tensor(*s) for s in spec]


def row(k, spec=SPEC):
    bits = (8, 8, 16, 32, 64, 8, 16, 32, 64, 16, 16, 32, 64, 64, 8, 8, 8, 8,
            8, 6, 6, 4)
    out = []
    for i, (_, dtype, dims) in enumerate(spec):
        n = bits[dtype - 1]
        for d in dims:
            n *= d
        out.append(bytes((k * 37 + i * 11 + j) % 251 for j in range(n // 8)))
    return out


def usual(edit=None, content=None, models=None, spec=None, n=2,
          compress=False):
    spec = SPEC if spec is None else spec
    p = Part(edit, compress)
    content = content or schema(tensors_of(spec))
    models = models or [model(b'model_%d' % i) for i in range(n)]
    p.group(content, spec, models, [row(i, spec)
                                    for i in range(len(models))])
    return p


def good(name, description, data):
    VECTORS.append(('good-' + name, 'good', '', description, data))


def bad(name, verdict, section, description, data):
    kind = 'unsupported-' if verdict == 'newer' else 'bad-'
    VECTORS.append((kind + name, verdict, section, description, data))


def put(at, data):
    """Overwrites bytes of a payload."""
    return lambda x: x[:at] + data + x[at + len(data):]


def flip(at):
    return lambda x: x[:at] + bytes([x[at] ^ 1]) + x[at + 1:]


def good_ones():
    good('no-models', 'a part of no groups', Part().end())
    good('scalar', 'one model of one 0-d tensor',
         usual(spec=[(b'x', 13, ())], n=1).end())
    good('two-models', 'two tensors of two models: four values by column',
         usual().end())
    p = usual()
    p.group(schema(tensors_of(SPEC)), SPEC, [model(b'third')], [row(3)])
    good('two-groups', 'two groups of one schema', p.end())
    p = usual()
    spec = SPEC[:1]
    p.group(schema(tensors_of(spec)), spec, [model(b'other')],
            [row(3, spec)])
    good('two-schemas', 'two groups of different schemas', p.end())
    good('metadata', 'keys and values, an empty value, repeated labels',
         usual(models=[model(b'a', [(b'a', b'1'), (b'a.b-c_9', b''),
                                    (b'b', b'x\ny\\')]),
                       model(b'a', [(b'k', b'\xff')])]).end())
    good('source', 'header texts of the models\' files, an empty one too',
         usual(content=schema(tensors_of(SPEC), (b'{"__metadata__":',
                                                 b',"w":1}  ')),
               models=[model(b'a', source=b'{"format":"pt"}'),
                       model(b'b', source=b''), model(b'c')]).end())
    good('symmetry', 'a table of symmetries',
         usual(content=schema(tensors_of(SPEC), (b'', b''),
                              b'ckpt symmetry 1\n')).end())
    good('empty-label', 'a label of no bytes', usual(models=[model()]).end())
    spec = [(NAMES[i].encode(), i + 1, (4,)) for i in range(22)]
    good('dtypes', 'all dtypes', usual(spec=spec).end())
    spec = [(b'a', 12, (0,)), (b'b', 12, (3, 0, 1 << 40)), (b'c', 2, (1,))]
    good('empty-tensors', 'columns without pages', usual(spec=spec).end())
    good('no-tensors', 'models of no tensors', usual(spec=[]).end())
    good('name-utf8', 'names beyond ASCII, not in order',
         usual(spec=[(b'\xf0\x9f\x98\x80', 2, (1,)),
                     (b'\xc3\xa9', 2, (2,)), (b'a b\t"', 2, (1,))]).end())
    good('zstd', 'zstd: all frames that shrink are compressed',
         usual(spec=[(b'zeros', 12, (100,))], compress=True,
               models=[model(b'a' * 60)]).end())
    big = [(b'w', 2, (PAGE // 4 + 1,)), (b'x', 2, (70000,))]
    p = Part(compress=True)
    p.group(schema(tensors_of(big)), big,
            [model(b'%d' % i) for i in range(5)],
            [[bytes([i]) * (PAGE // 4 + 1), bytes(70000)]
             for i in range(5)])
    good('rows', 'zstd: three rows in one page, two in the next; IDs of '
         'tensors', p.end())
    big = [(b'w', 2, (2 * PAGE + 1,)), (b'x', 2, (3,))]
    p = Part(compress=True)
    p.group(schema(tensors_of(big)), big, [model(b'a'), model(b'b')],
            [[bytes([i]) * (2 * PAGE + 1), b'xyz'] for i in range(2)])
    good('pieces', 'zstd: rows in three pieces each', p.end())
    big = [(b'a', 2, (5 * PAGE,)), (b'b', 2, (5 * PAGE,))]
    p = Part(compress=True)
    p.group(schema(tensors_of(big)), big, [model(b'large')],
            [[bytes(5 * PAGE), b'\xff' * (5 * PAGE)]])
    good('large', 'zstd: one model larger than a group of several may be',
         p.end())
    good('two-parts', 'two parts, one after another',
         usual().end() + usual(n=1).end())
    good('additional', 'frames that are ignored, between groups',
         usual({(b'DIRY', 0, 'before'): lambda p: extra(p)}).end())
    good('ignore-flags', 'unknown flags that may be ignored',
         usual({(b'PAGE', 0, 'header'): {'ignore': 255}}).end())


def extra(part, tag=b'note', **wrong):
    part.number += 1
    return frame(tag, part.number - 1, b'hello', 7, 99, **wrong)


def headers():
    h = 'header'
    bad('empty', 'truncated', '2.1', 'no bytes at all', b'')
    bad('text', 'not-a-pack', '2.1', 'a text file', b'CKP, they said\n')
    bad('magic-bit', 'not-a-pack', '2.1', 'a pack with its first bit 8 off',
        b'\x09' + usual().end()[1:])
    bad('cut-magic', 'truncated', '2.2', 'cut after three bytes', MAGIC[:3])
    bad('cut-header', 'truncated', '2.2', 'cut within a header',
        usual().end()[:50])
    bad('cut-page', 'truncated', '2.2', 'cut within a page',
        usual().end().split(b'GIDX')[0][:-3])
    bad('cut-end', 'truncated', '2.2', 'without the end frame',
        usual().end()[:-56])
    bad('cut-second-part', 'truncated', '2.2', 'the second part is cut',
        usual().end() + usual().end()[:-1])
    bad('garbage', 'corrupt', '2.1', 'a byte after the end',
        usual().end() + b'\n')
    bad('header-checksum', 'corrupt', '3.10', 'a header\'s checksum is wrong',
        usual({(b'GRUP', 0, h): {'flip': 1}}).end())
    bad('payload-checksum', 'corrupt', '3.9', 'a page\'s checksum is wrong',
        usual({(b'PAGE', 0, 'bytes'): flip(40)}).end())
    bad('number', 'corrupt', '3.6', 'a frame number is skipped',
        usual({(b'PAGE', 1, h): {'number': 9}}).end())
    bad('frame-lost', 'corrupt', '3.6', 'a whole page frame is missing',
        usual({(b'PAGE', 0, 'bytes'): lambda x: b''}).end())
    bad('frame-twice', 'corrupt', '3.6', 'a page frame stands twice',
        usual({(b'PAGE', 0, 'bytes'): lambda x: x + x}).end())
    bad('stored-raw', 'corrupt', '3.7', 'sizes differ without a codec',
        usual({(b'PAGE', 0, h): {'raw': 25}}).end())
    bad('codec-grows', 'corrupt', '3.7', 'a codec that does not shrink',
        usual({(b'PAGE', 0, h): {'codec': 1}}).end())
    bad('codec-empty', 'corrupt', '3.7', 'a codec that leaves no bytes',
        usual({(b'PAGE', 0, 'stored'): lambda x: b'',
               (b'PAGE', 0, h): {'codec': 1}}).end())
    bad('codec-head', 'corrupt', '3.2', 'a part head with a codec',
        usual({(MAGIC, 0, h): {'codec': 1}}).end())
    bad('page-large', 'corrupt', '3.8', 'zstd: a page of 1 MiB and a byte',
        usual({(b'PAGE', 0): lambda x: bytes(PAGE + 1)}, compress=True)
        .end())
    bad('page-empty', 'corrupt', '3.8', 'a page of no bytes',
        usual({(b'PAGE', 0): lambda x: b''}).end())
    bad('additional-large', 'corrupt', '3.7', 'an additional frame that says '
        'it is larger than 1 MiB', usual({(b'DIRY', 0, 'before'):
                                          lambda p: extra(p, stored=PAGE + 1)
                                          }).end())
    bad('additional-checksum', 'corrupt', '3.9', 'an additional frame with a '
        'wrong checksum', usual({(b'DIRY', 0, 'before'):
                                 lambda p: extra(p, check=1)}).end())
    bad('zstd-two', 'corrupt', '11.2', 'zstd: two frames in one payload',
        usual({(b'PAGE', 0, 'stored'): lambda x: zstd(bytes(9)) +
               zstd(b''), (b'PAGE', 0, h): {'codec': 1}}).end())
    bad('zstd-size', 'corrupt', '11.2', 'zstd: another size than the raw one',
        usual({(b'PAGE', 0, 'stored'): lambda x: zstd(bytes(23)),
               (b'PAGE', 0, h): {'codec': 1}}).end())
    bad('zstd-skippable', 'corrupt', '11.2', 'zstd: a skippable frame first',
        usual({(b'PAGE', 0, 'stored'): lambda x: b'\x50\x2a\x4d\x18' +
               bytes(4) + b'\x28\xb5\x2f\xfd',
               (b'PAGE', 0, h): {'codec': 1}}).end())
    for name, tag, k, d in (
            ('page', b'PAGE', 0, 'a page'), ('index', b'GIDX', 0, 'an index'),
            ('schema', b'SCHM', 0, 'a schema'),
            ('end', b'ENDP', 0, 'an end'), ('head', MAGIC, 0, 'a head')):
        other = b'DIRY' if tag == MAGIC else MAGIC
        if tag == MAGIC:
            continue
        sizes = {'tag': b'GIDX' if tag != b'GIDX' else b'PAGE'}
        bad('order-' + name, 'corrupt', '2.2', 'another frame where %s is due'
            % d, usual({(tag, k, h): sizes}).end())
    bad('order-additional', 'corrupt', '2.2', 'an additional frame within a '
        'group', usual({(b'GIDX', 0, 'before'): lambda p: extra(p)}).end())
    bad('schema-alone', 'corrupt', '2.2', 'an additional frame between a '
        'schema and its group',
        usual({(b'GRUP', 0, 'before'): lambda p: extra(p)}).end())


def contents():
    t = tensor
    def s(name, section, description, content, **k):
        bad(name, k.pop('verdict', 'corrupt'), section, description,
            usual(content=content, **k).end())
    bad('schema-number', 'corrupt', '5.1', 'the first schema is number 1',
        usual({(b'SCHM', 0): put(0, b'\1')}).end())
    s('schema-short', '5.8', 'the last name is cut off',
      schema(tensors_of(SPEC))[:-1])
    s('schema-long', '5', 'a byte after the schema',
      schema(tensors_of(SPEC), more=b'\0'))
    s('schema-count', '5.3', '1,000,001 tensors', put(
        4, struct.pack('<I', 1000001))(schema(tensors_of(SPEC))))
    s('dims-65', '5.5', '65 dimensions',
      schema([t(b'weight', 10, (1,) * 65), t(*SPEC[1])]))
    s('name-empty', '5.6', 'a tensor without a name',
      schema([t(b'', 10, (2, 3)), t(*SPEC[1])]))
    s('shape-overflow', '5.7', 'a shape of more than 2^64 bits',
      schema([t(b'a', 2, (1 << 40, 1 << 40)), t(*SPEC[1])]))
    s('shape-overflow-0', '5.7', 'the same with a 0 among the dimensions',
      schema([t(b'a', 2, (1 << 40, 1 << 40, 0)), t(*SPEC[1])]))
    s('model-overflow', '5.7', 'tensors that fit, a model that does not',
      schema([t(b'a', 2, (1 << 60,)), t(b'b', 2, (1 << 60,)),
              t(b'c', 2, (1 << 60,)), t(b'd', 2, (1 << 60,)),
              t(b'e', 2, (1 << 60,)), t(b'f', 2, (1 << 60,)),
              t(b'g', 2, (1 << 60,)), t(b'h', 2, (1 << 60,))]))
    s('half-bytes', '5.7', 'three elements of 4 bits',
      schema([t(b'a', 22, (3,)), t(*SPEC[1])]))
    s('name-latin1', '5.8', 'a name that is not UTF-8',
      schema([t(b'\xe9', 10, (2, 3)), t(*SPEC[1])]))
    s('name-surrogate', '5.8', 'a name with a surrogate',
      schema([t(b'\xed\xa0\x80', 10, (2, 3)), t(*SPEC[1])]))
    s('name-lf', '5.8', 'a name with LF',
      schema([t(b'a\nb', 10, (2, 3)), t(*SPEC[1])]))
    s('name-nul', '5.8', 'a name with NUL',
      schema([t(b'a\0b', 10, (2, 3)), t(*SPEC[1])]))
    s('name-twice', '5.8', 'two tensors of one name',
      schema([t(*SPEC[1]), t(*SPEC[1])]))
    s('layout-short', '5.10', 'the layout\'s second text is cut off',
      schema(tensors_of(SPEC), (b'ab', b'cd'))[:-1])
    s('symmetry-nul', '5.11', 'a NUL in the table of symmetries',
      schema(tensors_of(SPEC), symmetry=b'a\0'))
    s('dtype', '5.4', 'dtype 23', schema([t(b'a', 23, (1,))]),
      verdict='newer')
    s('dtype-0', '5.4', 'dtype 0', schema([t(b'a', 0, (1,))]),
      verdict='newer')
    s('presence', '5.2', 'an unknown part of a schema',
      schema(tensors_of(SPEC), presence=4), verdict='newer')

    def g(name, section, description, edit, **k):
        bad(name, k.pop('verdict', 'corrupt'), section, description,
            usual({(b'GRUP', 0): edit} if edit else None, **k).end())
    g('group-schema', '6.1', 'a schema that is not there', put(0, b'\1'))
    g('group-empty', '6.2', 'a group of no models',
      lambda x: x[:4] + bytes(4) + x[8:16])
    g('group-count', '6.2', '65,537 models', put(4, b'\1\0\1\0'))
    g('group-first', '6.3', 'the wrong first model', put(8, b'\1'))
    g('group-long', '6', 'a byte after the heads', lambda x: x + b'\0')
    g('group-short', '6.8', 'the last label is cut off', lambda x: x[:-1])
    g('label-nul', '6.8', 'a label with NUL', None, models=[model(b'a\0b')])
    g('meta-count', '6.5', '1,025 entries', put(18, struct.pack('<H', 1025)))
    g('source-length', '6.7', 'a length without a text', None,
      models=[model(b'a', n_source=1)])
    g('source-short', '6.13', 'a source text that is cut off', None,
      models=[model(b'a', source=b'abc', n_source=4)])
    g('value-length', '6.10', 'a value of more than 16 MiB',
      put(29, struct.pack('<I', (1 << 24) + 1)),
      models=[model(b'', [(b'k', b'v')])])
    g('key-empty', '6.11', 'an empty key', None,
      models=[model(b'a', [(b'', b'v')])])
    g('key-capital', '6.11', 'a key with a capital', None,
      models=[model(b'a', [(b'K', b'v')])])
    g('key-order', '6.11', 'keys that descend', None,
      models=[model(b'a', [(b'b', b''), (b'a', b'')])])
    g('key-twice', '6.11', 'a key that stands twice', None,
      models=[model(b'a', [(b'a', b''), (b'a', b'')])])
    g('value-nul', '6.12', 'a value with NUL', None,
      models=[model(b'a', [(b'a', b'\0')])])
    g('model-flags', '6.6', 'an unknown flag of a model', None,
      models=[model(b'a', flags=2)], verdict='newer')
    p = Part(compress=True)
    big = [(b'w', 2, (5 * PAGE,))]
    p.group(schema(tensors_of(big)), big, [model(b'a'), model(b'b')],
            [[bytes(5 * PAGE)]] * 2)
    bad('group-large', 'corrupt', '6.2', 'zstd: two models of 5 MiB in one '
        'group', p.end())
    bad('page-size', 'corrupt', '7.2', 'a page of one byte too few',
        usual({(b'PAGE', 0): lambda x: x[:-1]}).end())


def indexes():
    n_schema = len(schema(tensors_of(SPEC)))
    n_group = 16 + 2 * len(model(b'model_0'))
    table = 32 + n_schema + n_group

    def x(name, section, description, edit, verdict='corrupt'):
        bad(name, verdict, section, description,
            usual({(b'GIDX', 0): edit}).end())
    x('index-short', '8', 'an index of 31 bytes', lambda x: x[:31])
    x('index-offset', '8.1', 'the group head is elsewhere', put(0, b'\1'))
    x('index-number', '8.2', 'the group head has another number',
      put(8, b'\1'))
    x('index-lengths', '8', 'parts longer than the whole',
      put(12, b'\xff\xff\xff\xff'))
    x('index-schema', '8.8', 'another schema', flip(32 + 12))
    x('index-group', '8.9', 'another label', flip(table - 1))
    x('index-page-stored', '8.10', 'another stored size', flip(table + 4))
    x('index-page-check', '8.10', 'another checksum', flip(table + 8))
    x('index-page-count', '8.10', 'one page too few', lambda p:
      p[:20] + b'\1' + p[21:table] + p[table + 16:])
    x('index-ids-kind', '8.6', 'IDs of tensors for small models',
      put(24, b'\2'))
    x('index-ids-cut', '8.15', 'IDs of 31 bytes', lambda p: p[:-1])
    x('index-ids-two', '8.15', 'two IDs', lambda p: p + bytes(32))
    x('index-ids-none', '8.15', 'no IDs', lambda p: p[:-32])
    x('index-reserved', '8.7', 'reserved bytes', put(28, b'\1'), 'newer')
    x('index-ids', '8.6', 'an unknown kind of IDs', put(24, b'\3'), 'newer')
    x('index-page-kind', '8.10', 'an unknown kind of page',
      put(table, b'\1'), 'newer')
    x('index-page-codec', '8.11', 'an unknown codec', put(table + 1, b'\x63'),
      'newer')
    x('index-page-reserved', '8.12', 'reserved bytes', put(table + 2, b'\1'),
      'newer')
    x('ids-group', '12.2', 'the hash over the models\' IDs is wrong',
      lambda p: p[:-1] + bytes([p[-1] ^ 1]), 'mismatch')
    big = [(b'w', 2, (65537,))]
    p = Part({(b'GIDX', 0): lambda p: p[:-1] + bytes([p[-1] ^ 1])}, True)
    p.group(schema(tensors_of(big)), big, [model(b'a')], [[bytes(65537)]])
    bad('ids-tensor', 'mismatch', '12.1', 'zstd: a tensor\'s ID is wrong',
        p.end())


# ---- planes (11.3) ----

def bit_string(fields):
    """(value, bits) one after another, the lowest bit first."""
    x = n = 0
    for value, bits in fields:
        x |= value << n
        n += bits
    return x.to_bytes((n + 7) // 8, 'little')


def table(freq):
    fields = []
    for x in freq:
        n = x.bit_length()
        fields += [(n, 4), (x & (1 << n >> 1) - 1, max(n - 1, 0))]
    return bit_string(fields)


def coded(symbols, freq, lanes_log2=0, first=1 << 15, more=b''):
    """A stream of kind 2 (11.3.9), the writer's loop as it stands there."""
    states, words = [first] * (1 << lanes_log2), []
    for i in reversed(range(len(symbols))):
        x, k = states[i % len(states)], symbols[i]
        if x >> 19 >= freq[k]:
            words.insert(0, x & 0xFFFF)
            x >>= 16
        states[i % len(states)] = x // freq[k] * 4096 + sum(freq[:k]) + \
            x % freq[k]
    return bytes([2, lanes_log2, len(freq) - 1]) + table(freq) + \
        struct.pack('<I', len(words) + len(more) // 2) + \
        struct.pack('<%dI' % len(states), *states) + \
        struct.pack('<%dH' % len(words), *words) + more


def packed(symbols, b):
    if b == 8:
        return b'\0' + bytes(symbols)
    symbols = symbols + [0] * (-len(symbols) % 8)
    return b'\0' + b''.join(bit_string([(x, b) for x in symbols[i:i + 8]])
                            for i in range(0, len(symbols), 8))


def head(width, flags, r, w, first, zero=0):
    return struct.pack('<BBBBHH', width, flags, r, w - 1, first, zero)


def with_planes(raw, payload, dtype):
    """A model of one tensor of these bytes, its page coded so."""
    size = (1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8)[dtype - 1]
    spec = [(b'w', dtype, (len(raw) // size,))]
    p = Part({(b'PAGE', 0, 'stored'): lambda x: payload,
              (b'PAGE', 0, 'header'): {'codec': 2}})
    p.group(schema(tensors_of(spec)), spec, [model(b'm')], [[raw]])
    return p.end()


# 100 f32 from 0.5 to 4 and, at 10 and 60, far smaller ones: exponents 126 to
# 128 as symbols 0 to 2, a third for what is outside.
FLOATS = [(i % 10 + 1) * (0.5 if i % 3 else -0.375) for i in range(100)]
FLOATS = [x if abs(x) >= 0.5 and abs(x) < 4 else 0.75 for x in FLOATS]
FLOATS[10], FLOATS[60] = 2.0 ** -30, -2.0 ** -100
RAW = struct.pack('<100f', *FLOATS)
BITS = [(x << 1 | x >> 31) & 0xFFFFFFFF for x in struct.unpack('<100I', RAW)]
TOPS = [x >> 24 for x in BITS]
SYMBOLS = [t - 126 if 126 <= t <= 128 else 3 for t in TOPS]
LOW = [[x >> 8 * k & 255 for x in BITS] for k in range(3)]
FREQ = [1500, 1500, 1000, 96]
ESCAPES = struct.pack('<IHH', 2, TOPS[10], TOPS[60])


def tails():
    """Each byte of the tails as a stream: the lowest holds signs."""
    out = b''
    for low in LOW:
        if len(set(low)) == 1:
            out += bytes([1, low[0]])
        else:
            freq = [low.count(i) * 40 for i in range(max(low) + 1)]
            freq[low[0]] += 4096 - sum(freq)
            out += coded(low, freq)
    return out


def f32(symbols=None, escapes=ESCAPES, low=None, start=None, after=b''):
    """The payload of RAW, or one that differs in a part."""
    return (start or head(2, 5, 24, 3, 126)) + \
        (symbols or coded(SYMBOLS, FREQ)) + escapes + \
        (tails() if low is None else low) + after


def planes():
    def g(name, what, raw, payload, dtype):
        good('planes-' + name, what, with_planes(raw, payload, dtype))

    def b(name, what, payload):
        bad('planes-' + name, 'corrupt', '11.3', what,
            with_planes(RAW, payload, 12))

    g('packed', 'planes: f16 of one exponent, 10 low bits, nothing coded',
      struct.pack('<40H', *(15 << 10 | i for i in range(40))),
      head(1, 1, 11, 1, 15) + b'\1\0' + bytes(4) +
      packed([2 * i >> 8 & 7 for i in range(40)], 3) +
      bytes(2 * i & 255 for i in range(40)), 10)
    g('constant', 'planes: 100 times the same bf16', b'\x80\x3f' * 100,
      head(1, 1, 8, 256, 0) + b'\1\x7f' + b'\0' * 100, 11)
    g('coded', 'planes: symbols coded with one lane, escapes, tails apart',
      RAW, f32(), 12)
    g('lanes', 'planes: the same with four lanes', RAW,
      f32(coded(SYMBOLS, FREQ, 2)), 12)
    some = [i * i % 3 // 2 | i % 7 // 6 for i in range(1000)]
    g('lanes-128', 'planes: u8, 128 lanes', bytes(some),
      head(0, 0, 0, 256, 0) + coded(some, [3500, 596], 7), 2)
    sparse = [7 if i % 9 == 0 else 0 for i in range(97)]
    g('zeros', 'planes: i64 of which most are 0, the mask packed',
      struct.pack('<97q', *sparse), head(3, 6, 56, 256, 0) +
      packed([sum((sparse[8 * k + j] != 0) << j for j in range(8)
                  if 8 * k + j < 97) for k in range(13)], 8) + b'\1\0' +
      b'\1\7' + b'\1\0' * 6, 9)
    g('only-zeros', 'planes: no element that is not 0', bytes(160),
      head(1, 3, 8, 256, 0) + b'\1\0' + b'\0', 10)
    g('rest', 'planes: 101 bytes as elements of two, and one',
      b'ab' * 50 + b'c', head(1, 4, 8, 256, 0) + b'\1b\1a' + b'c', 2)
    g('levels', 'planes: f16 in blocks of three levels',
      struct.pack('<130H', *(0x3c00 - (i // 64 << 10) for i in range(130))),
      head(1, 9, 8, 256, 0, 5 << 8 | 6) + b'\0\0\1\2' + b'\1\x78' +
      bytes(130), 10)
    b('levels-block', 'planes: blocks of 32', f32(
        start=head(2, 13, 24, 3, 126, 8 << 8 | 5)))
    b('levels-exponent', 'planes: an exponent of 12 bits', f32(
        start=head(2, 13, 24, 3, 126, 12 << 8 | 6)))
    b('head-short', 'planes: no whole head', f32()[:7])
    b('width', 'planes: elements of 16 bytes', f32(start=head(4, 5, 24, 3,
                                                              126)))
    b('flags', 'planes: an unknown flag', f32(start=head(2, 21, 24, 3, 126)))
    b('reserved', 'planes: reserved bytes',
      f32(start=head(2, 5, 24, 3, 126, 1)))
    b('low-bits', 'planes: no bit for symbols', f32(start=head(2, 5, 32, 3,
                                                               126)))
    b('top-bits', 'planes: symbols of 17 bits', f32(start=head(2, 5, 15, 3,
                                                               126)))
    b('window', 'planes: a window beyond the last symbol',
      f32(start=head(2, 5, 24, 131, 126)))
    b('window-256', 'planes: 256 of 512 symbols',
      f32(start=head(2, 5, 23, 256, 0)))
    b('kind', 'planes: an unknown kind of stream', f32(b'\3\0'))
    b('constant', 'planes: a constant beyond the window', f32(b'\1\4'))
    b('symbol', 'planes: a packed symbol beyond the window',
      f32(packed([4] + SYMBOLS[1:], 8)))
    b('lanes', 'planes: 256 lanes', f32(b'\2\x08\3' + table(FREQ) + bytes(40)))
    b('table-symbol', 'planes: a table beyond the window',
      f32(coded(SYMBOLS, [1500, 1500, 1000, 95, 1])))
    b('table-sum', 'planes: frequencies of sum 4095',
      f32(coded(SYMBOLS, [1500, 1500, 1000, 95])))
    b('table-last', 'planes: a last frequency of 0',
      f32(coded([min(x, 1) for x in SYMBOLS], [2048, 2048, 0])))
    b('table-one', 'planes: a coded stream of one symbol',
      f32(b'\2\0\0' + table([4096]) + struct.pack('<II', 0, 1 << 15)))
    b('table-long', 'planes: a frequency of 14 bits',
      f32(b'\2\0\1\xee' + bytes(20)))
    b('table-padding', 'planes: a bit after the frequencies', f32(
        coded(SYMBOLS, FREQ)[:8] + bytes([coded(SYMBOLS, FREQ)[8] | 128]) +
        coded(SYMBOLS, FREQ)[9:]))
    b('state-low', 'planes: a state below 2^15', f32(
        b'\2\0\3' + table(FREQ) + struct.pack('<II', 0, 32767)))
    b('state-high', 'planes: a state of 2^31', f32(
        b'\2\0\3' + table(FREQ) + struct.pack('<II', 0, 1 << 31)))
    b('state-end', 'planes: another last state',
      f32(coded(SYMBOLS, FREQ, first=40000)))
    b('words-few', 'planes: words are missing', f32(
        b'\2\0\3' + table(FREQ) + struct.pack('<II', 0, 1 << 15)))
    b('words-left', 'planes: a word too many',
      f32(coded(SYMBOLS, FREQ, more=b'\0\0')))
    b('words-many', 'planes: more words than symbols',
      f32(b'\2\0\3' + table(FREQ) + struct.pack('<II', 101, 1 << 15)))
    b('escape-few', 'planes: an escape without its symbol',
      f32(escapes=struct.pack('<IHHH', 3, 1, 1, 1)))
    b('escape-many', 'planes: a symbol without its escape',
      f32(escapes=struct.pack('<IH', 1, 97)))
    b('escape-inside', 'planes: an escape within the window',
      f32(escapes=struct.pack('<IHH', 2, 127, 1)))
    b('escape-large', 'planes: an escape of 9 bits',
      f32(escapes=struct.pack('<IHH', 2, 256, 1)))
    b('tails-short', 'planes: a byte of the tails is missing',
      f32(low=tails()[:-1]))
    b('after', 'planes: a byte after the last', f32(after=b'\0'))
    b('mid-padding', 'planes: middle bits beyond the last element',
      head(2, 1, 3, 4, 0)[:2] + bytes([21]) + head(2, 1, 21, 4, 1008)[3:] +
      b'\1\0' + bytes(4) + b'\0' + bytes(64) + b'\xff' + bytes(200))
    b('mask-padding', 'planes: a mask beyond the last element',
      head(2, 7, 24, 3, 126) + packed([255] * 13, 8) + b'\1\0')


def directories():
    def d(name, section, description, edit, verdict='corrupt', tag=b'DIRY'):
        bad(name, verdict, section, description,
            usual({(tag, 0): edit}).end())
    d('directory-short', '9', 'a directory of 15 bytes', lambda x: x[:15])
    d('directory-size', '9', 'a fingerprint too many', lambda x: x + bytes(4))
    d('directory-sum', '9.7', 'models that do not add up', put(32, b'\1'))
    d('directory-offset', '9', 'an index elsewhere', flip(16))
    d('directory-stored', '9', 'an index of another size', flip(24))
    d('directory-number', '9', 'an index of another number', flip(28))
    d('directory-schema', '9', 'another schema', flip(36))
    d('directory-print', '9', 'another fingerprint', flip(40))
    d('directory-reserved', '9.2', 'reserved bytes', put(4, b'\1'), 'newer')
    d('end-directory', '10.1', 'the directory is elsewhere', flip(0),
      tag=b'ENDP')
    d('end-length', '10.2', 'another length of the part', flip(8),
      tag=b'ENDP')
    d('end-models', '10.3', 'another number of models', flip(16),
      tag=b'ENDP')


def newer():
    h = 'header'
    bad('tag', 'newer', '3.1', 'an unknown tag with a capital', usual(
        {(b'DIRY', 0, 'before'): lambda p: extra(p, b'NOTE')}).end())
    bad('codec', 'newer', '3.2', 'an unknown codec',
        usual({(b'PAGE', 0, h): {'codec': 99}}).end())
    bad('refuse-flags', 'newer', '3.3', 'an unknown flag to refuse',
        usual({(b'PAGE', 0, h): {'refuse': 128}}).end())
    bad('refuse-flags-head', 'newer', '3.3', 'the same in the part head',
        usual({(MAGIC, 0, h): {'refuse': 4}}).end())
    bad('reserved', 'newer', '3.5', 'the reserved byte',
        usual({(b'SCHM', 0, h): {'reserved': 1}}).end())
    bad('head-size', 'newer', '3.8', 'a part head with a payload',
        usual({(MAGIC, 0): lambda x: b'more'}).end())
    bad('end-size', 'newer', '3.8', 'an end of 28 bytes',
        usual({(b'ENDP', 0): lambda x: x + bytes(4)}).end())


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


README = """# Vectors of the pack

Made by `../make_vectors.py`; each bad or unsupported file differs in one place
from a good one. The numbers are an order for who writes a decoder: each file
needs what those before it need, and one thing more. The verdicts are those of
`../ckpt-pack.md` 1.4, the sections those that the file breaks. Files described
as `zstd` may differ in their bytes with the version of libzstd.

| file | verdict | section | what |
| --- | --- | --- | --- |
"""


def main():
    good_ones()
    headers()
    contents()
    indexes()
    planes()
    directories()
    newer()
    archives()
    os.makedirs(sys.argv[1], exist_ok=True)
    counts, table = {}, README
    for name, verdict, section, description, data in VECTORS:
        kind, rest = name.split('-', 1)
        counts[kind] = counts.get(kind, 0) + 1
        name = '%s-%02d-%s.ckpk' % (kind, counts[kind], rest)
        with open(os.path.join(sys.argv[1], name), 'wb') as f:
            f.write(data)
        table += '| %s | %s | %s | %s |\n' % (name, verdict, section,
                                              description)
    with open(os.path.join(sys.argv[1], 'README.md'), 'w') as f:
        f.write(table)


if __name__ == '__main__':
    main()
