#!/usr/bin/python3
"""The least size that coding floats by their leading bits could reach,
computed from the data of safetensors files.

usage: bounds.py [--differences | --dtypes] FILE...

Prints bytes of tensors, bytes of the bound, and the bound in percent; with
--dtypes a line for each dtype, which it begins with.

The bound of a tensor: the entropy of exponent and top mantissa bits (3 of f16,
6 of f32, bf16 and f64, all of f8), each symbol by itself, with Miller and
Madow's correction, and all other bits as they are. Tensors of fewer than 2^17
elements are pooled by dtype. What is no float counts as it is.

With --differences each file after the first may be a difference to the one
before: the entropy of the length in bits of the difference of the ordered
integers, given the exponent of the base, and its lower bits and sign as they
are. Tensors equal to one before count nothing. The smallest is taken.
"""
import collections
import hashlib
import json
import struct
import sys

import numpy as np

POOLED = 1 << 17  # smaller tensors are pooled
# bits of the element, of its mantissa, and how many of these are modelled
FLOATS = {'F16': (16, 10, 3), 'BF16': (16, 7, 6), 'F32': (32, 23, 6),
          'F64': (64, 52, 6), 'F8_E4M3': (8, 3, 3), 'F8_E5M2': (8, 2, 2),
          'F8_E4M3FNUZ': (8, 3, 3), 'F8_E5M2FNUZ': (8, 2, 2)}


def load(path):
    """{name: (dtype, elements)}, of floats as unsigned integers."""
    with open(path, 'rb') as f:
        data = f.read()
    n = struct.unpack('<Q', data[:8])[0]
    out = {}
    for name, t in json.loads(data[8:8 + n]).items():
        if name == '__metadata__':
            continue
        begin, end = (8 + n + x for x in t['data_offsets'])
        kind = FLOATS.get(t['dtype'], (8,))[0]
        out[name] = (t['dtype'], np.frombuffer(
            data[begin:end], np.dtype('<u%d' % (kind // 8))))
    return out


def entropy_bits(counts):
    """Of all symbols together, with the correction."""
    counts = counts[counts > 0].astype(float)
    n = counts.sum()
    return (counts * np.log2(n / counts)).sum() + \
        (len(counts) - 1) / (2 * np.log(2))


def symbols(dtype, x):
    bits, mantissa, top = FLOATS[dtype]
    mask = (1 << bits - 1) - 1
    return ((x & x.dtype.type(mask)) >> x.dtype.type(mantissa - top)
            ).astype(np.int64)


def raw_bits(dtype):
    _, mantissa, top = FLOATS[dtype]
    return 1 + mantissa - top


def plain_bits(dtype, x):
    return entropy_bits(np.bincount(symbols(dtype, x))) + \
        len(x) * raw_bits(dtype)


def difference_bits(dtype, x, base):
    bits, mantissa, _ = FLOATS[dtype]
    t = x.dtype.type
    sign = t(1 << bits - 1)
    a, b = (np.where(v & sign, ~v, v | sign) for v in (x, base))
    d = np.where(a > b, a - b, b - a)
    # the difference is modulo 2^bits: of two, the shorter one
    d = np.minimum(d, ~d + t(1)).astype(np.float64 if bits < 64
                                        else np.longdouble)
    k = np.frexp(d)[1].astype(np.int64)
    e = ((base & ~sign) >> t(mantissa)).astype(np.int64)
    total = float(k.sum())  # the low bits and the sign
    for value in np.unique(e):
        total += entropy_bits(np.bincount(k[e == value]))
    return total


class Pools:
    def __init__(self):
        self.counts, self.n = {}, {}

    def add(self, dtype, x):
        c = np.bincount(symbols(dtype, x), minlength=1 << 17)
        self.counts[dtype] = self.counts.get(dtype, 0) + c
        self.n[dtype] = self.n.get(dtype, 0) + len(x)

    def bits(self):
        return {d: entropy_bits(c) + self.n[d] * raw_bits(d)
                for d, c in self.counts.items()}


def bound(paths, differences=False):
    """By dtype: bytes of tensors, bits of the bound."""
    n_bytes, bits = collections.Counter(), collections.Counter()
    pools, before, seen = Pools(), {}, set()
    for path in paths:
        model = load(path)
        for name, (dtype, x) in model.items():
            n_bytes[dtype] += x.nbytes
            key = hashlib.sha256(dtype.encode() + x.tobytes()).digest()
            if differences and key in seen:
                continue
            seen.add(key)
            if len(x) == 0:
                continue
            if dtype not in FLOATS:
                bits[dtype] += 8 * x.nbytes
                continue
            base = before.get(name, (None,))
            diff = None
            if differences and base[0] == dtype and len(base[1]) == len(x):
                diff = difference_bits(dtype, x, base[1])
            if diff is not None and diff < plain_bits(dtype, x):
                bits[dtype] += diff
            elif len(x) < POOLED:
                pools.add(dtype, x)
            else:
                bits[dtype] += plain_bits(dtype, x)
        before.update(model)
    bits.update(pools.bits())
    return n_bytes, bits


def main(argv):
    n_bytes, bits = bound([a for a in argv if a[:2] != '--'],
                          '--differences' in argv)
    if '--dtypes' in argv:
        for dtype, n in sorted(n_bytes.items()):
            print(dtype.lower(), n, '%.0f' % (bits[dtype] / 8))
        return
    n, least = sum(n_bytes.values()), sum(bits.values()) / 8
    print('%d %.0f %.4g' % (n, least, 100 * least / n))


if __name__ == '__main__':
    main(sys.argv[1:])
