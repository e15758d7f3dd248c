#!/usr/bin/env python3
"""The peers of bench_match.sh, on one thread, in CPU seconds; separated by
tabs.

bench_match.py lap PROGRAM N
    an assignment of costs -A B^T of independent normal numbers: our
    milliseconds, SciPy's, and whether the sums are equal
bench_match.py match ARCH DIR
    a plain weight matching in NumPy and SciPy of DIR/b.safetensors to a: its
    seconds, those of its matrix products, sweeps, objective
"""
import os
import subprocess
import sys
import time

for name in ("OPENBLAS", "OMP", "MKL"):
    os.environ[name + "_NUM_THREADS"] = "1"
import numpy
from scipy.optimize import linear_sum_assignment

sys.path.insert(0, os.path.join(os.environ["srcdir"], "tests", "prop"))
from plain_matching import Table, load


def lap(program, n):
    rng = numpy.random.default_rng(n)
    a, b = rng.standard_normal((2, n, n), dtype=numpy.float32)
    c = -(a @ b.T)
    out = subprocess.run([program], stdout=subprocess.PIPE, check=True,
                         input=n.to_bytes(8, sys.byteorder) + c.tobytes())
    ours, total = map(float, out.stdout.split())
    c = c.astype(float)
    start = time.process_time()
    row, column = linear_sum_assignment(c)
    theirs = time.process_time() - start
    best = c[row, column].sum()
    same = "same sum" if abs(total - best) <= 1e-7 * abs(best) else \
        f"ANOTHER SUM {total} {best}"
    print(f"{1000 * ours:.4g}\t{1000 * theirs:.4g}\t{same}")


def match(arch, where):
    table = Table(arch)
    a, b = ({k: w.astype(numpy.float32) for k, w in
             load(os.path.join(where, f"{x}.safetensors")).items()}
            for x in "ab")
    perm = {r: numpy.arange(n) for r, n in table.size.items()}
    start = time.process_time()
    score = table.match(a, b, perm)
    total = time.process_time() - start
    print(f"{total:.3g}\t{table.product_time:.3g}\t{table.n_sweeps}\t"
          f"{score:.6g}")


if sys.argv[1] == "lap":
    lap(sys.argv[2], int(sys.argv[3]))
else:
    match(*sys.argv[2:])
