#!/usr/bin/env python3
"""What the tests of ckpt-align and ckpt-diff need of models, with Python's
standard library alone.

  members SEED N IN DIR     N random members of the orbit of an OptuNet or a
                            LeNet-5 with tanh, as DIR/I.safetensors
  plant SEED N IN DIR NOISE N copies of an OptuNet as f32 with its units in
                            random places and normal noise added
  mean DIR OUT SQUARES      the mean of the OptuNets below DIR, as f32; prints
                            N |mean|^2 of what symmetries act on, with SQUARES
                            1 less the sum of the models' squares
  set IN OUT TENSOR INDEX VALUE [DTYPE]
                            IN with one element changed, or of another dtype
  fill IN OUT TENSOR FIRST N VALUE
                            IN with N elements from FIRST on changed
  shuffle IN OUT            IN with its tensors in another order
  random SEED OUT N         a model of one f32 tensor "w" of N elements
  twice IN OUT FACTOR       IN with every f32 element times FACTOR
"""
import glob
import json
import math
import random
import struct
import sys

CODES = {"F16": "e", "F32": "f", "F64": "d"}


def read(path):
    """{name: (dtype, shape, [numbers])} in the order of the file."""
    with open(path, "rb") as f:
        n = struct.unpack("<Q", f.read(8))[0]
        header = json.loads(f.read(n))
        data = f.read()
    header.pop("__metadata__", None)
    model = {}
    for name, t in header.items():
        begin, end = t["data_offsets"]
        raw = data[begin:end]
        if t["dtype"] == "BF16":
            raw = b"".join(b"\0\0" + raw[i:i + 2]
                           for i in range(0, len(raw), 2))
            values = struct.unpack(f"<{len(raw) // 4}f", raw)
            model[name] = ("F32", t["shape"], list(values))
            continue
        code = CODES[t["dtype"]]
        count = len(raw) // struct.calcsize(code)
        model[name] = (t["dtype"], t["shape"],
                       list(struct.unpack(f"<{count}{code}", raw)))
    return model


def write(path, model):
    header, data = {}, b""
    for name, (dtype, shape, values) in model.items():
        raw = struct.pack(f"<{len(values)}{CODES[dtype]}", *values)
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def act(model, name, axis, source, factor, block=1):
    """Index u along an axis becomes source[u] times factor[u]."""
    dtype, shape, values = model[name]
    outer = 1
    for n in shape[:axis]:
        outer *= n
    inner = block
    for n in shape[axis + 1:]:
        inner *= n
    count = len(source)
    out = []
    for o in range(outer):
        for u in range(count):
            at = (o * count + source[u]) * inner
            out += [x * factor[u] for x in values[at:at + inner]]
    model[name] = (dtype, shape, out)


def permutation(rng, n):
    p = list(range(n))
    rng.shuffle(p)
    return p


def optunet(rng, model):
    """Blocks of the grouped convolution swap, units within them too; ReLU:
    powers of two. Returns whether the values may need a wider dtype."""
    blocks = permutation(rng, 2)
    units = []
    for b in blocks:
        units += [5 * b + i for i in permutation(rng, 5)]
    widen = rng.random() < 0.5
    e = 30 if widen else 0
    up = [2.0 ** rng.randint(-e, e) for _ in range(2)]
    out = [2.0 ** rng.randint(-e, e) for _ in range(10)]
    act(model, "conv1.weight", 0, blocks, up)
    act(model, "conv2.weight", 0, units,
        [out[i] / up[i // 5] for i in range(10)])
    act(model, "fc1.weight", 1, units, [1 / x for x in out])
    return widen


def lenet_tanh(rng, model):
    sizes = [("conv1", "conv2", 6, 1), ("conv2", "fc1", 16, 25),
             ("fc1", "fc2", 120, 1), ("fc2", "fc3", 84, 1)]
    for this, following, n, block in sizes:
        p = permutation(rng, n)
        signs = [rng.choice((-1.0, 1.0)) for _ in range(n)]
        act(model, this + ".weight", 0, p, signs)
        act(model, this + ".bias", 0, p, signs)
        act(model, following + ".weight", 1, p, signs, block)
    return rng.random() < 0.5


def members(seed, count, source, directory):
    rng = random.Random(int(seed))
    for i in range(int(count)):
        model = read(source)
        if "fc3.weight" in model:
            wide = lenet_tanh(rng, model)
        else:
            wide = optunet(rng, model)
        if wide:
            model = {k: ("F64" if rng.random() < 0.5 else "F32", s, v)
                     for k, (d, s, v) in model.items()}
        write(f"{directory}/{i}.safetensors", model)


def plant(seed, count, source, directory, noise):
    rng = random.Random(int(seed))
    for i in range(int(count)):
        model = {k: ("F32", s, [x + rng.gauss(0, 1) * float(noise)
                                for x in v])
                 for k, (d, s, v) in read(source).items()}
        blocks = permutation(rng, 2)
        units = [5 * b + j for b in blocks for j in permutation(rng, 5)]
        act(model, "conv1.weight", 0, blocks, [1] * 2)
        act(model, "conv2.weight", 0, units, [1] * 10)
        act(model, "fc1.weight", 1, units, [1] * 10)
        write(f"{directory}/{i}.safetensors", model)


def mean(directory, out, squares):
    paths = sorted(glob.glob(f"{directory}/**/*.safetensors",
                             recursive=True))
    models = [read(p) for p in paths]
    objective, average = 0.0, {}
    for name, (_, shape, values) in models[0].items():
        columns = zip(*(m[name][2] for m in models))
        average[name] = ("F32", shape,
                         [math.fsum(c) / len(models) for c in columns])
        if name == "fc1.bias":
            continue
        objective += len(models) * math.fsum(
            x * x for x in average[name][2])
        if int(squares):
            objective -= math.fsum(x * x for m in models for x in m[name][2])
    write(out, average)
    print(f"{objective:.6g}")


def set_value(source, out, tensor, index, value, dtype=None):
    model = read(source)
    values = model[tensor][2]
    values[int(index)] = float(value)
    if dtype is not None:
        model = {k: (dtype, s, v) for k, (d, s, v) in model.items()}
    write(out, model)


def fill(source, out, tensor, first, count, value):
    model = read(source)
    values = model[tensor][2]
    for i in range(int(first), int(first) + int(count)):
        values[i] = float(value)
    write(out, model)


def shuffle(source, out):
    model = read(source)
    write(out, dict(reversed(list(model.items()))))


def random_model(seed, out, count):
    rng = random.Random(int(seed))
    write(out, {"w": ("F32", [int(count)],
                      [rng.gauss(0, 1) for _ in range(int(count))])})


def twice(source, out, factor):
    model = read(source)
    write(out, {k: (d, s, [x * float(factor) for x in v])
                for k, (d, s, v) in model.items()})


COMMANDS = {"members": members, "plant": plant, "mean": mean, "set": set_value,
            "fill": fill, "shuffle": shuffle, "random": random_model, "twice":
            twice}
COMMANDS[sys.argv[1]](*sys.argv[2:])
