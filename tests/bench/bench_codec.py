"""Weights for bench_codec.sh, and damage.

usage: bench_codec.py gauss DIRECTORY
       bench_codec.py raw SAFETENSORS FILE
       bench_codec.py flips PACK COMMAND [ARGUMENT]...

gauss: DIRECTORY/gauss.DTYPE, 16.8 M independent normal weights in 8 layers,
with the deviation of Kaiming's rule for a fan-in of 256 to 4096, with the
layers' lengths in gauss.DTYPE.lengths. raw: the same of what is in a
safetensors file. flips: between PACK's first and last eighth, 300 times
another bit is flipped; prints how often COMMAND fails on that.
"""
import json
import os
import random
import struct
import subprocess
import sys


def lengths(path, numbers):
    with open(path + '.lengths', 'w') as f:
        f.writelines('%d\n' % n for n in numbers)


def gauss(directory):
    import numpy as np

    def bf16(x):
        bits = x.view(np.uint32).astype(np.uint64)
        return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)

    forms = {'f32': lambda x: x, 'bf16': bf16,
             'f16': lambda x: x.astype(np.float16)}
    rand, n = np.random.default_rng(1), 1 << 21
    x = np.concatenate([
        (rand.standard_normal(n) * np.sqrt(2 / fan)).astype(np.float32)
        for fan in (256, 512, 768, 1024, 1536, 2048, 3072, 4096)])
    for dtype, form in forms.items():
        path = os.path.join(directory, 'gauss.' + dtype)
        form(x).tofile(path)
        lengths(path, [n] * 8)


def raw(source, path):
    with open(source, 'rb') as f:
        head = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = f.read()
    head.pop('__metadata__', None)
    ends = [t['data_offsets'] for t in head.values()]
    width = {'F32': 4, 'BF16': 2, 'F16': 2}[
        next(iter(head.values()))['dtype']]
    with open(path, 'wb') as f:
        f.writelines(data[begin:end] for begin, end in ends)
    lengths(path, [(end - begin) // width for begin, end in ends])


def flips(pack, *command):
    rand, found = random.Random(1), 0
    with open(pack, 'rb') as f:
        data = bytearray(f.read())
    for _ in range(300):
        at = rand.randrange(len(data) // 8, len(data) // 8 * 7)
        bit = 1 << rand.randrange(8)
        data[at] ^= bit
        with open(pack + '.bad', 'wb') as f:
            f.write(data)
        data[at] ^= bit
        found += subprocess.run([*command, pack + '.bad'],
                                stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL).returncode == 2
    print(found)


{'gauss': gauss, 'raw': raw, 'flips': flips}[sys.argv[1]](*sys.argv[2:])
