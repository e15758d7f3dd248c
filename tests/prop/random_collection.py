#!/usr/bin/python3
"""A random collection of models that resemble each other in every way that an
archive looks for, and in some that it must not be taken in by.

usage: random_collection.py DIR SEED

Writes DIR/NN-HOW.safetensors and prints, as ckpt-cat -ll does, one line for
each tensor. Beginnings are random schemas of all dtypes, with tensors of 0
bytes to a few MB, of numbers as they occur and of any bits (NaN, infinities,
subnormals). From these come copies, near copies (few bits, small steps,
other rows), rows appended, members of the orbit (rows and columns permuted,
flipped, scaled by powers of two), other heads, other names, other shapes.

Needs python3-numpy.
"""
import hashlib
import json
import os
import struct
import sys

import numpy as np

BITS = {'bool': 8, 'u8': 8, 'u16': 16, 'u32': 32, 'u64': 64, 'i8': 8,
        'i16': 16, 'i32': 32, 'i64': 64, 'f16': 16, 'bf16': 16, 'f32': 32,
        'f64': 64, 'c64': 64, 'f8_e5m2': 8, 'f8_e4m3': 8, 'f8_e5m2fnuz': 8,
        'f8_e4m3fnuz': 8, 'f8_e8m0': 8, 'f6_e2m3': 6, 'f6_e3m2': 6, 'f4': 4}
COMMON = ('f32', 'f32', 'f16', 'bf16', 'f64', 'i64', 'f8_e4m3')
MANTISSA = {'f16': 10, 'bf16': 7, 'f32': 23, 'f64': 52}


class Tensor:
    """`data`: an array of bytes; shape None stands for one dimension."""

    def __init__(self, dtype, shape, data):
        self.dtype, self.shape, self.data = dtype, list(shape), data
        assert self.elements() * BITS[dtype] == 8 * len(data)

    def elements(self):
        return int(np.prod(self.shape, dtype=np.int64))

    def integers(self):
        """The elements as unsigned integers, of whole-byte dtypes; else the
        bytes."""
        size = max(BITS[self.dtype] // 8, 1)
        return self.data.view('<u%d' % size)

    def with_integers(self, x):
        return Tensor(self.dtype, self.shape, np.ascontiguousarray(x).view(
            np.uint8))


class Draw:
    def __init__(self, seed):
        self.r = np.random.default_rng(seed)

    def one(self, choices):
        return choices[self.r.integers(len(choices))]

    def shape(self, bits):
        """Mostly small, some of several pages, some empty."""
        kind = self.r.random()
        if kind < .1:
            s = self.one(([], [0], [3, 0], [1], [1, 1, 4]))
        elif kind < .55:
            s = list(self.r.integers(1, 40, self.r.integers(1, 4)))
        elif kind < .9:
            s = [int(self.r.integers(50, 400)), int(self.r.integers(50, 400))]
        else:
            n = int(self.r.integers(1 << 20, 5 << 18))
            s = [n * 8 // (512 * bits) + 1, 512]
        s = [int(d) for d in s]
        if int(np.prod(s, dtype=np.int64)) * bits % 8:
            s.append(4)
        return s

    def numbers(self, dtype, n):
        """n elements as they occur in checkpoints, as bytes."""
        r, size = self.r, BITS[dtype] / 8
        if dtype in ('f32', 'f64', 'f16', 'bf16'):
            x = r.standard_normal(n) * 10. ** r.integers(-3, 1)
            if r.random() < .2:
                x *= r.random(n) < .1  # sparse
            if r.random() < .1:
                x *= 1e-40 if dtype != 'f16' else 1e-7  # subnormal
            if dtype == 'bf16':
                return np.ascontiguousarray((x.astype('<f4').view('<u4') >>
                                             16).astype('<u2')).view(np.uint8)
            return x.astype('<f%d' % size).view(np.uint8)
        if dtype[0] in 'iu' and r.random() < .8:
            x = r.integers(0, 2 ** min(8 * int(size) - 1, 10), n)
            return x.astype('<u%d' % size).view(np.uint8)
        if dtype == 'bool':
            return (r.random(n) < .3).astype(np.uint8)
        return np.frombuffer(r.bytes(int(n * size)), np.uint8)

    def tensor(self):
        dtype = self.one(COMMON) if self.r.random() < .6 else \
            self.one(list(BITS))
        shape = self.shape(BITS[dtype])
        n = int(np.prod(shape, dtype=np.int64))
        kind = self.r.random()
        if kind < .08:
            data = np.frombuffer(self.r.bytes(n * BITS[dtype] // 8), np.uint8)
        elif kind < .16:
            data = np.full(n * BITS[dtype] // 8, self.r.integers(256),
                           np.uint8)
        else:
            data = self.numbers(dtype, n)
            if kind < .3 and dtype in MANTISSA and n > 0:
                t = Tensor(dtype, shape, data)
                x, top = t.integers().copy(), BITS[dtype] - 1
                inf = ((1 << top) - 1) ^ ((1 << MANTISSA[dtype]) - 1)
                for v in (inf, inf | 1, inf | 1 << top, 0, 1 << top, 1):
                    x[self.r.integers(n)] = v
                data = x.view(np.uint8)
        return Tensor(dtype, shape, data)

    def model(self):
        count = self.one((1, 2, 4, 8))
        return {'layer%d.%s' % (i, self.one(('weight', 'bias', 'é'))):
                self.tensor() for i in range(count)}

    # ---- what the next model is to the one before ----

    def copy(self, m):
        return dict(m)

    def bits(self, m):
        """A few bits are others."""
        m = dict(m)
        for name in m:
            data = m[name].data.copy()
            for _ in range(self.r.integers(1, 4) if len(data) else 0):
                data[self.r.integers(len(data))] ^= \
                    np.uint8(1 << self.r.integers(8))
            m[name] = Tensor(m[name].dtype, m[name].shape, data)
        return m

    def step(self, m):
        """Numbers move by small steps in their order."""
        m = dict(m)
        for name, t in m.items():
            x = t.integers()
            span = 1 << int(self.r.integers(1, 8 * x.itemsize))
            d = self.r.integers(0, span, len(x), np.uint64).astype(x.dtype)
            m[name] = t.with_integers(x + d)
        return m

    def rows(self, m):
        """Some have rows appended, some another row in the middle."""
        m = dict(m)
        for name, t in m.items():
            if not t.shape or 0 in t.shape or BITS[t.dtype] < 8:
                continue
            x = t.data.reshape(t.shape[0], -1)
            more = x[self.r.integers(0, len(x), self.r.integers(1, 5))]
            at = self.one((len(x), len(x) // 2))
            x = np.concatenate((x[:at], more ^ np.uint8(85), x[at:]))
            m[name] = Tensor(t.dtype, [len(x)] + t.shape[1:],
                             x.reshape(-1).copy())
        return m

    def moved(self, m):
        """Members of the orbit of each tensor by itself."""
        m = dict(m)
        for name, t in m.items():
            if len(t.shape) < 2 or 0 in t.shape or BITS[t.dtype] < 8:
                continue
            x = t.integers().reshape(t.shape[0], t.shape[1], -1)
            if self.r.random() < .8:
                x = x[self.r.permutation(len(x))]
            if self.r.random() < .8:
                x = x[:, self.r.permutation(x.shape[1])]
            x = x.copy()
            if t.dtype in MANTISSA:
                self.scale(t.dtype, x)
            m[name] = t.with_integers(x.reshape(-1))
        return m

    def scale(self, dtype, x):
        """Rows are flipped, and times powers of two where that is exact."""
        top, one = BITS[dtype] - 1, 1 << MANTISSA[dtype]
        u = x.dtype.type
        flip = self.r.random(len(x)) < .5
        x[flip] ^= u(1 << top)
        e = (x & u((1 << top) - 1)) >> u(MANTISSA[dtype])
        most = (1 << top - MANTISSA[dtype]) - 1
        for i in range(len(x)):
            k = int(self.r.integers(-2, 3))
            zero = (x[i] & u((1 << top) - 1)) == 0
            fits = (e[i] > 2) & (e[i].astype(int) + 2 < most) | zero | \
                (e[i] == most)
            if fits.all() and k != 0:
                moves = ~zero & (e[i] != most)
                step = (k * one) % (1 << 8 * x.itemsize)
                x[i][moves] += u(step)

    def head(self, m):
        m = dict(m)
        m[list(m)[-1]] = self.tensor()
        return m

    def names(self, m):
        return {'other.' + k: v for k, v in reversed(list(m.items()))}

    def shapes(self, m):
        return {k: Tensor(t.dtype, [1] + t.shape, t.data)
                for k, t in m.items()}

    def fresh(self, _):
        return self.model()

    def tiny(self, _):
        """Small enough to stand in a group with others."""
        return {'w': Tensor('f32', [20, 10], self.numbers('f32', 200)),
                'n': Tensor('i64', [], self.numbers('i64', 1)),
                'h': Tensor('f16', [64], self.numbers('f16', 64))}


HOW = ('copy', 'bits', 'step', 'rows', 'moved', 'moved', 'head', 'names',
       'shapes', 'fresh')


def save(path, model, meta):
    header, at = {}, 0
    if meta is not None:
        header['__metadata__'] = meta
    for name, t in model.items():
        n = len(t.data)
        header[name] = {'dtype': t.dtype.upper(), 'shape': t.shape,
                        'data_offsets': [at, at + n]}
        at += n
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text)
        for t in model.values():
            f.write(t.data.tobytes())


def describe(label, model):
    """Prints a line for each tensor, as ckpt-cat -ll does."""
    for name, t in model.items():
        dims = ','.join(map(str, t.shape))
        head = 'ckpt tensor 1\n%s\n%s\n' % (t.dtype, dims)
        digest = hashlib.sha256(head.encode() + t.data.tobytes())
        print(label, name, digest.hexdigest(), t.dtype, dims, len(t.data),
              sep='\t')


def collection(seed):
    """Yields (how, model)."""
    d = Draw(seed)
    models = []
    for _ in range(2):
        models.append(d.model())
        yield 'first', models[-1]
    for _ in range(14):
        how = d.one(HOW)
        models.append(getattr(d, how)(d.one(models)))
        yield how, models[-1]
        if d.r.random() < .2:
            for _ in range(d.r.integers(1, 20)):
                yield 'tiny', d.tiny(None)


def main():
    top, seed = sys.argv[1], int(sys.argv[2])
    for i, (how, model) in enumerate(collection(seed)):
        label = '%03d-%s.safetensors' % (i, how)
        save(os.path.join(top, label), model,
             {'how': how} if i % 3 == 0 else None)
        describe(label, model)


if __name__ == '__main__':
    main()
