#!/usr/bin/env python3
"""lap_scipy.py PROGRAM: the sums of our assignments against SciPy's."""
import struct
import subprocess
import sys

try:
    import numpy
    from scipy.optimize import linear_sum_assignment
except ImportError:
    sys.exit(77)

rng = numpy.random.default_rng(1)
costs = []
for i in range(400):
    n = int(rng.integers(1, 60))
    costs.append([rng.random((n, n)), rng.integers(0, 3, (n, n)),
                  -rng.normal(size=(n, 5)) @ rng.normal(size=(5, n)),
                  numpy.outer(rng.integers(0, 9, n), rng.integers(0, 9, n)),
                  ][i % 4].astype(float))
for n in (200, 512):
    a = rng.normal(size=(n, 100))
    b = a[rng.permutation(n)] + rng.normal(size=a.shape)
    costs += [rng.random((n, n)), -(a @ b.T),
              numpy.outer(numpy.arange(n), numpy.arange(n)) / 3]
for n in (3, 150, 300):
    costs += [numpy.ones((n, n)), 1e30 * rng.random((n, n)),
              1e-40 * rng.random((n, n)), 1e6 + rng.random((n, n)),
              rng.choice([-3e38, 3e38, 0], (n, n)),
              numpy.exp(20 * rng.random((n, n)))]
costs = [numpy.ascontiguousarray(c, numpy.float32) for c in costs]
text = b"".join(struct.pack("=Q", len(c)) +
                c.tobytes() for c in costs)
out = subprocess.run([sys.argv[1]], input=text, stdout=subprocess.PIPE,
                     check=True).stdout.decode().splitlines()
assert len(out) == len(costs), (len(out), len(costs))
for c, line in zip(costs, out):
    ours = numpy.array(line.split(), int)
    assert sorted(ours) == list(range(len(c)))
    rows, theirs = linear_sum_assignment(c.astype(float))
    c = c.astype(float)
    p, q = c[rows, ours].sum(), c[rows, theirs].sum()
    # what lap.h states
    bound = len(c) * (c.max() - c.min()) * 2.0**-27
    assert abs(p - q) <= bound + 1e-12 * abs(q), (len(c), p, q, bound)
