#!/usr/bin/python3
"""Trains an MLP of 2.6 M parameters with Adam and keeps checkpoints of it, the
same for every run on one machine: what archives and stores are measured with.

usage: trajectory.py OUTDIR

OUTDIR/step-*.safetensors        8 checkpoints, f32, of steps 400 to 1,200
OUTDIR/mixed/*.safetensors       13 files: these, 2 copies of them and 3 with
                                 the last layer trained further
OUTDIR/pairs/NAME-DTYPE-{a,b}.safetensors
                                 bf16 and f32: one step, 100 steps and a small
                                 fine-tune (30 steps at 1/100 of the rate) apart
OUTDIR/README                    what it was trained on, and with what result

Trained on Fashion-MNIST where Debian's dataset-fashion-mnist is installed,
else on synthetic images. Needs python3-numpy; a minute on one core.
"""
import gzip
import json
import os
import struct
import sys

import numpy as np

DATA = '/usr/share/datasets/fashion-mnist'
SIZES = (784, 1024, 1024, 720, 10)
STEPS = [400 + 800 * i // 7 for i in range(8)]
BATCH, RATE = 64, 3e-4
HEAD_STEPS, TUNE_STEPS = 50, 30


def idx(name):
    with gzip.open(os.path.join(DATA, name)) as f:
        n_dims = struct.unpack('>xxBB', f.read(4))[1]
        dims = struct.unpack('>%dI' % n_dims, f.read(4 * n_dims))
        return np.frombuffer(f.read(), np.uint8).reshape(dims)


def images():
    """Rows of 784 floats, their classes, and what they are."""
    try:
        x, y = (idx('train-%s-ubyte.gz' % part)
                for part in ('images-idx3', 'labels-idx1'))
        what = 'Fashion-MNIST'
    except FileNotFoundError:
        rng = np.random.default_rng(1)
        y = rng.integers(0, 10, 20000)
        means = rng.random((10, 28, 28))
        for _ in range(4):  # smooth, as images are
            for axis in (1, 2):
                means = (means + np.roll(means, 1, axis)) / 2
        x = 255 * np.clip(4 * (means[y] - .4) +
                          .3 * rng.standard_normal((len(y), 28, 28)), 0, 1)
        what = 'synthetic images (dataset-fashion-mnist is not installed)'
    x = x.reshape(len(y), 784).astype(np.float32) / 255
    return (x - x.mean()) / x.std(), y.astype(np.int64), what


class Net:
    """Weights, gradients and Adam's moments as views of flat arrays."""

    def __init__(self, rng):
        shapes = [s for i, o in zip(SIZES, SIZES[1:]) for s in ((o, i), (o,))]
        self.flat = np.zeros(sum(int(np.prod(s)) for s in shapes), np.float32)
        self.grad, self.m, self.v = (np.zeros_like(self.flat)
                                     for _ in range(3))
        self.w, self.g, at = [], [], 0
        for s in shapes:
            n = int(np.prod(s))
            self.w.append(self.flat[at:at + n].reshape(s))
            self.g.append(self.grad[at:at + n].reshape(s))
            at += n
        for w in self.w:
            bound = (6 / w.shape[-1]) ** .5 if w.ndim == 2 else 0
            w[...] = rng.uniform(-bound, bound, w.shape)
        self.t = 0

    def copy(self):
        other = Net(np.random.default_rng(0))
        for name in ('flat', 'm', 'v'):
            getattr(other, name)[...] = getattr(self, name)
        other.t = self.t
        return other

    def logits(self, x):
        self.inputs = []
        for i in range(0, len(self.w), 2):
            self.inputs.append(x)
            x = x @ self.w[i].T + self.w[i + 1]
            if i + 2 < len(self.w):
                x = np.maximum(x, 0)
        return x

    def step(self, x, y, rate, head=False):
        """One step of Adam on a batch; of the last layer alone if `head`."""
        z = self.logits(x)
        d = np.exp(z - z.max(1, keepdims=True))
        d /= d.sum(1, keepdims=True)
        d[np.arange(len(y)), y] -= 1
        d /= np.float32(len(y))
        for i in range(len(self.w) - 2, -1, -2):
            np.matmul(d.T, self.inputs[i // 2], out=self.g[i])
            self.g[i + 1][...] = d.sum(0)
            if head:
                break
            if i > 0:
                d = (d @ self.w[i]) * (self.inputs[i // 2] > 0)
        self.t += 1
        begin = len(self.flat) - sum(w.size for w in self.w[-2:]) if head else 0
        p, g, m, v = (a[begin:] for a in (self.flat, self.grad, self.m,
                                          self.v))
        m += np.float32(.1) * (g - m)
        v += np.float32(.001) * (g * g - v)
        p -= np.float32(rate / (1 - .9 ** self.t)) * m / (
            np.sqrt(v / np.float32(1 - .999 ** self.t)) + np.float32(1e-8))

    def tensors(self):
        names = ['fc%d.%s' % (i + 1, part) for i in range(len(SIZES) - 1)
                 for part in ('weight', 'bias')]
        return {n: w.copy() for n, w in zip(names, self.w)}


def bf16(x):
    """To the nearest bf16, ties to even, as its bits."""
    bits = x.view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def save(path, tensors):
    """A safetensors file of arrays; of uint16 as bf16."""
    header, at = {}, 0
    for name, x in tensors.items():
        header[name] = {'dtype': {'f': 'F32', 'u': 'BF16'}[x.dtype.kind],
                        'shape': list(x.shape),
                        'data_offsets': [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text)
        for x in tensors.values():
            f.write(x.astype(x.dtype.newbyteorder('<')).tobytes())


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    top = sys.argv[1]
    rng = np.random.default_rng(20240501)
    x, y, what = images()
    test, (x, y) = (x[-2000:], y[-2000:]), (x[:-2000], y[:-2000])
    net, kept = Net(rng), {}

    def advance(net, n, rate=RATE, head=False):
        for _ in range(n):
            batch = rng.integers(0, len(y), BATCH)
            net.step(x[batch], y[batch], rate, head)

    stops = set(STEPS) | {1100, 1101}
    while net.t < STEPS[-1]:
        advance(net, 1)
        if net.t in stops:
            kept[net.t] = net.copy()

    def put(name, tensors):
        save(os.path.join(top, name + '.safetensors'), tensors)

    for t in STEPS:
        put('step-%04d' % t, kept[t].tensors())
        put('mixed/step-%04d' % t, kept[t].tensors())
    for t in (STEPS[3], STEPS[7]):
        put('mixed/step-%04d.copy' % t, kept[t].tensors())
    for t in (STEPS[1], STEPS[5], STEPS[7]):
        tuned = kept[t].copy()
        advance(tuned, HEAD_STEPS, head=True)
        put('mixed/step-%04d.head' % t, tuned.tensors())
    tuned = kept[1200].copy()
    advance(tuned, TUNE_STEPS, RATE / 100)
    for name, a, b in (('one-step', kept[1100], kept[1101]),
                       ('100-steps', kept[1100], kept[1200]),
                       ('fine-tune', kept[1200], tuned)):
        for half, n in (('a', a), ('b', b)):
            weights = n.tensors()
            put('pairs/%s-f32-%s' % (name, half), weights)
            put('pairs/%s-bf16-%s' % (name, half),
                {k: bf16(w) for k, w in weights.items()})
    right = (net.logits(test[0]).argmax(1) == test[1]).mean()
    with open(os.path.join(top, 'README'), 'w', encoding='utf-8') as f:
        f.write('%d parameters, %d steps of Adam, batch %d, rate %g, on %s; '
                '%.1f %% of 2,000 images held back are right\n' %
                (net.flat.size, net.t, BATCH, RATE, what, 100 * right))


main()
