"""How make_vectors.py writes packs: frames and their contents, a whole part,
and a list of the vectors. Nothing of the library is used.
"""
import hashlib
import struct

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
