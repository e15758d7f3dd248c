#!/usr/bin/env python3
"""The least mass of random networks by ckpt-eval --mass, against Newton's
method in NumPy on the very weights, with scales given unit by unit by the
network's own description here (no table, no collapsing, no conjugate
gradients).

mass_oracle.py SEED NETS SCRATCH
"""
import json
import struct
import subprocess
import sys

import numpy as np


class Net:
    """An .arch text, tensors, and the scales that act on each: arrays of
    numbers of units (-1: none), one for each element's row and column."""

    def __init__(self, rng, spread):
        self.rng, self.spread = rng, spread
        self.lines, self.tensors, self.acts = ["ckpt-arch 1"], {}, []
        self.sets, self.gains = {}, {}
        self.kinds = ["batch"] if rng.random() < 0.5 else \
            ["batch", "group", "layer"]
        self.n_units = 0
        self.norms = []      # wanted of each unit; 0: balance

    def units(self, n, norm=0):
        self.n_units += n
        self.norms += [norm] * n
        return np.arange(self.n_units - n, self.n_units)

    def weight(self, name, shape, rows, cols):
        """rows[r] and cols[r][c] are the units of element (r, c, ...)."""
        rng = self.rng
        w = rng.standard_normal(shape)
        scale = np.exp(self.spread * rng.standard_normal(shape[:2]))
        w *= np.exp(self.spread * rng.standard_normal())
        w *= scale.reshape(shape[:2] + (1,) * (len(shape) - 2))
        self.tensors[name + ".weight"] = w
        row = np.broadcast_to(rows[:, None], shape[:2])
        self.acts.append((name + ".weight", row, cols))
        self.tensors[name + ".bias"] = rng.standard_normal(shape[0])

    def full(self, name, rows, cols, inner=()):
        self.weight(name, (len(rows), len(cols)) + inner, rows,
                    np.broadcast_to(cols[None, :], (len(rows), len(cols))))

    def norm(self, name, units, filters):
        """A normalisation whose gammas write units; the filters before it
        are normalised in sets: one each, of some, or all."""
        n = len(units)
        kind, _ = self.sets[name]
        self.lines.append(kind)
        self.tensors[name + ".weight"] = self.rng.standard_normal(n) * \
            np.exp(self.spread * self.rng.standard_normal(n))
        self.tensors[name + ".bias"] = self.rng.standard_normal(n)
        if kind.startswith("batch"):
            rng = self.rng
            self.tensors[name + ".running_mean"] = rng.standard_normal(n)
            self.tensors[name + ".running_var"] = self.variances(
                filters) * np.exp(0.3 * rng.standard_normal(n))
        self.acts.append((name + ".weight", units[:, None],
                          np.full((n, 1), -1)))
        for unit, gamma in zip(units, self.tensors[name + ".weight"]):
            self.gains[int(unit)] = gamma * gamma

    def variances(self, filters):
        """Of what the filters make of independent inputs of variance 1,
        times gamma squared."""
        found = np.zeros(len(filters))
        for name, row, col in self.acts:
            if row.shape[0] == len(filters) and (row[:, 0] == filters).all():
                gains = np.vectorize(lambda u: self.gains.get(u, 1))(col)
                w = self.tensors[name]
                found += ((w * w).reshape(col.shape + (-1,)).sum(2) *
                          gains).sum(1)
        return found

    def filters(self, name, n):
        """Units of the filters that the normalisation `name` will read."""
        kind = self.rng.choice(self.kinds)
        sets = n
        if kind == "layer":
            sets = 1
        elif kind == "group":
            sets = int(self.rng.choice([g for g in range(1, n + 1)
                                        if n % g == 0]))
        self.sets[name] = (f"{kind}norm {name}" + (
            f" groups={sets}" if kind == "group" else ""), sets)
        return np.repeat(self.units(sets, n // sets), n // sets)


def none(n):
    return np.full(n, -1)


def perceptron(rng):
    net = Net(rng, rng.choice([0, 0.5, 2]))
    widths = rng.integers(1, 9, rng.integers(1, 61))
    net.lines.append("input 5")
    before = none(5)
    for i, n in enumerate(widths):
        net.lines += [f"linear l{i} out={n}", "relu"]
        units = net.units(n)
        net.full(f"l{i}", units, before)
        before = units
    net.lines += ["linear z out=3", "output"]
    net.full("z", none(3), before)
    return net


def residual(rng):
    net = Net(rng, rng.choice([0, 0.5, 1.5]))
    c = int(rng.integers(2, 7))
    net.lines += ["input 2x6x6", f"conv stem out={c} kernel=3 padding=1",
                  "relu x0"]
    stream = net.units(c)
    net.full("stem", stream, none(2), (3, 3))
    blocks = int(rng.integers(1, 16))
    for i in range(blocks):
        n = int(rng.integers(1, 7))
        inner = net.units(n)
        net.lines += [f"conv a{i} from=x{i} out={n} kernel=3 padding=1",
                      "relu", f"conv b{i} out={c} kernel=1",
                      f"add s{i} from=x{i},b{i}", f"relu x{i + 1}"]
        net.full(f"a{i}", inner, stream, (3, 3))
        net.full(f"b{i}", stream, inner, (1, 1))
    net.lines += ["flatten", "linear z out=3", "output"]
    net.full("z", none(3), np.repeat(stream, 36))
    return net


def grouped(rng):
    net = Net(rng, rng.choice([0, 0.5, 1.5]))
    net.lines.append("input 4x6x6")
    before, n = none(4), 4
    for i in range(int(rng.integers(1, 12))):
        groups = int(rng.choice([g for g in (1, 2, 3, 4, 6) if n % g == 0]))
        out = groups * int(rng.integers(1, 4))
        net.lines += [f"conv c{i} out={out} kernel=3 padding=1 "
                      f"groups={groups}", "leakyrelu slope=0.1"]
        units = net.units(out)
        width = n // groups
        slices = np.arange(out) // (out // groups)
        cols = before[slices[:, None] * width + np.arange(width)]
        net.weight(f"c{i}", (out, width, 3, 3), units, cols)
        before, n = units, out
    net.lines += ["globalavgpool", "linear z out=3", "output"]
    net.full("z", none(3), before)
    return net


def normalised(rng):
    """Layers, each with a normalisation; then, of a stream that only a
    normalisation reads, layers that add to it."""
    net = Net(rng, rng.choice([0, 0.5, 1.5]))
    net.lines.append("input 3x6x6")
    before, c = none(3), 3
    for i in range(int(rng.integers(1, 8))):
        c = int(rng.integers(1, 9))
        filters = net.filters(f"n{i}", c)
        net.lines.append(f"conv c{i} out={c} kernel=3 padding=1")
        net.full(f"c{i}", filters, before, (3, 3))
        before = net.units(c)
        net.norm(f"n{i}", before, filters)
        net.lines.append("relu")
    net.lines += ["relu x", f"conv s0 from=x out={c} kernel=1"]
    stream = net.filters("last", c)
    net.full("s0", stream, before, (1, 1))
    for i in range(int(rng.integers(0, 4))):
        net.lines += [f"conv t{i} from=x out={c} kernel=3 padding=1",
                      f"add s{i + 1} from=s{i},t{i}"]
        net.full(f"t{i}", stream, before, (3, 3))
    before = net.units(c)
    net.norm("last", before, stream)
    net.lines += ["relu", "globalavgpool", "linear z out=3", "output"]
    net.full("z", none(3), before)
    return net


def least(net):
    """Newton, damped, in the logarithms of the scales, of the mass less
    twice the wanted norms times the logarithms."""
    rows, cols, squares = [], [], []
    for name, row, col in net.acts:
        w = net.tensors[name]
        a = (w * w).reshape(row.shape + (-1,)).sum(axis=2)
        rows.append(row.ravel())
        cols.append(col.ravel())
        squares.append(a.ravel())
    # one more unit, for none, whose scale stays
    n = net.n_units
    row = np.concatenate(rows) % (n + 1)
    col = np.concatenate(cols) % (n + 1)
    a = np.concatenate(squares)
    x = np.zeros(n + 1)
    norms = np.array(net.norms, dtype=float)

    def mass(y):
        return float((a * np.exp(2 * (y[row] - y[col]))).sum())

    def objective(y):
        return mass(y) - 2 * float(norms @ y[:n])

    now = objective(x)
    for _ in range(1000):
        b = a * np.exp(2 * (x[row] - x[col]))
        g = (np.bincount(row, b, n + 1) - np.bincount(col, b, n + 1))[:n]
        g -= norms
        h = np.zeros((n + 1, n + 1))
        np.add.at(h, (row, col), -b)
        h = h + h.T
        h -= np.diag(h.sum(axis=1))
        step = np.linalg.solve(h[:n, :n], -g / 2)
        t = 1 / max(1.0, np.abs(step).max())
        y = x.copy()
        while t > 1e-6:
            y[:n] = x[:n] + t * step
            if objective(y) <= now:
                break
            t /= 2
        else:
            break
        done = np.abs(step).max() < 1e-13
        x, now = y, objective(y)
        if done:
            break
    return mass(x)


def write(path, tensors):
    header, data = {}, b""
    for name, w in tensors.items():
        raw = w.astype("<f8").tobytes()
        header[name] = {"dtype": "F64", "shape": list(w.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def tool(*argv):
    return subprocess.run(argv, check=True, capture_output=True).stdout


def check_written(i, net, want, scratch):
    """What ckpt-align writes weighs the least, and computes the same."""
    model, out = f"{scratch}/net.safetensors", f"{scratch}/out.ckpk"
    tool("ckpt-align", "-q", "--scale=min-mass", "-o", out,
         f"--arch={scratch}/net.arch", f"--report={scratch}/report", model)
    row = json.loads(tool("ckpt-eval", "-q", "--mass", "--json",
                          f"--arch={scratch}/net.arch", out))
    with open(f"{scratch}/report", encoding="utf-8") as f:
        report = dict(zip(*(line.rstrip("\n").split("\t") for line in f)))
    if (abs(row["mass"] / want - 1) > 1e-6 or
            abs(row["least_mass"] / want - 1) > 1e-6):
        sys.exit(f"seed {i}: least {want!r}; written {row}")
    # other normalisations than batch norm see a scale through their eps
    if (all(kind.startswith("batch") for kind, _ in net.sets.values()) and
            not float(report["output_change"]) <=
            1e-4 * float(report["max_logit"])):
        sys.exit(f"seed {i}: another function: {report}")


def main(seed, count, scratch):
    for i in range(int(seed), int(seed) + int(count)):
        rng = np.random.default_rng(i)
        net = [perceptron, residual, grouped, normalised][i % 4](rng)
        with open(f"{scratch}/net.arch", "w", encoding="ascii") as f:
            f.write("\n".join(net.lines) + "\n")
        write(f"{scratch}/net.safetensors", net.tensors)
        out = subprocess.run(
            ["ckpt-eval", "--mass", "--json",
             f"--arch={scratch}/net.arch", f"{scratch}/net.safetensors"],
            check=True, capture_output=True)
        row = json.loads(out.stdout)
        weights = [w for k, w in net.tensors.items() if k.endswith("weight")]
        mass = sum(float((w * w).sum()) for w in weights)
        want = least(net)
        if any(net.norms):  # behind normalisations there is no least
            excess = 100 * (mass / want - 1)
            if out.stderr.count(b"no least mass: ") != 1:
                sys.exit(f"seed {i}: not said: {out.stderr}")
            if row["excess_percent"] is not None:
                sys.exit(f"seed {i}: an excess over no least: {row}")
            row["excess_percent"] = excess
        if (abs(row["mass"] / mass - 1) > 1e-8 or
                abs(row["least_mass"] / want - 1) > 1e-8 or
                abs(row["excess_percent"] - 100 * (mass / want - 1)) >
                1e-7 * (1 + 100 * mass / want) or
                not row["certificate"] <= 1e-9):
            sys.exit(f"seed {i}: mass {mass!r}, least {want!r}; "
                     f"found {row}")
        check_written(i, net, want, scratch)


main(*sys.argv[1:])
