#!/usr/bin/env python3
"""Holds ckpt-align --to=REF to a plain weight matching: from the same start,
and with restarts against the best of 30 random starts.
"""
import os
import subprocess
import sys

try:
    import numpy
    from plain_matching import Table, draw, load, residual, save
except ImportError:
    sys.exit(77)

SRC = os.environ["srcdir"]
TMP = sys.argv[1]


def ours(arch, a, b, *options):
    text = subprocess.run(["ckpt-align", "-q", f"--arch={arch}", f"--to={a}",
                           "--report=-", "-o", "/dev/null", *options, b],
                          stdout=subprocess.PIPE, check=True).stdout
    head, row = [x.split("\t") for x in text.decode().splitlines()]
    row = dict(zip(head, row))
    return float(row["objective_before"]), float(row["objective_after"])


def check(arch, paths, n_starts):
    table = Table(arch)
    a, b = (load(p) for p in paths)
    same = {r: numpy.arange(n) for r, n in table.size.items()}
    before, after = ours(arch, *paths)
    assert abs(before - table.score(a, b, same)) <= 1e-6 * abs(before)
    theirs = table.match(a, b, same)
    print(arch, before, "ours", after, "theirs", theirs, flush=True)
    assert after >= theirs - 1e-6 * abs(theirs), (arch, after, theirs)
    if n_starts == 0:
        return
    rng = numpy.random.default_rng(0)
    theirs = max(table.match(a, b, {
        r: rng.permutation(n) for r, n in table.size.items()})
        for _ in range(n_starts))
    _, after = ours(arch, *paths, f"--restarts={n_starts}")
    print("  best of", n_starts, "ours", after, "theirs", theirs, flush=True)
    assert after >= theirs - 1e-3 * abs(theirs), (arch, after, theirs)


fixtures = os.path.join(SRC, "fixtures")
check("mlp-784-512", [f"{fixtures}/mlp/{i}.safetensors" for i in (0, 1)], 0)
for net in ("lenet5-relu", "lenet5-tanh"):
    for i in (1, 2, 3):
        check(net, [f"{fixtures}/{net}/{j}.safetensors" for j in (0, i)],
              30 if i == 1 else 0)
text, shapes = residual(24, 4)
arch = os.path.join(TMP, "residual.arch")
with open(arch, "w", encoding="ascii") as f:
    f.write(text)
paths = [os.path.join(TMP, f"{i}.safetensors") for i in range(4)]
for i, p in enumerate(paths):
    save(p, draw(shapes, i))
for p in paths[1:]:
    check(arch, [paths[0], p], 30 if p == paths[1] else 0)
