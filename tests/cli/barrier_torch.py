#!/usr/bin/env python3
"""Lines between two small networks with batch norm, by PyTorch.

  make DIR            DIR/a.safetensors, DIR/b.safetensors, DIR/net.arch
  check DIR IMAGES LABELS REPAIR LIMIT TABLE
                      compares the rows of `none` in ckpt-align's TABLE with
                      what PyTorch finds; REPAIR holds the images whose
                      statistics are taken. Exits 77 without PyTorch.
"""
import gzip
import json
import math
import random
import struct
import sys

ARCH = """ckpt-arch 1
name small-batchnorm
input 1x28x28
normalize scale=1/255 mean=0.286 std=0.353
carry *.num_batches_tracked
conv conv1 out=6 kernel=3 stride=2 padding=1 bias=no
batchnorm bn1
relu
conv conv2 out=8 kernel=3 stride=2 padding=1
batchnorm bn2 eps=0.001
relu
globalavgpool
linear fc out=10
output
"""
SHAPES = [("conv1.weight", [6, 1, 3, 3]), ("conv2.weight", [8, 6, 3, 3]),
          ("conv2.bias", [8]), ("fc.weight", [10, 8]), ("fc.bias", [10])]


def make(folder):
    with open(f"{folder}/net.arch", "w") as f:
        f.write(ARCH)
    for seed, name in enumerate("ab"):
        rng = random.Random(seed)
        model = {}
        for key, shape in SHAPES:
            n = math.prod(shape)
            scale = (n / shape[0]) ** -0.5 * (4 if key[:2] == "fc" else 1)
            model[key] = shape, [rng.gauss(0, scale) for _ in range(n)]
        for key, n in (("bn1", 6), ("bn2", 8)):
            model[key + ".weight"] = [n], [rng.uniform(0.5, 2)
                                           for _ in range(n)]
            model[key + ".bias"] = [n], [rng.gauss(0, 1) for _ in range(n)]
            model[key + ".running_mean"] = [n], [rng.gauss(0, 1)
                                                 for _ in range(n)]
            model[key + ".running_var"] = [n], [rng.uniform(0.1, 3)
                                                for _ in range(n)]
            model[key + ".num_batches_tracked"] = [], [seed + 5]
        header, data = {}, b""
        for key, (shape, values) in model.items():
            code, dtype = ("q", "I64") if shape == [] else ("f", "F32")
            raw = struct.pack(f"<{len(values)}{code}", *values)
            header[key] = {"dtype": dtype, "shape": shape, "data_offsets":
                           [len(data), len(data) + len(raw)]}
            data += raw
        text = json.dumps(header).encode()
        with open(f"{folder}/{name}.safetensors", "wb") as f:
            f.write(struct.pack("<Q", len(text)) + text + data)


def weights(path, torch):
    """The floating tensors, in double."""
    with open(path, "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(n))
        data = f.read()
    found = {}
    for key, t in header.items():
        if t["dtype"] == "F32":
            raw = data[t["data_offsets"][0]:t["data_offsets"][1]]
            values = struct.unpack(f"<{len(raw) // 4}f", raw)
            found[key] = torch.tensor(values, dtype=torch.float64).reshape(
                t["shape"])
    return found


def network(torch):
    nn = torch.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 3, 2, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(6, momentum=None)
            self.conv2 = nn.Conv2d(6, 8, 3, 2, 1)
            self.bn2 = nn.BatchNorm2d(8, eps=0.001, momentum=None)
            self.fc = nn.Linear(8, 10)

        def forward(self, x):
            x = torch.relu(self.bn1(self.conv1(x)))
            x = torch.relu(self.bn2(self.conv2(x)))
            return self.fc(x.mean((2, 3)))

    return Net()


def idx(path, head, limit):
    with gzip.open(path) as f:
        f.read(head)
        return list(f.read(limit))


def check(folder, images, labels, repair, limit, table):
    try:
        import torch
    except ImportError:
        print("PyTorch is missing")
        sys.exit(77)
    limit = int(limit)

    def pictures(path):
        x = torch.tensor(idx(path, 16, limit * 784), dtype=torch.float64)
        return ((x.reshape(-1, 1, 28, 28) / 255 - 0.286) / 0.353).float()

    x, other = pictures(images), pictures(repair)
    y = torch.tensor(idx(labels, 8, limit))
    a, b = (weights(f"{folder}/{k}.safetensors", torch) for k in "ab")
    with open(table) as f:
        rows = [line.rstrip("\n").split("\t") for line in f][1:]
    rows = [r for r in rows if r[1] == "none"]
    assert {r[2] for r in rows} == {"none", "reset"} and len(rows) == 10, rows
    worst, found = 0, {"none": [], "reset": []}
    for _, _, kind, t, loss, accuracy, barrier, _ in rows:
        net, t = network(torch).eval(), float(t)
        net.load_state_dict({k: ((1 - t) * a[k] + t * b[k]).float()
                             for k in a}, strict=False)
        with torch.no_grad():
            if kind == "reset":
                # one after another: a batch norm that trains divides by
                # the biased variance, a trained one by the unbiased
                for bn in (net.bn1, net.bn2):
                    bn.reset_running_stats()
                    bn.train()
                    net(other)
                    bn.eval()
            z = net(x).double()
        nll = torch.nn.functional.cross_entropy(z, y).item()
        right = (z.argmax(1) == y).double().mean().item()
        worst = max(worst, abs(nll - float(loss)))
        assert abs(nll - float(loss)) < 2e-6, (kind, t, nll, loss)
        assert abs(right - float(accuracy)) < 1.5 / limit, (kind, t, right)
        found[kind].append((t, nll, float(barrier)))
    for line in found.values():
        first, last = line[0][1], line[-1][1]
        high = max(nll - ((1 - t) * first + t * last) for t, nll, _ in line)
        assert all(abs(high - stated) < 4e-6 for _, _, stated in line), line
    # the two kinds must differ for this to say anything
    assert max(abs(p[1] - q[1]) for p, q in zip(*found.values())) > 0.01
    print(f"largest difference of losses {worst:.2g}")


{"make": make, "check": check}[sys.argv[1]](*sys.argv[2:])
