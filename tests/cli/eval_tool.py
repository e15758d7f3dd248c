#!/usr/bin/env python3
"""What the tests of ckpt-eval need made: arrays, broken models.

eval_tool.py npy IDX.gz OUT.npy DTYPE [N]   an IDX file as .npy
eval_tool.py poke IN.safetensors OUT TENSOR INDEX HEX   bytes of an element
eval_tool.py unsure DIR   a net that has learnt almost nothing, and its data
eval_tool.py accuracy LOGITS.npy LABELS.gz  one line a model
"""
import ast
import gzip
import json
import struct
import sys


def read_idx(path):
    data = gzip.open(path).read()
    n_dims = data[3]
    dims = struct.unpack(f">{n_dims}I", data[4:4 + 4 * n_dims])
    return dims, data[4 + 4 * n_dims:]


def write_npy(path, descr, dims, data):
    shape = "(" + "".join(f"{d}, " for d in dims) + ")"
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)))
        f.write(head.encode() + data)


def npy(idx, out, dtype, n=None):
    dims, data = read_idx(idx)
    size = len(data) // dims[0]
    n = int(n or dims[0])
    data = data[:n * size]
    code = {"|u1": "B", "<f4": "f", "<f8": "d", "<i8": "q", "<i4": "i"}[dtype]
    data = struct.pack(f"<{len(data)}{code}", *data)
    write_npy(out, dtype, (n,) + tuple(dims[1:]), data)


def poke(source, out, tensor, index, text):
    data = bytearray(open(source, "rb").read())
    n = struct.unpack("<Q", data[:8])[0]
    at = json.loads(data[8:8 + n])[tensor]["data_offsets"][0]
    value = bytes.fromhex(text)
    at += 8 + n + int(index) * len(value)
    data[at:at + len(value)] = value
    open(out, "wb").write(data)


def unsure(directory):
    """All outputs are nearly 0; those on ood.npy are nearer."""
    n = 300
    header = b'{"a.weight":{"dtype":"F32","shape":[2,2],' \
        b'"data_offsets":[0,16]}} '
    with open(directory + "/net.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(header)) + header)
        f.write(struct.pack("<4f", 1e-6, 0, 0, 0))
    with open(directory + "/unsure.arch", "w") as f:
        f.write("ckpt-arch 1\nname unsure\ninput 2\n"
                "linear a out=2 bias=no\noutput\n")
    for name, first in ("in.npy", n), ("ood.npy", 0):
        rows = [x for i in range(n) for x in (first + i, 0)]
        write_npy(f"{directory}/{name}", "<f4", (n, 2),
                  struct.pack(f"<{2 * n}f", *rows))
    write_npy(directory + "/labels.npy", "|u1", (n,), bytes(n))


def accuracy(logits, labels):
    data = open(logits, "rb").read()
    n = struct.unpack("<H", data[8:10])[0]
    head = ast.literal_eval(data[10:10 + n].decode())
    models, images, classes = head["shape"]
    assert head["descr"] == "<f4" and not head["fortran_order"]
    z = struct.unpack(f"<{models * images * classes}f", data[10 + n:])
    y = read_idx(labels)[1]
    for m in range(models):
        right = 0
        for i in range(images):
            at = (m * images + i) * classes
            row = z[at:at + classes]
            right += row.index(max(row)) == y[i]
        print("%.9g" % (right / images))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
