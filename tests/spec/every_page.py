"""Models of which an archive has every kind of page and reference.

usage: every_page.py DIR

Prints, as ckpt-cat -ll does, one line for each tensor. Needs python3-numpy.
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../prop'))
from random_collection import Tensor, describe, save  # noqa: E402

rng = np.random.default_rng(7)


def floats(dtype, *shape):
    x = (rng.standard_normal(shape) * .05).astype(dtype)
    return of(x)


def of(x, name=None):
    names = {'float32': 'f32', 'float16': 'f16', 'int64': 'i64',
             'uint8': 'u8'}
    return Tensor(name or names[str(x.dtype)], x.shape,
                  np.ascontiguousarray(x).view(np.uint8).reshape(-1))


def array(t, dtype):
    return t.data.view(dtype).reshape(t.shape)


def step(m):
    """A small step of the optimiser."""
    m = dict(m)
    for name, dtype in (('a', np.float32), ('b', np.float32),
                        ('words', np.float16)):
        x = array(m[name], dtype)
        m[name] = of((x + rng.standard_normal(x.shape) * 1e-4).astype(dtype))
    return m


def moved(m):
    """The units between a and b, permuted, flipped and scaled."""
    order = rng.permutation(200)
    by = (2. ** rng.integers(-2, 3, 200) * rng.choice([-1, 1], 200)).astype(
        np.float32)
    m = dict(m)
    m['a'] = of(array(m['a'], np.float32)[:, order] * by)
    m['b'] = of(array(m['b'], np.float32)[order] / by[:, None])
    return m


def main():
    first = {'a': floats(np.float32, 64, 200),
             'b': floats(np.float32, 200, 48),
             'words': floats(np.float16, 1200, 64),
             'places': of(np.arange(3000)),
             'noise': of(rng.integers(0, 256, (1100, 1000), np.uint8)),
             'none': of(np.zeros((0, 4), np.float32))}
    rows = {k: t for k, t in first.items() if k != 'noise'}
    other = dict(rows)
    rows['words'] = of(np.concatenate((array(first['words'], np.float16),
                                       array(floats(np.float16, 90, 64),
                                             np.float16))))
    later = step(other)
    latest = step(later)
    models = [first, dict(first), rows, moved(other), later, dict(later),
              latest, moved(latest), moved(rows)]
    for i in range(12):
        models.append({'w': floats(np.float32, 10, 20),
                       'n': of(np.array(i))})
    for i, m in enumerate(models):
        label = 'm%02d.safetensors' % i
        save(os.path.join(sys.argv[1], label), m, None)
        describe(label, m)


main()
