#!/usr/bin/env python3
"""Times ckpt-eval against PyTorch eager, one thread each, in one run.

bench_eval.py FIXTURES SCRATCH ARCH-DIR

Prints a line for each network, fields separated by tabs: the work, ours in
ms a model, PyTorch's in ms a model, the largest difference of the logits
relative to the largest logit. PyTorch runs the operations of the .arch file
(of ResNet-20, the module) one by one under no_grad, at the best of several
batch sizes, from images in memory; ckpt-eval is the whole program, reading
its files. Both compute accuracy, NLL, Brier's score and ECE. Medians of
rounds that alternate, of CPU time, which other work on the machine disturbs
least.
"""
import os
import random
import statistics
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

sys.path.insert(0, sys.argv[1] + "/train")
import safetensors_lite as st  # noqa: E402
from networks import ResNet20  # noqa: E402

ROUNDS = 3


class Net:
    """The operations of an .arch file on a dictionary of tensors."""

    def __init__(self, text):
        self.steps = []
        last = "input"
        for line in text.splitlines():
            words = line.split("#")[0].split()
            if not words or words[0] in ("ckpt-arch", "name", "input",
                                         "normalize", "output"):
                continue
            options = dict(w.split("=") for w in words[1:] if "=" in w)
            named = len(words) > 1 and "=" not in words[1]
            name = words[1] if named else f"@{len(self.steps)}"
            sources = options.pop("from", last).split(",")
            self.steps.append((words[0], name, sources, {
                k: v if k == "bias" else float(v) if k == "slope" else int(v)
                for k, v in options.items()}))
            last = name

    def __call__(self, weights, x):
        values = {"input": x}
        for op, name, sources, o in self.steps:
            x = values[sources[0]]
            window = {k: o[k] for k in ("stride", "padding") if k in o}
            if op == "conv":
                x = F.conv2d(x, weights[name + ".weight"],
                             weights.get(name + ".bias"), **window,
                             dilation=o.get("dilation", 1),
                             groups=o.get("groups", 1))
            elif op == "linear":
                x = F.linear(x.flatten(1), weights[name + ".weight"],
                             weights.get(name + ".bias"))
            elif op == "maxpool":
                x = F.max_pool2d(x, o["kernel"], **window)
            elif op == "avgpool":
                x = F.avg_pool2d(x, o["kernel"], **window)
            elif op == "globalavgpool":
                x = F.adaptive_avg_pool2d(x, 1)
            elif op == "flatten":
                x = x.flatten(1)
            elif op == "add":
                for other in sources[1:]:
                    x = x + values[other]
            elif op == "leakyrelu":
                x = F.leaky_relu(x, o.get("slope", 0.01))
            else:
                x = {"relu": torch.relu, "tanh": torch.tanh,
                     "sigmoid": torch.sigmoid}[op](x)
            values[name] = x
        return x


class Module:
    """A PyTorch module of random weights and running statistics, as a file
    and called as Net is."""

    def __init__(self, module, path):
        torch.manual_seed(1)
        self.module = module.eval()
        for name, value in module.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 1.5)
            elif name.endswith(("running_mean", "beta", "tau", "bn1.bias",
                                "bn2.bias")):
                value.normal_(0, 0.2)
        st.save(module.state_dict(), path)

    def __call__(self, weights, x):
        return self.module(x)


def scores(z, y):
    p = F.softmax(z, 1)
    confidence, top = p.max(1)
    right = (top == y).float()
    bins = (confidence * 15).ceil().long().clamp(1, 15) - 1
    gap = torch.zeros(15).index_add_(0, bins, confidence - right)
    brier = (p - F.one_hot(y, p.shape[1])).square().sum(1).mean()
    return (right.mean().item(), F.cross_entropy(z, y).item(), brier.item(),
            gap.abs().sum().item() / len(y))


def eager(net, weights, x, y, batch):
    with torch.no_grad():
        z = torch.cat([net(weights, part) for part in x.split(batch)])
        scores(z, y)
    return z


def draw(seed, scratch):
    """A small network of random operations and random weights."""
    r = random.Random(seed)
    lines = ["ckpt-arch 1", "name drawn", "input 1x28x28",
             "normalize scale=1/255 mean=0.1307 std=0.3081"]
    weights = {}
    n = 0

    def add(name, *shape):
        values = np.random.default_rng(seed + len(weights)).normal(
            0, np.prod(shape[1:]) ** -0.5, shape)
        weights[name] = torch.tensor(values, dtype=torch.float32)

    def conv(c, out, kernel, options, groups=1):
        nonlocal n
        n += 1
        lines.append(f"conv conv{n} out={out} kernel={kernel} "
                     f"groups={groups} {options}")
        add(f"conv{n}.weight", out, c // groups, kernel, kernel)
        add(f"conv{n}.bias", out)

    def activation():
        lines.append(r.choice(["relu", "leakyrelu slope=0.1", "tanh",
                               "sigmoid"]))

    c, side = 1, 28
    for _ in range(r.randint(2, 3)):
        out = 4 * r.randint(2, 5)
        kernel = r.choice([3, 5])
        dilation = r.choice([1, 1, 2])
        padding = r.randint(0, kernel // 2)
        conv(c, out, kernel, f"padding={padding} dilation={dilation}",
             r.choice([1, 2, 4]) if c > 1 else 1)
        side += 2 * padding - dilation * (kernel - 1)
        c = out
        activation()
        if r.random() < 0.5:
            words = lines[-1].split()
            lines[-1] = " ".join([words[0], f"r{n}"] + words[1:])
            start = n
            conv(c, c, 3, "padding=1")
            lines.append(f"add from=r{start},conv{n}")
            activation()
        if side >= 8:
            lines.append(r.choice(["maxpool", "avgpool"]) + " kernel=2")
            side //= 2
    if r.random() < 0.5:
        lines.append("globalavgpool")
    else:
        lines.append("flatten")
        c *= side * side
    for name, out in (("fc1", 30), ("fc2", 10)):
        lines.append(f"linear {name} out={out}")
        add(f"{name}.weight", out, c)
        add(f"{name}.bias", out)
        c = out
        if name == "fc1":
            activation()
    lines.append("output")
    (scratch / "drawn.arch").write_text("\n".join(lines) + "\n")
    st.save(weights, scratch / "drawn.safetensors")
    return sum(w.numel() for w in weights.values())


def read_npy(path):
    return torch.from_numpy(np.load(path))


def measure(work, arch, files, repeat, target, fixtures, scratch, net=None,
            n_images=10000, **normalise):
    mnist = fixtures / "mnist"
    data = f"{mnist}/t10k-images-idx3-ubyte.gz," \
           f"{mnist}/t10k-labels-idx1-ubyte.gz"
    command = ["ckpt-eval", "-q", "-j1", f"--arch={arch}", f"--data={data}"]
    x = st.images(mnist / "t10k-images-idx3-ubyte", **normalise)[:n_images]
    y = st.labels(mnist / "t10k-labels-idx1-ubyte").long()[:n_images]
    net = net or Net(Path(arch).read_text())
    if files[0].suffix == ".tgz":
        with tarfile.open(files[0]) as tar:
            member = tar.next()
            while not member.isfile():
                member = tar.next()
            weights = st.loads(tar.extractfile(member).read())
        n_models = 1024
    else:
        weights = st.load(files[0])
        n_models = len(files) * repeat
    weights = {k: v.float() for k, v in weights.items()}

    logits = scratch / "z.npy"
    subprocess.run(command + ["--limit=1000", f"--logits={logits}",
                              str(files[0])], check=True,
                   stdout=subprocess.DEVNULL)
    z = eager(net, weights, x[:1000], y[:1000], 1000)
    error = ((read_npy(logits)[0] - z).abs().max() / z.abs().max()).item()

    times = {}
    command.append(f"--limit={n_images}")
    for batch in (100, 500, 1000, n_images):
        start = time.process_time()
        eager(net, weights, x, y, batch)
        times[batch] = time.process_time() - start
    batch = min(times, key=times.get)
    ours, peer = [], []
    for _ in range(ROUNDS):
        before = os.times()
        subprocess.run(command + [str(f) for f in files] * repeat,
                       check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        ours.append((after.children_user + after.children_system -
                     before.children_user - before.children_system) /
                    n_models * 1e3)
        for _ in range(3):
            start = time.process_time()
            eager(net, weights, x, y, batch)
            peer.append((time.process_time() - start) * 1e3)
    print(work, f"{statistics.median(ours):.3g}",
          f"{statistics.median(peer):.3g}", batch, f"{error:.1g}", target,
          sep="\t", flush=True)


def main(fixtures, scratch, archs):
    torch.set_num_threads(1)
    n = draw(2, scratch)
    measure("1,024 OptuNets", archs / "optunet.arch",
            [fixtures / "mnist-optunet-0-1023.tgz"], 1, "<= 15 ms",
            fixtures, scratch)
    for name, arch, repeat, target in (
            ("lenet5-relu", "lenet5-relu", 8, ">= 5x"),
            ("lenet5-tanh", "lenet5-tanh", 8, ">= 5x"),
            ("mlp", "mlp-784-512", 8, ">= 1x")):
        measure(name, archs / f"{arch}.arch",
                sorted((fixtures / name).glob("*.safetensors")), repeat,
                target, fixtures, scratch)
    measure(f"drawn net, {n:,} parameters", scratch / "drawn.arch",
            [scratch / "drawn.safetensors"], 32, ">= 5x", fixtures, scratch)
    for kind, arch in (("bn-relu", "resnet20-fashion"),
                       ("frn-silu", "resnet20-frn-silu-fashion")):
        path = scratch / f"{kind}.safetensors"
        measure(f"ResNet-20 {kind}, 2,000 images", archs / f"{arch}.arch",
                [path], 1, ">= 1x", fixtures, scratch,
                Module(ResNet20(kind), path), 2000, mean=0.286, std=0.353)


if __name__ == "__main__":
    main(*(Path(a) for a in sys.argv[1:]))
