#!/usr/bin/python3
"""Makes the packs of vectors/ and their README.

usage: make_vectors.py DIRECTORY

A writer of its own, which can be told to write any field wrongly: each bad
file has one thing wrong, and good checksums unless a checksum is the thing.
Files with zstd in their description depend on the version of libzstd; they
are compared decoded.
"""
import os
import struct
import sys

from vectors_codings import planes
from vectors_pack import (
    MAGIC, NAMES, PAGE, Part, SPEC, VECTORS, bad, flip, frame, good, model,
    put, row, schema, tensor, tensors_of, usual, zstd)
from vectors_references import archives


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
