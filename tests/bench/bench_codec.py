"""Weights for bench_codec.sh.

usage: bench_codec.py DIRECTORY

gauss.DTYPE: 16.8 M independent normal weights in 8 layers, with the deviation
of Kaiming's rule for a fan-in of 256 to 4096. base.DTYPE: 4 M of them;
one-step, many-steps and fine-tune: these after changes of about 1e-4, 3e-3 and
2e-6. Each with the layers' lengths in FILE.lengths.
"""
import os
import sys

import numpy as np


def bf16(x):
    bits = x.view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


FORMS = {'f32': lambda x: x, 'bf16': bf16,
         'f16': lambda x: x.astype(np.float16)}


def save(name, x, lengths):
    for dtype, form in FORMS.items():
        path = os.path.join(sys.argv[1], '%s.%s' % (name, dtype))
        form(x).tofile(path)
        with open(path + '.lengths', 'w') as f:
            f.writelines('%d\n' % n for n in lengths)


def main():
    rand = np.random.default_rng(1)
    n = 1 << 21
    x = np.concatenate([
        (rand.standard_normal(n) * np.sqrt(2 / fan)).astype(np.float32)
        for fan in (256, 512, 768, 1024, 1536, 2048, 3072, 4096)])
    save('gauss', x, [n] * 8)
    x = x[::4].copy()
    save('base', x, [n // 4] * 8)
    for name, size in (('one-step', 1e-4), ('many-steps', 3e-3),
                       ('fine-tune', 2e-6)):
        step = np.clip(rand.standard_normal(x.size), -1, 1) * size
        save(name, (x + step).astype(np.float32), [n // 4] * 8)


main()
