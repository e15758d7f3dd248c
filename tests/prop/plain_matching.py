"""A plain weight matching (Ainsworth, Hayase, Srinivasa, ICLR 2023, Algorithm
1), written from the table of symmetries; models in safetensors as arrays.
"""
import json
import subprocess
import time

import numpy
from scipy.optimize import linear_sum_assignment

TYPES = {"F16": numpy.float16, "F32": numpy.float32, "F64": numpy.float64}


def load(path):
    with open(path, "rb") as f:
        n = int.from_bytes(f.read(8), "little")
        head = json.loads(f.read(n))
        data = f.read()
    head.pop("__metadata__", None)
    model = {}
    for k, t in head.items():
        w = data[t["data_offsets"][0]:t["data_offsets"][1]]
        if t["dtype"] == "BF16":
            w = numpy.frombuffer(w, numpy.uint16).astype(numpy.uint32) << 16
            w = w.view(numpy.float32)
        else:
            w = numpy.frombuffer(w, TYPES[t["dtype"]])
        model[k] = w.astype(float).reshape(t["shape"])
    return model


def save(path, model):
    head, at = {}, 0
    for k, w in model.items():
        head[k] = {"dtype": "F32", "shape": list(w.shape),
                   "data_offsets": [at, at + 4 * w.size]}
        at += 4 * w.size
    text = json.dumps(head).encode()
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text)
        for w in model.values():
            f.write(w.astype(numpy.float32).tobytes())


class Table:
    """The axes that each family of groups acts on: of networks without
    concatenation, whose blocks are of one unit."""

    def __init__(self, arch):
        text = subprocess.run(["ckpt-align", "--table", f"--arch={arch}"],
                              stdout=subprocess.PIPE, check=True).stdout
        groups, axes = {}, []
        for line in text.decode().splitlines()[1:]:
            w = line.split()
            if w[0] == "group":
                groups[int(w[1])] = (int(w[2]), w[-1])
            else:
                axes.append((w[7], int(w[1]), int(w[2]), int(w[3]),
                             int(w[4]), w[5], int(w[6])))
        root = {}
        for g in groups:
            r = g
            while groups[r][1] != "-":
                assert groups[int(groups[r][1])][0] == groups[r][0]
                r = int(groups[r][1])
            root[g] = r
        self.size = {r: groups[r][0] for r in root.values()}
        self.axes, rank = {}, {}
        for name, axis, g, block, slices, action, order in axes:
            # running variances are no part of the objective; the diagonal
            # of a vector is what its other line says already
            if action == "none" or slices > 1:
                continue
            self.axes.setdefault(name, []).append((axis, root[g], block))
            rank[root[g]] = min(rank.get(root[g], order), order)
        self.product_time = 0  # seconds in products of matrices
        self.n_sweeps = 0
        self.order = sorted(rank, key=lambda r: (rank[r], r))

    def moved(self, name, w, perm, but=None):
        for axis, r, block in self.axes[name]:
            if r == but:
                continue
            p = perm[r]
            index = (p[:, None] * block + numpy.arange(block)).ravel()
            w = numpy.take(w, index, axis)
        return w

    def score(self, a, b, perm):
        return sum((a[k] * self.moved(k, b[k], perm)).sum()
                   for k in self.axes)

    def match(self, a, b, perm):
        best, gained = self.score(a, b, perm), True
        while gained:
            gained = False
            self.n_sweeps += 1
            for r in self.order:
                n = self.size[r]
                c = numpy.zeros((n, n), next(iter(a.values())).dtype)
                for k, axes in self.axes.items():
                    w = [x for x in axes if x[1] == r]
                    for axis, _, _ in w:
                        x = numpy.moveaxis(a[k], axis, 0).reshape(n, -1)
                        y = self.moved(k, b[k], perm, r)
                        y = numpy.moveaxis(y, axis, 0).reshape(n, -1)
                        start = time.process_time()
                        c += x @ y.T
                        self.product_time += time.process_time() - start
                old, perm[r] = perm[r], linear_sum_assignment(-c)[1]
                new = self.score(a, b, perm)
                if new > best + 1e-12 * abs(best):
                    best, gained = new, True
                else:
                    perm[r] = old
        return best


def residual(width, depth):
    """A residual network of normalised layers, as .arch text and shapes."""
    text = ["ckpt-arch 1", "input 1x8x8"]
    shapes = {}

    def conv(name, c, o, source=""):
        text.append(f"conv {name} out={o} kernel=3 padding=1 bias=no{source}")
        text.append(f"batchnorm {name}.bn")
        shapes[f"{name}.weight"] = (o, c, 3, 3)
        for k in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.bn.{k}"] = (o,)

    conv("stem", 1, width)
    text.append("relu r0")
    for i in range(depth):
        conv(f"a{i}", width, width, f" from=r{i}")
        text.append("relu")
        conv(f"b{i}", width, width)
        text.append(f"add s{i} from=r{i},b{i}.bn")
        text.append(f"relu r{i + 1}")
    text += ["globalavgpool", "linear z out=5", "output"]
    shapes["z.weight"], shapes["z.bias"] = (5, width), (5,)
    return "\n".join(text) + "\n", shapes


def draw(shapes, seed):
    rng = numpy.random.default_rng(seed)
    model = {k: rng.normal(size=s) / max(1, numpy.prod(s[1:])) ** 0.5
             for k, s in shapes.items()}
    return {k: numpy.abs(w) if k.endswith("var") else w
            for k, w in model.items()}
