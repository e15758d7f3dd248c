#!/usr/bin/python3
"""An independent decoder of packs, laid out as ckpt-pack.md is.

usage: decode.py [--base FILE]... FILE...

Prints what each pack holds, one item a line, texts in hexadecimal, or the
verdict on it: "not-a-pack", "newer", "corrupt" or "truncated" (1.4), or
"mismatch" (12), with byte offset, section and reason. Exit status 0 if all
files are good, else 1. Thin packs (15.8) may refer to the tensors of --base.
It shares no line with the library; it is the oracle for it, and the library
for this.

Needs Debian's python3-xxhash and python3-zstandard.
"""
import hashlib
import struct
import sys

import references
from codings import decode, decode_codec, decode_differences
from conventions import Fields, Refused, xxh3


# ---- 3. Frame ----

MAGIC = b'\x89CKP'
MAX_RAW = {MAGIC: 0, b'SCHM': 1 << 28, b'GRUP': 1 << 28, b'PAGE': 1 << 20,
           b'GIDX': 1 << 28, b'DIRY': (1 << 20) - 88, b'ENDP': 24}
FIXED = (MAGIC, b'ENDP')


class Frame:
    def __init__(self, header, offset):
        (self.tag, self.codec, refuse, _ignore, reserved, self.number,
         self.stored, self.raw, self.check, check) = struct.unpack(
             '<4sBBBBIIIQI', header)
        self.offset = offset
        f = Fields(b'', offset)
        f.corrupt_unless(xxh3(header[:28]) & 0xFFFFFFFF == check, '3.10',
                         'wrong checksum of a header')
        self.extra = self.tag not in MAX_RAW  # 3.1
        f.newer_unless(not self.extra or 0x61 <= self.tag[0] <= 0x7A, '3.1',
                       'unknown tag')
        self.archive = self.tag == MAGIC and refuse in (1, 3)
        self.thin = self.archive and refuse == 3
        f.newer_unless(refuse == 0 or self.archive, '3.3',
                       'unknown refuse flags')
        f.newer_unless(reserved == 0, '3.5', 'reserved byte')
        if self.extra:
            f.corrupt_unless(self.stored <= 1 << 20, '3.7',
                             'additional frame is too large')
            return
        self.reference = self.tag == b'PAGE' and 16 <= self.codec <= 19
        f.newer_unless(self.codec in (0, 1) or self.reference or
                       self.codec == 2 and self.tag == b'PAGE', '3.2',
                       'unknown codec')
        fixed = self.tag in FIXED
        f.corrupt_unless(not fixed or self.codec == 0, '3.2',
                         'codec where none may be')
        if self.codec == 0:
            f.corrupt_unless(self.stored == self.raw, '3.7', 'stored size')
        else:
            f.corrupt_unless(0 < self.stored < self.raw, '3.7',
                             'a codec must shrink')
        limit = MAX_RAW[self.tag]
        if fixed:
            f.newer_unless(self.raw == limit, '3.8', 'size')
        f.corrupt_unless(self.raw <= limit and
                         (self.raw > 0 or self.tag != b'PAGE'), '3.8',
                         'raw size')


# ---- 5. Schema ----

DTYPES = ('bool u8 u16 u32 u64 i8 i16 i32 i64 f16 bf16 f32 f64 c64 f8_e5m2 '
          'f8_e4m3 f8_e5m2fnuz f8_e4m3fnuz f8_e8m0 f6_e2m3 f6_e3m2 f4'
          ).split()
BITS = (8, 8, 16, 32, 64, 8, 16, 32, 64, 16, 16, 32, 64, 64, 8, 8, 8, 8, 8,
        6, 6, 4)


class Tensor:
    def __init__(self, f):
        dtype, n_dims, n_name = f.numbers('<BBH', '5.4')
        f.newer_unless(1 <= dtype <= 22, '5.4', 'unknown dtype')
        f.corrupt_unless(n_dims <= 64, '5.5', 'dimensions')
        self.dims = f.numbers('<%dQ' % n_dims, '5.7')
        self.name = f.take(n_name, '5.8')
        self.dtype, bits = DTYPES[dtype - 1], BITS[dtype - 1]
        product = bits
        for d in self.dims:
            product *= d if d != 0 else 1
        f.corrupt_unless(product < 1 << 64, '5.7', 'shape overflows')
        if 0 in self.dims:
            product = 0
        f.corrupt_unless(product % 8 == 0, '5.7', 'not whole bytes')
        self.n_bytes = product // 8
        f.corrupt_unless(n_name > 0, '5.6', 'empty name')
        try:
            self.name.decode('utf-8')
        except UnicodeDecodeError:
            f.refuse('corrupt', '5.8', 'name is not UTF-8')
        f.corrupt_unless(not set(self.name) & {0, 10, 13}, '5.8',
                         'NUL, LF or CR in a name')


class Schema:
    def __init__(self, content, offset):
        f = Fields(content, offset)
        self.content = content
        presence, n_tensors = f.numbers('<II', '5.2')
        f.newer_unless(presence < 4, '5.2', 'unknown parts')
        f.corrupt_unless(n_tensors <= 1000000, '5.3', 'tensors')
        self.tensors = [Tensor(f) for _ in range(n_tensors)]
        self.n_bytes = sum(t.n_bytes for t in self.tensors)
        f.corrupt_unless(self.n_bytes < 1 << 63, '5.7', 'model overflows')
        self.before = self.after = self.symmetry = None
        if presence & 1:
            self.before = f.take(f.number(4, '5.9'), '5.9')
            self.after = f.take(f.number(4, '5.10'), '5.10')
        if presence & 2:
            self.symmetry = f.take(f.number(4, '5.11'), '5.11')
            f.corrupt_unless(0 not in self.symmetry, '5.11', 'NUL')
        f.end('5')
        f.corrupt_unless(len(set(t.name for t in self.tensors)) ==
                         n_tensors, '5.8', 'two tensors of one name')


# ---- 6. Group head ----

KEY = set(b'abcdefghijklmnopqrstuvwxyz0123456789._-')


class Model:
    def __init__(self, f):
        n_label, n_meta, flags, n_source = f.numbers('<HHII', '6.4')
        f.newer_unless(flags < 2, '6.6', 'unknown flags')
        f.corrupt_unless(n_meta <= 1024, '6.5', 'metadata entries')
        f.corrupt_unless(flags or n_source == 0, '6.7', 'source text')
        self.label = f.take(n_label, '6.8')
        f.corrupt_unless(0 not in self.label, '6.8', 'NUL')
        self.meta = []
        for _ in range(n_meta):
            n_key, n_value = f.numbers('<BI', '6.9')
            f.corrupt_unless(n_value <= 1 << 24, '6.10', 'value')
            key, value = f.take(n_key, '6.11'), f.take(n_value, '6.12')
            f.corrupt_unless(0 not in value, '6.12', 'NUL')
            f.corrupt_unless(n_key > 0 and set(key) <= KEY, '6.11', 'key')
            f.corrupt_unless(not self.meta or self.meta[-1][0] < key,
                             '6.11', 'keys do not ascend')
            self.meta.append((key, value))
        self.source = f.take(n_source, '6.13') if flags else None


class Group:
    def __init__(self, content, offset):
        f = Fields(content, offset)
        self.content = content
        self.schema_number, n_models, self.first = f.numbers('<IIQ', '6.1')
        f.corrupt_unless(1 <= n_models <= 65536, '6.2', 'models')
        self.models = [Model(f) for _ in range(n_models)]
        f.end('6')


# ---- 7. Page ----

PAGE = 1 << 20


def pages_of(tensor, n_models):
    """(row, number of rows, first byte, bytes) of a column's pages (7.1)."""
    b = tensor.n_bytes
    if b == 0:
        return
    if b <= PAGE:
        for row in range(0, n_models, PAGE // b):
            n = min(PAGE // b, n_models - row)
            yield row, n, 0, n * b
    else:
        for row in range(n_models):
            for begin in range(0, b, PAGE):
                yield row, 1, begin, min(PAGE, b - begin)


# ---- 8. Group index ----

class Index:
    def __init__(self, payload, offset):
        f = Fields(payload, offset)
        (self.group_offset, self.group_number, n_schema, n_group, n_pages,
         self.ids_kind, reserved) = f.numbers('<QIIIIII', '8')
        f.newer_unless(reserved == 0, '8.7', 'reserved')
        f.newer_unless(self.ids_kind in (1, 2), '8.6', 'kind of IDs')
        self.schema = f.take(n_schema, '8')
        self.group = f.take(n_group, '8')
        self.pages = []
        for _ in range(n_pages):
            kind, codec, reserved, stored, check = f.numbers('<BBHIQ', '8')
            self.pages.append((codec, stored, check))
            f.newer_unless(kind == 0, '8.10', 'kind of page')
            f.newer_unless(codec in (0, 1, 2) or 16 <= codec <= 19, '8.11',
                           'codec of a page')
            f.newer_unless(reserved == 0, '8.12', 'reserved')
        rest = f.take(len(payload) - f.at, '8.15')
        f.corrupt_unless(len(rest) % 32 == 0, '8.15', 'IDs')
        self.ids = [rest[i:i + 32] for i in range(0, len(rest), 32)]

    def compare(self, part, group, head, schema, pages, offset):
        f = Fields(b'', offset)
        f.corrupt_unless(self.group_offset == head.offset - part.start,
                         '8.1', 'offset')
        f.corrupt_unless(self.group_number == head.number, '8.2', 'number')
        f.corrupt_unless(self.schema == schema.content, '8.8', 'schema')
        f.corrupt_unless(self.group == group.content, '8.9', 'group')
        f.corrupt_unless(self.pages == pages, '8.10', 'pages')
        small = schema.n_bytes <= 65536
        f.corrupt_unless(self.ids_kind == (1 if small else 2), '8.6',
                         'kind of IDs')
        f.corrupt_unless(len(self.ids) == (1 if small else len(
            group.models) * len(schema.tensors)), '8.15', 'IDs')


# ---- 12. IDs (ckpt-ids.md) ----

def tensor_id(tensor, data):
    dims = ','.join(str(d) for d in tensor.dims)
    head = 'ckpt tensor 1\n%s\n%s\n' % (tensor.dtype, dims)
    return hashlib.sha256(head.encode() + data).digest()


def model_id(schema, ids):
    lines = sorted((t.name, i) for t, i in zip(schema.tensors, ids))
    return hashlib.sha256(b'ckpt model 1\n' + b''.join(
        i.hex().encode() + b'  ' + name + b'\n' for name, i in lines)
    ).digest()


def check_ids(schema, ids, index, offset):
    f = Fields(b'', offset)
    if index.ids_kind == 2:  # 12.1
        if [i for model in ids for i in model] != index.ids:
            f.refuse('mismatch', '12.1', 'IDs of tensors')
        return
    lines = ''.join(model_id(schema, m).hex() + '\n' for m in ids)  # 12.2
    if hashlib.sha256(b'ckpt group 1\n' + lines.encode()).digest() != \
            index.ids[0]:
        f.refuse('mismatch', '12.2', 'IDs of models')


# ---- 2. Structure ----

class Part:
    """Reads one part of `data` from `start` on (2.2). `bases` are the tensors
    outside by their IDs; in `keep`, if there is one, those of the part are
    put."""

    def __init__(self, data, start, out, bases=None, keep=None):
        self.data, self.start, self.at, self.out = data, start, start, out
        self.number = 0
        self.schemas, self.schema_sum = [], 0
        self.entries, self.prints = [], []
        self.fresh = False  # a schema whose group must follow
        self.archive = self.thin = False
        self.references = references.References(
            self.frames, (decode_codec, decode_differences), xxh3,
            lambda tensor: self.thin and bases and bases.get(tensor))
        self.keep = keep

    def frame(self):
        if len(self.data) - self.at < 32:
            raise Refused('truncated', len(self.data), '2.2', 'in a header')
        f = Frame(self.data[self.at:self.at + 32], self.at)
        if f.number != self.number:
            raise Refused('corrupt', self.at, '3.6', 'frame number')
        self.number += 1
        self.at += 32
        return f

    def payload(self, f):
        if len(self.data) - self.at < f.stored:
            raise Refused('truncated', len(self.data), '2.2', 'in a payload')
        self.at += f.stored
        return self.decode(f, self.data[self.at - f.stored:self.at])

    def decode(self, f, stored):
        if f.extra or not f.reference:
            return decode(f, stored)
        if not self.archive:
            raise Refused('corrupt', f.offset, '3.3', 'no archive')
        g = Fields(stored, f.offset + 32)
        g.corrupt_unless(xxh3(stored) == f.check, '3.9', 'wrong checksum')
        g.offset = f.offset
        return self.references.decode(f.offset - self.start, f.raw, f.codec,
                                      stored, g.refuse)

    def frames(self, at, length):  # 15
        end = at + length
        while at < end:
            offset, f = self.start + at, None
            if end - at >= 32:
                try:
                    f = Frame(self.data[offset:offset + 32], offset)
                except Refused as e:
                    if e.verdict == 'newer':
                        raise
            if f is None or f.tag != b'PAGE' or f.stored > end - at - 32:
                raise Refused('corrupt', offset, '15', 'no page there')
            stored = self.data[offset + 32:offset + 32 + f.stored]
            if xxh3(stored) != f.check:
                raise Refused('corrupt', offset + 32, '3.9', 'checksum')
            yield at, f.raw, f.codec, stored
            at += 32 + f.stored

    def expect(self, tag):
        f = self.frame()
        if f.tag != tag:
            raise Refused('corrupt', f.offset, '2.2', 'order of frames')
        return f

    def read(self):
        head = self.expect(MAGIC)
        self.archive, self.thin = head.archive, head.thin
        while True:
            f = self.frame()
            if f.tag == b'GRUP':
                self.read_group(f)
                continue
            if self.fresh or f.tag in (MAGIC, b'PAGE', b'GIDX', b'ENDP'):
                raise Refused('corrupt', f.offset, '2.2', 'order of frames')
            if f.tag == b'SCHM':
                self.read_schema(f)
            elif f.tag == b'DIRY':
                self.read_directory(f)
                return self.read_end(f)
            else:
                self.payload(f)  # additional

    def read_schema(self, frame):  # 5
        f = Fields(b'', frame.offset)
        f.corrupt_unless(len(self.schemas) < 256 and (
            not self.schemas or self.schema_sum + frame.raw <= 8 << 20),
            '5.1', 'too many schemas')
        raw = self.payload(frame)
        f.corrupt_unless(len(raw) >= 4 and int.from_bytes(
            raw[:4], 'little') == len(self.schemas), '5.1', 'number')
        self.schemas.append(Schema(raw[4:], frame.offset))
        self.schema_sum += frame.raw
        self.fresh = True

    def read_group(self, head):  # 6, 7, 8
        group = Group(self.payload(head), head.offset)
        f = Fields(b'', head.offset)
        n = group.schema_number
        f.corrupt_unless(n < len(self.schemas) and (
            not self.fresh or n == len(self.schemas) - 1), '6.1', 'schema')
        f.corrupt_unless(group.first == len(self.prints), '6.3', 'first')
        self.fresh = False
        schema, n_models = self.schemas[n], len(group.models)
        f.corrupt_unless(n_models == 1 or
                         schema.n_bytes * n_models <= 8 << 20, '6.2',
                         'group is too large')
        pages, columns, heights = [], [], []
        for tensor in schema.tensors:
            rows = [[] for _ in range(n_models)]
            heights.append([0] * n_models)
            for row, n_rows, _begin, n_bytes in pages_of(tensor, n_models):
                frame = self.expect(b'PAGE')
                if frame.raw != n_bytes:
                    raise Refused('corrupt', frame.offset, '7.2', 'size')
                raw = self.payload(frame)
                pages.append((frame.codec, frame.stored, frame.check))
                for i in range(n_rows):
                    if frame.reference:
                        heights[-1][row + i] = max(heights[-1][row + i],
                                                   self.references.height)
                    rows[row + i].append(
                        raw[i * n_bytes // n_rows:
                            (i + 1) * n_bytes // n_rows])
            columns.append([b''.join(r) for r in rows])
        frame = self.expect(b'GIDX')
        index = Index(self.payload(frame), frame.offset)
        index.compare(self, group, head, schema, pages, frame.offset)
        ids = [[tensor_id(t, columns[k][i])
                for k, t in enumerate(schema.tensors)]
               for i in range(n_models)]
        check_ids(schema, ids, index, frame.offset)
        if self.keep is not None:
            for i, mine in enumerate(ids):
                for k, tensor in enumerate(mine):
                    self.keep[tensor] = columns[k][i], heights[k][i]
        self.entries.append((frame.offset - self.start, frame.stored,
                             frame.number, n_models, n))
        self.prints += [xxh3(m.label) & 0xFFFFFFFF for m in group.models]
        size = 16 + 24 * len(self.entries) + 4 * len(self.prints)
        if size > (1 << 20) - 88:
            raise Refused('corrupt', frame.offset, '9', 'part is too large')
        for model, model_ids in zip(group.models, ids):
            self.show(schema, model, model_ids)

    def read_directory(self, frame):  # 9
        f = Fields(self.payload(frame), frame.offset)
        n_groups, reserved, n_models = f.numbers('<IIQ', '9')
        f.newer_unless(reserved == 0, '9.2', 'reserved')
        f.corrupt_unless(len(f.data) == 16 + 24 * n_groups + 4 * n_models,
                         '9', 'size')
        entries = [f.numbers('<QIIII', '9') for _ in range(n_groups)]
        f.corrupt_unless(sum(e[3] for e in entries) == n_models, '9.7',
                         'models do not add up')
        prints = list(f.numbers('<%dI' % n_models, '9'))
        f.corrupt_unless(entries == self.entries and prints == self.prints,
                         '9', 'differs from the groups')

    def read_end(self, directory):  # 10
        frame = self.expect(b'ENDP')
        f = Fields(self.payload(frame), frame.offset)
        offset, length, n_models = f.numbers('<QQQ', '10')
        f.corrupt_unless(offset == directory.offset - self.start, '10.1',
                         'directory')
        f.corrupt_unless(length == self.at - self.start, '10.2', 'length')
        f.corrupt_unless(n_models == len(self.prints), '10.3', 'models')
        return self.at

    def show(self, schema, model, ids):
        line = ['model ' + model.label.hex()]
        line += ['meta %s %s' % (k.decode(), v.hex()) for k, v in model.meta]
        if model.source is not None:
            line.append('source ' + model.source.hex())
        if schema.before is not None:
            line.append('layout %s %s' % (schema.before.hex(),
                                          schema.after.hex()))
        if schema.symmetry is not None:
            line.append('symmetry ' + schema.symmetry.hex())
        for t, i in zip(schema.tensors, ids):
            line.append('tensor %s %s [%s] %s' % (
                i.hex(), t.dtype, ','.join(map(str, t.dims)), t.name.hex()))
        self.out.append('\n'.join(line))


def read_pack(data, bases=None, keep=None):  # 2.1, 4
    out, at = [], 0
    if not data:
        raise Refused('truncated', 0, '2.1', 'empty')
    while at < len(data):
        magic = data[at:at + 4]
        if magic != MAGIC[:len(magic)]:
            raise Refused('corrupt' if at else 'not-a-pack', at, '2.1',
                          'no part head')
        at = Part(data, at, out, bases, keep).read()
    return out


def main():
    status, bases, paths = 0, {}, sys.argv[1:]
    while paths[:1] == ['--base']:
        with open(paths[1], 'rb') as f:
            data = f.read()
        try:
            read_pack(data, bases, bases)
        except Refused:
            pass  # what came before is there
        paths = paths[2:]
    for path in paths:
        with open(path, 'rb') as f:
            data = f.read()
        try:
            for text in read_pack(data, bases):
                print(text)
            print('good')
        except Refused as e:
            print('%s %d %s %s' % (e.verdict, e.offset, e.section, e.why))
            status = 1
    return status


if __name__ == '__main__':
    sys.exit(main())
