"""Random valid safetensors files, with headers in every legal spelling.

random_models.py DIR SEED N writes N files under DIR and prints, as ckpt-cat
-ll does, one line for each tensor.
"""
import hashlib
import json
import os
import random
import struct
import sys

BITS = {"BOOL": 8, "U8": 8, "U16": 16, "U32": 32, "U64": 64, "I8": 8,
        "I16": 16, "I32": 32, "I64": 64, "F16": 16, "BF16": 16, "F32": 32,
        "F64": 64, "C64": 64, "F8_E5M2": 8, "F8_E4M3": 8,
        "F8_E5M2FNUZ": 8, "F8_E4M3FNUZ": 8, "F8_E8M0": 8, "F6_E2M3": 6,
        "F6_E3M2": 6, "F4": 4}
LETTERS = "abz09._-/ \\\"\u00e9\u4e2d\U0001f600\x01\x7f\t"


def space(r):
    """White space, mostly none."""
    return "".join(r.choice(" \t\n\r") for _ in range(r.randrange(3))) \
        if r.random() < 0.1 else ""


def string(r, s):
    """A JSON string in one of its spellings."""
    out = json.dumps(s, ensure_ascii=r.random() < 0.5)
    if r.random() < 0.2 and s and ord(s[0]) < 0x80:
        tail = json.dumps(s[1:], ensure_ascii=False)[1:]
        out = '"\\u%04x' % ord(s[0]) + tail
    return out


def obj(r, pairs):
    body = ",".join(space(r) + string(r, k) + space(r) + ":" + space(r) + v +
                    space(r) for k, v in pairs)
    return "{" + (body or space(r)) + "}"


def array(r, items):
    return "[" + ",".join(space(r) + str(i) + space(r) for i in items) + "]"


def draw_tensors(r):
    names = set()
    while len(names) < r.choice([0, 1, 2, 3, 5, 20]):
        name = "".join(r.choice(LETTERS) for _ in range(r.randrange(1, 12)))
        if name != "__metadata__":
            names.add(name)
    tensors = []
    for name in sorted(names):
        dtype = r.choice(list(BITS))
        shape = [r.choice([0, 1, 2, 3, 5, 8])
                 for _ in range(r.choice([0, 1, 1, 2, 2, 3, 4]))]
        count = 1
        for d in shape:
            count *= d
        if count * BITS[dtype] % 8:
            shape = shape + [4]
            count *= 4
        data = r.randbytes(count * BITS[dtype] // 8)
        tensors.append((name, dtype, shape, data))
    r.shuffle(tensors)
    return tensors


def draw_meta(r):
    keys = {"".join(r.choice(LETTERS) for _ in range(r.randrange(6)))
            for _ in range(r.randrange(4))}
    return obj(r, [(k, string(r, "v" * r.randrange(9) + "}\"")) for k in
                   keys])


def make_header(r, tensors):
    """The header of tensors whose data follow each other in this order."""
    members, offset = [], 0
    for name, dtype, shape, data in tensors:
        fields = [("dtype", string(r, dtype)), ("shape", array(r, shape)),
                  ("data_offsets", array(r, [offset, offset + len(data)]))]
        r.shuffle(fields)
        members.append((name, obj(r, fields)))
        offset += len(data)
    if r.random() < 0.5:  # else the header is in the order of the data
        r.shuffle(members)
    if r.random() < 0.7:
        members.insert(r.randrange(len(members) + 1),
                       ("__metadata__", draw_meta(r)))
    return obj(r, members) + " " * r.choice([0, 0, 1, 7, 100])


def escape(s):
    return s.replace("\\", "\\\\")


def main():
    top, seed, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    r = random.Random(seed)
    tensors = draw_tensors(r)
    for i in range(n):
        if r.random() < 0.5:  # else as the last one: a shared schema
            tensors = draw_tensors(r)
        label = "%d/m%d%s" % (r.randrange(3), i,
                              r.choice(["", ".x", " \u00e9"]))
        header = make_header(r, tensors).encode()
        path = os.path.join(top, label + ".safetensors")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(struct.pack("<Q", len(header)) + header)
            for _, _, _, data in tensors:
                f.write(data)
        for name, dtype, shape, data in tensors:
            dims = ",".join(map(str, shape))
            head = "ckpt tensor 1\n%s\n%s\n" % (dtype.lower(), dims)
            digest = hashlib.sha256(head.encode() + data).hexdigest()
            print(label + ".safetensors", escape(name), digest,
                  dtype.lower(), dims, len(data), sep="\t")


main()
