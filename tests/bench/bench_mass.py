#!/usr/bin/env python3
"""Chains of layers, and two ways to their least mass in NumPy, on one thread.

bench_mass.py make DIR      writes DIR/deep.arch, deep.safetensors (50 hidden
                            layers of 128) and vgg.safetensors (VGG-16 for
                            CIFAR), random weights in f32
bench_mass.py peers FILE    prints CPU seconds and rounds of cyclic updates and
                            of Newton's method, to max |log(in / out)| <= 1e-9,
                            and the least mass of each, separated by tabs
"""
import json
import os
import struct
import sys
import time

for name in ("OPENBLAS", "OMP", "MKL"):
    os.environ[name + "_NUM_THREADS"] = "1"
import numpy as np

WANTED = 1e-9


def write(path, tensors):
    header, at = {}, 0
    for name, w in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(w.shape),
                        "data_offsets": [at, at + w.nbytes]}
        at += w.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for w in tensors.values():
            f.write(w.tobytes())


def read(path):
    with open(path, "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(n))
        data = f.read()
    return [np.frombuffer(data[slice(*t["data_offsets"])],
                          "<f4").reshape(t["shape"])
            for name, t in header.items() if name.endswith("weight")]


def layer(rng, *shape):
    """He's initialisation, with units and layers of different sizes."""
    w = rng.standard_normal(shape, dtype=np.float32)
    w *= np.sqrt(2 / np.prod(shape[1:])) * np.exp(0.3 * rng.standard_normal())
    w *= np.exp(0.3 * rng.standard_normal(shape[0])).reshape(
        (-1,) + (1,) * (len(shape) - 1))
    return w.astype("<f4")


def make(where):
    rng = np.random.default_rng(1)
    lines = ["ckpt-arch 1", "name deep", "input 128"]
    tensors = {}
    for i in range(50):
        lines += [f"linear l{i} out=128", "relu"]
        tensors[f"l{i}.weight"] = layer(rng, 128, 128)
        tensors[f"l{i}.bias"] = np.zeros(128, "<f4")
    lines += ["linear z out=10", "output"]
    tensors["z.weight"] = layer(rng, 10, 128)
    tensors["z.bias"] = np.zeros(10, "<f4")
    with open(f"{where}/deep.arch", "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    write(f"{where}/deep.safetensors", tensors)
    tensors, c, at = {}, 3, 0
    for n in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0,
              512, 512, 512, 0]:
        if n == 0:  # a pooling counts in the names
            at += 1
            continue
        tensors[f"features.{at}.weight"] = layer(rng, n, c, 3, 3)
        tensors[f"features.{at}.bias"] = np.zeros(n, "<f4")
        c, at = n, at + 2
    tensors["classifier.weight"] = layer(rng, 10, 512)
    tensors["classifier.bias"] = np.zeros(10, "<f4")
    write(f"{where}/vgg.safetensors", tensors)


def collapse(weights):
    """[layer][row][column]: sums of squares of kernels."""
    return [np.square(w, dtype=float).reshape(w.shape[:2] + (-1,)).sum(2)
            for w in weights]


def sums(a):
    """in, out of each hidden layer."""
    return ([b.sum(1) for b in a[:-1]], [b.sum(0) for b in a[1:]])


def certificate(a):
    return max(np.abs(np.log(i / o)).max() for i, o in zip(*sums(a)))


def scale(a, i, f):
    """The units of hidden layer i, by f of their squares."""
    a[i] *= f[:, None]
    a[i + 1] /= f


def cyclic(a):
    """Every round from the first layer to the last and back."""
    n = len(a) - 1
    for rounds in range(1, 100000):
        for i in list(range(n)) + list(reversed(range(n))):
            f = np.sqrt(a[i + 1].sum(0) / a[i].sum(1))
            scale(a, i, f)
        if rounds % 10 == 0 and certificate(a) <= WANTED:
            return rounds
    return -1


def newton(a):
    """With the chain's block tridiagonal matrix."""
    for _ in range(3):
        for i in range(len(a) - 1):
            scale(a, i, np.sqrt(a[i + 1].sum(0) / a[i].sum(1)))
    for rounds in range(1, 100):
        into, out = sums(a)
        n = len(into)
        pivots, rhs = [], []
        for i in range(n):  # eliminate layer by layer
            d = np.diag(into[i] + out[i])
            b = (out[i] - into[i]) / 2
            if i > 0:
                x = np.linalg.solve(pivots[-1], np.column_stack(
                    [a[i].T, rhs[-1]]))
                d -= a[i] @ x[:, :-1]
                b = b + a[i] @ x[:, -1]
            pivots.append(d)
            rhs.append(b)
        steps = [None] * n
        for i in reversed(range(n)):
            b = rhs[i]
            if i + 1 < n:
                b = b + a[i + 1].T @ steps[i + 1]
            steps[i] = np.linalg.solve(pivots[i], b)
        big = max(np.abs(s).max() for s in steps)
        for i in range(n):
            scale(a, i, np.exp(2 * min(1, 1 / big) * steps[i]))
        if certificate(a) <= WANTED:
            return rounds
    return -1


def peers(path):
    weights = read(path)
    row = []
    for method in (cyclic, newton):
        start = time.process_time()
        a = collapse(weights)
        rounds = method(a)
        row += [f"{time.process_time() - start:.3f}", str(rounds),
                f"{sum(b.sum() for b in a):.9g}"]
    print("\t".join(row))


{"make": make, "peers": peers}[sys.argv[1]](sys.argv[2])
