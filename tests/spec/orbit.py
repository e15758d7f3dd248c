#!/usr/bin/env python3
"""Orbit IDs, straight from format-spec/ckpt-arch.md and ckpt-orbits.md.

    orbit.py [--table | --tensors] ARCH [MODEL.safetensors]...
    orbit.py --beside MODEL.safetensors...

Prints "ORBIT-ID  PATH" lines, after the table of symmetries or the names and
shapes of the tensors. With --beside the architecture of X.safetensors and of
X-member.safetensors is X.arch. Slow and simple: it
shares no line with the library, and is there to disagree with it.
"""
import hashlib
import json
import re
import struct
import sys

from orbit_arch import Arch, Refused
from orbit_classes import Classes
from orbit_order import Orderer
from orbit_scale import NAN, Scaler, parts, unsortable
from orbit_table import Table


# ---- section 5: the ID -----------------------------------------------------

def f16(data):
    return struct.unpack("<%de" % (len(data) // 2), data)


def bf16(data):
    return [struct.unpack("<f", b"\0\0" + data[i:i + 2])[0]
            for i in range(0, len(data), 2)]


FLOATS = {"F16": f16, "BF16": bf16,
          "F32": lambda d: struct.unpack("<%df" % (len(d) // 4), d),
          "F64": lambda d: struct.unpack("<%dd" % (len(d) // 8), d)}


def read_safetensors(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, t in json.loads(data[8:8 + n]).items():
        if name != "__metadata__":
            a, b = t["data_offsets"]
            tensors[name.encode()] = (t["dtype"], tuple(t["shape"]),
                                      data[8 + n + a:8 + n + b])
    return tensors


def tensor_id(dtype, shape, data):
    head = "ckpt tensor 1\n%s\n%s\n" % (dtype, ",".join(map(str, shape)))
    return hashlib.sha256(head.encode() + data).hexdigest()


def doubles(values):
    return b"".join(struct.pack("<Q", NAN) if v != v else
                    struct.pack("<d", v + 0.0) for v in values)


def read_arch(path, tensors=None):
    """The architecture, and its table, for a model's tensors."""
    shapes = None if tensors is None else \
        {name.decode(): t[1] for name, t in tensors.items()}
    arch = Arch(open(path, encoding="utf-8").read(), shapes)
    return arch, Table(Classes(arch))


def orbit_id(arch, table, tensors):
    for name, shape in arch.tensors.items():
        if name.encode() not in tensors or \
                tensors[name.encode()][1] != shape:
            raise Refused("%s is not of shape %s" % (name, shape))
    for name in tensors:
        if name.decode() not in arch.tensors and \
                not arch.carries(name.decode()):
            raise Refused("%s is not known" % name.decode())
    matrices = []
    for name, (lines, rank) in table.tensors.items():
        dtype, shape, data = tensors[name]
        matrices += parts(name, shape, FLOATS[dtype](data), lines, rank,
                          table.groups)
    matrices.sort(key=lambda m: m.order)
    scaler, best = Scaler(table, matrices), None
    for choice in scaler.choices:
        orderer = Orderer(table, matrices, scaler.apply(choice))
        orderer.search(orderer.start(), [])
        if best is None or orderer.best[0] > best:
            best = orderer.best[0]
    cells = {}
    for m, form in zip(matrices, best):
        cells.setdefault(m.name, []).extend(zip(m.places, form))
    acted = {name: [unsortable(i) for _, cell in sorted(both)
                    for i in cell] for name, both in cells.items()}
    text = "ckpt orbit 1\n%s\n" % \
        hashlib.sha256(table.text.encode()).hexdigest()
    preimage = text.encode()
    for name in sorted(tensors):
        dtype, shape, data = tensors[name]
        if dtype in FLOATS:
            values = acted[name] if name in acted else FLOATS[dtype](data)
            dtype, data = "f64", doubles(values)
        preimage += tensor_id(dtype.lower(), shape, data).encode() + b"  " + \
            name + b"\n"
    return hashlib.sha256(preimage).hexdigest()


def main(args):
    show, args = args[0] if args[0].startswith("--") else None, \
        args[args[0].startswith("--"):]
    if show == "--table":
        sys.stdout.write(read_arch(args[0])[1].text)
    if show == "--tensors":
        for name, shape in read_arch(args[0])[0].tensors.items():
            print(name, ",".join(map(str, shape)))
    sys.setrecursionlimit(100000)
    status = 0
    for path in args if show == "--beside" else args[1:]:
        try:
            tensors = read_safetensors(path)
            arch, table = read_arch(
                args[0] if show != "--beside" else re.sub(
                    r"(-member)?\.safetensors$", ".arch", path), tensors)
            print("%s  %s" % (orbit_id(arch, table, tensors), path))
        except Refused as e:
            print("orbit.py: %s: %s" % (path, e), file=sys.stderr)
            status = 2
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
