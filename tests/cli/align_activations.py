#!/usr/bin/env python3
"""align_activations.py DIR: --method=activations against correlations and
assignments by NumPy and SciPy, and on a planted residual network."""
import gzip
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["srcdir"], "tests", "prop"))
try:
    import numpy
    from scipy.optimize import linear_sum_assignment
    from plain_matching import Table, draw, load, residual, save
except ImportError:
    sys.exit(77)

FIXTURES = os.path.join(os.environ["srcdir"], "fixtures")
TMP = sys.argv[1]


def align(arch, ref, model, data):
    """What ckpt-align makes of a model, as arrays."""
    out = os.path.join(TMP, "out.ckpk")
    subprocess.run(["ckpt-align", "-q", f"--arch={arch}", f"--to={ref}",
                    "--method=activations", f"--data={data}", "-o", out,
                    os.path.basename(model)], cwd=os.path.dirname(model),
                   check=True)
    where = os.path.join(TMP, "files")
    os.makedirs(where, exist_ok=True)
    subprocess.run(["ckpt-cat", "--to=safetensors", "-C", where, out],
                   check=True)
    for root, _, files in os.walk(where):
        for name in files:
            path = os.path.join(root, name)
            model = load(path)
            os.remove(path)
    return model


def hidden(model, x):
    """Activations of a multi-layer perceptron with ReLU."""
    out = []
    for i in (1, 2, 3):
        x = numpy.maximum(x @ model[f"fc{i}.weight"].T +
                          model[f"fc{i}.bias"], 0)
        out.append(x)
    return out


def check_mlp():
    paths = [f"{FIXTURES}/mlp/{i}.safetensors" for i in (0, 1)]
    data = f"{FIXTURES}/mnist/t10k-images-idx3-ubyte.gz"
    with gzip.open(data) as f:
        x = numpy.frombuffer(f.read()[16:], numpy.uint8).reshape(-1, 784)
    ref, model = map(load, paths)
    result = align("mlp-784-512", *paths, data)
    # the preprocessing of the .arch file
    x = (x / 255 - 0.1307) / 0.3081
    for i, (a, b) in enumerate(zip(hidden(ref, x), hidden(model, x))):
        # units are known by their incoming weights in any order
        name = f"fc{i + 1}.weight"
        key = {numpy.sort(w).tobytes(): u for u, w in enumerate(model[name])}
        ours = numpy.array([key[numpy.sort(w).tobytes()]
                            for w in result[name]])
        assert sorted(ours) == list(range(len(ours)))
        a, b = ((z - z.mean(0)) / numpy.where(z.std(0) > 0, z.std(0), 1)
                for z in (a, b))
        c = a.T @ b / len(a)
        row, theirs = linear_sum_assignment(-c)
        best, found = c[row, theirs].sum(), c[row, ours].sum()
        assert abs(best - found) <= 1e-4 * best, (name, best, found)


def check_residual():
    """Units of a residual network with batch norm, moved and with noise."""
    text, shapes = residual(24, 3)
    arch = os.path.join(TMP, "residual.arch")
    with open(arch, "w", encoding="ascii") as f:
        f.write(text)
    rng = numpy.random.default_rng(5)
    ref = draw(shapes, 1)
    table = Table(arch)
    perm = {r: rng.permutation(n) for r, n in table.size.items()}
    moved = {k: table.moved(k, w, perm) if k in table.axes else w
             for k, w in ref.items()}
    for k, w in ref.items():  # the table here leaves them out
        if k.endswith("running_var"):
            base = k.replace("running_var", "running_mean")
            moved[k] = table.moved(base, w, perm)
    moved = {k: w * (1 + 0.1 * rng.normal(size=w.shape))
             for k, w in moved.items()}
    paths = [os.path.join(TMP, f"{x}.safetensors") for x in "ab"]
    for p, m in zip(paths, (ref, moved)):
        save(p, m)
    data = os.path.join(TMP, "images.npy")
    numpy.save(data, rng.normal(size=(100, 1, 8, 8)))
    result = align(arch, *paths, data)
    for k, w in ref.items():
        off = numpy.linalg.norm(result[k] - w) / numpy.linalg.norm(w)
        assert off < 0.2, (k, off)


check_mlp()
check_residual()
