"""Writes safetensors files for cat_archive.sh: a random ResNet-18 and what
archives refer to.

usage: archive_models.py DIR

a.safetensors       ResNet-18, f32
moved.safetensors   a, by a random element of its exact symmetries
head.safetensors    a, with another head
small/N.safetensors  an embedding after N of 12 small steps
half.safetensors    ResNet-18 with a head of 1000, f16
turned.safetensors  half, by permutations and signs
words.safetensors   an embedding of 6,000 rows
more.safetensors    the same with 1,000 rows appended, and tied
"""
import json
import os
import struct
import sys

import numpy as np

rng = np.random.default_rng(5)
NAMES = {'float32': 'F32', 'float16': 'F16', 'int64': 'I64'}


def save(name, tensors):
    header, at = {}, 0
    for key, x in tensors.items():
        header[key] = {'dtype': NAMES[str(x.dtype)], 'shape': list(x.shape),
                       'data_offsets': [at, at + x.nbytes]}
        at += x.nbytes
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(os.path.join(sys.argv[1], name + '.safetensors'), 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text)
        for x in tensors.values():
            f.write(np.ascontiguousarray(x).tobytes())


def resnet18(dtype, n_classes):
    t = {}

    def bn(name, n):
        t[name + '.weight'] = 1 + .2 * rng.standard_normal(n)
        t[name + '.bias'] = .1 * rng.standard_normal(n)
        t[name + '.running_mean'] = .1 * rng.standard_normal(n)
        t[name + '.running_var'] = 1 + .3 * rng.random(n)

    def conv(name, n_out, n_in, k):
        t[name + '.weight'] = rng.standard_normal((n_out, n_in, k, k)) * \
            (2 / (n_in * k * k)) ** .5
    conv('conv1', 64, 3, 3)
    bn('bn1', 64)
    n_in = 64
    for layer, n in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            p = 'layer%d.%d' % (layer, block)
            conv(p + '.conv1', n, n_in, 3)
            bn(p + '.bn1', n)
            conv(p + '.conv2', n, n, 3)
            bn(p + '.bn2', n)
            if block == 0 and layer > 1:
                conv(p + '.shortcut.0', n, n_in, 1)
                bn(p + '.shortcut.1', n)
            n_in = n
    t['linear.weight'] = rng.standard_normal((n_classes, 512)) * .04
    t['linear.bias'] = rng.standard_normal(n_classes) * .01
    t = {k: v.astype(dtype) for k, v in t.items()}
    for k in [k for k in t if k.endswith('running_var')]:
        t[k[:-11] + 'num_batches_tracked'] = np.array(3910, np.int64)
    return t


def move(t, scales):
    """By a random element: units permuted, scaled behind their ReLU, filters
    before a normalisation flipped."""
    t = dict(t)

    def units(n):
        return rng.permutation(n), (2. ** rng.integers(-2, 3, n) if scales
                                    else np.ones(n))

    def writes(conv, bn, order, scale):
        sign = rng.choice([-1., 1.], len(order))
        for key, by in ((conv + '.weight', sign), (bn + '.weight', scale *
                        sign), (bn + '.bias', scale),
                        (bn + '.running_mean', sign),
                        (bn + '.running_var', abs(sign))):
            x = t[key]
            by = by.reshape((-1,) + (1,) * (x.ndim - 1))
            t[key] = (x[order] * by).astype(x.dtype)

    def reads(name, order, scale):
        x = t[name + '.weight']
        by = (1 / scale).reshape((1, -1) + (1,) * (x.ndim - 2))
        t[name + '.weight'] = (x[:, order] * by).astype(x.dtype)
    before = None
    for layer, n in enumerate((64, 128, 256, 512), 1):
        stream = units(n)
        if layer == 1:
            writes('conv1', 'bn1', *stream)
        for block in range(2):
            p = 'layer%d.%d' % (layer, block)
            first = before if block == 0 and layer > 1 else stream
            inner = units(n)
            reads(p + '.conv1', *first)
            writes(p + '.conv1', p + '.bn1', *inner)
            reads(p + '.conv2', *inner)
            writes(p + '.conv2', p + '.bn2', *stream)
            if block == 0 and layer > 1:
                reads(p + '.shortcut.0', *before)
                writes(p + '.shortcut.0', p + '.shortcut.1', *stream)
        before = stream
    reads('linear', *before)
    return t


a = resnet18(np.float32, 100)
save('a', a)
save('moved', move(a, True))
save('head', dict(a, **{'linear.weight': rng.standard_normal(
    (100, 512)).astype(np.float32)}))
half = resnet18(np.float16, 1000)
save('half', half)
save('turned', move(half, False))
words = rng.standard_normal((7000, 128)).astype(np.float32)
save('words', {'embed.weight': words[:6000]})
save('more', {'embed.weight': words, 'head.weight': words})
os.makedirs(os.path.join(sys.argv[1], 'small'))
steps = {'embed.weight': words[:1000]}
for i in range(1, 13):
    steps = {k: v + np.float32(1e-4) * rng.standard_normal(
        v.shape).astype(np.float32) for k, v in steps.items()}
    save('small/%d' % i, steps)
