#!/usr/bin/env python3
"""A safetensors file of random f32 weights for tests/cli/arch.sh.

    arch_tool.py OUT PREFIX [NAME=SHAPE]... <LIST

LIST has lines "NAME SHAPE", with the shape's numbers joined by commas; an
argument replaces a shape, adds a tensor (of i64, if its shape is empty), or
leaves it out (SHAPE is "-"). PREFIX stands before all names.
"""
import json
import random
import struct
import sys


def main(out, prefix, *changes):
    tensors = dict(line.split() for line in sys.stdin)
    tensors.update(x.split("=") for x in changes)
    draw = random.Random(1)
    header, data = {}, b""
    for name, shape in sorted(tensors.items()):
        if shape == "-":
            continue
        dims = [int(x) for x in shape.split(",") if x]
        n = 1
        for d in dims:
            n *= d
        raw = struct.pack("<q", draw.randrange(9999)) if not dims else \
            struct.pack("<%df" % n, *(draw.uniform(-1, 1) for _ in range(n)))
        header[prefix + name] = {
            "dtype": "F32" if dims else "I64", "shape": dims,
            "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(out, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


main(*sys.argv[1:])
