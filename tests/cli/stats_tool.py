#!/usr/bin/env python3
"""Another implementation of the statistics that ckpt-eval takes of
symmetries, for small networks, and what their tests need made.

stats_tool.py order TABLE FILE...      --order of MLPs or OptuNets
stats_tool.py exchange TABLE TENSOR AXIS BLOCK FILE...  --exchangeable
stats_tool.py marginals TABLE FILE...  --marginals
stats_tool.py collection DIR N SEED BIAS   N random networks and their .arch;
    BIAS is added to the weights of unit 2
stats_tool.py batchnorm DIR N SEED     the same with a batch normalisation
stats_tool.py svg FILE                 whether it is well-formed
"""
import json
import math
import random
import struct
import sys
import xml.etree.ElementTree

FORMATS = {"F16": "e", "BF16": "H", "F32": "f", "F64": "d"}


def load(path):
    """Tensors of a safetensors file: name -> (shape, flat list)."""
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    out = {}
    for name, t in json.loads(data[8:8 + n]).items():
        if name == "__metadata__":
            continue
        begin, end = t["data_offsets"]
        size = math.prod(t["shape"])
        flat = struct.unpack(f"<{size}{FORMATS[t['dtype']]}",
                             data[8 + n + begin:8 + n + end])
        if t["dtype"] == "BF16":  # the upper half of an f32
            flat = struct.unpack(f"<{size}f", struct.pack(
                f"<{size}I", *(x << 16 for x in flat)))
        out[name] = (t["shape"], list(flat))
    return out


def rows_of(tensor):
    shape, flat = tensor
    n = len(flat) // shape[0]
    return [flat[i * n:(i + 1) * n] for i in range(shape[0])]


def norms_of(rows):
    return [math.sqrt(sum(x * x for x in row)) or 1.0 for row in rows]


def close(a, b):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return abs(a - b) <= 1e-8 * max(1, abs(a), abs(b))


def read_table(path):
    lines = [line.rstrip("\n").split("\t") for line in open(path)]
    return [dict(zip(lines[0], row)) for row in lines[1:]]


# ---- order ----

def places(keys, block):
    """The place of each unit in its block, sorted by its key."""
    out = [0] * len(keys)
    for b in range(0, len(keys), block):
        order = sorted(range(b, b + block), key=lambda u: keys[u])
        for place, u in enumerate(order):
            out[u] = place
    return out


def groups_of_optunet(model):
    """Names, first weights, places and block size of each group."""
    conv1, conv2 = (rows_of(model[n]) for n in
                    ("conv1.weight", "conv2.weight"))
    for name, rows, block in (("conv1.weight", conv1, 2),
                              ("conv2.weight", conv2, 5)):
        keys = [[x / n for x in row] for row, n in zip(rows, norms_of(rows))]
        yield name, [k[0] for k in keys], places(keys, block), block


def groups_of_mlp(model):
    before, scale = None, None
    for i in range(1, sum(n.endswith("weight") for n in model)):
        name = f"fc{i}.weight"
        rows = rows_of(model[name])
        if before is None:
            before, scale = range(len(rows[0])), [1] * len(rows[0])
        rows = [[row[u] * scale[u] for u in before] for row in rows]
        norms = norms_of(rows)
        keys = [[x / n for x in row] for row, n in zip(rows, norms)]
        at = places(keys, len(rows))
        yield name, [k[0] for k in keys], at, len(rows)
        before = sorted(range(len(rows)), key=lambda u: at[u])
        scale = norms


def count_pairs(x, y, block):
    """Pairs; of these concordant, discordant, tied in x, tied in y."""
    counts = [0] * 5
    for u in range(len(x)):
        for v in range(u - u % block, u):
            a, b = x[u] - x[v], y[u] - y[v]
            counts[0] += 1
            counts[1] += a * b > 0
            counts[2] += a * b < 0
            counts[3] += a == 0
            counts[4] += b == 0
    return counts


def tau_of(c):
    square = (c[0] - c[3]) * (c[0] - c[4])
    return (c[1] - c[2]) / math.sqrt(square) if square > 0 else math.nan


def order(table, *files):
    rows = iter(read_table(table))
    last, sums = None, {}
    for path in files:
        model = load(path)
        groups = list(groups_of_mlp(model) if "fc3.weight" in model else
                      groups_of_optunet(model))
        if last is None:
            last = groups
            continue
        step, any_change = [], False
        for (name, x, px, block), (_, y, py, _) in zip(last, groups):
            any_change |= px != py
            step.append((name, count_pairs(x, y, block), px != py))
        step.append(("(all)", [sum(c) for c in zip(*(s[1] for s in step))],
                     any_change))
        for name, c, changed in step:
            row = next(rows)
            want = (c[0], tau_of(c), c[2], changed)
            got = [float(row[k]) for k in ("pairs", "tau", "exchanged",
                                           "changed")]
            assert row["group"] == name, row
            assert all(map(close, got, want)), (row, want)
            sums.setdefault(name, []).append(want)
        last = groups
    for name, steps in sums.items():
        row = next(rows)
        assert row["label"] == "(mean)" and row["group"] == name, row
        for i, key in ((1, "tau"), (2, "exchanged"), (3, "changed")):
            values = [s[i] for s in steps if not math.isnan(s[i])]
            assert close(float(row[key]), sum(values) / len(values)), row
    assert next(rows, None) is None
    assert sums["(all)"], "no steps"


# ---- exchangeable ----

def exchange(table, name, axis, block, *files):
    """Counts, by looking at every element; the sum of chi-squares."""
    axis, block, counts = int(axis), int(block), {}
    for path in files:
        shape, flat = load(path)[name]
        after = math.prod(shape[axis + 1:])
        top = max(flat)
        units = {i // after % shape[axis] // block
                 for i, x in enumerate(flat) if x == top}
        if len(units) == 1:
            unit = units.pop()
            counts[unit] = counts.get(unit, 0) + 1
    rows = [r for r in read_table(table) if int(r["axis"]) == axis]
    units, last = rows[:-1], rows[-1]
    n = sum(counts.values())
    assert len(units) == shape[axis] // block and last["unit"] == "(all)"
    for i, row in enumerate(units):
        assert int(row["unit"]) == i, row
        assert int(row["count"]) == counts.get(i, 0), (row, counts)
        assert close(float(row["expected"]), n / len(units)), row
    want = sum((counts.get(i, 0) - n / len(units)) ** 2 / (n / len(units))
               for i in range(len(units)))
    assert int(last["count"]) == n and int(last["df"]) == len(units) - 1
    assert close(float(last["chi2"]), want), (last, want)
    assert (last["note"] == "small") == (n / len(units) < 5), last


def write_random(path, shapes, draw, shift=lambda name, at: 0):
    """Normal weights, f32, plus shift(name of the tensor, place in it)."""
    header, data = {}, []
    for name, shape in shapes.items():
        n = math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets":
                        [4 * len(data), 4 * (len(data) + n)]}
        data += [draw.gauss(0, 1) + shift(name, at) for at in range(n)]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text +
                struct.pack(f"<{len(data)}f", *data))


def collection(directory, n, seed, bias):
    draw = random.Random(int(seed))
    for i in range(int(n)):
        write_random(
            f"{directory}/{i:04}.safetensors",
            {"a.weight": [6, 3], "b.weight": [2, 6]}, draw, lambda name, at:
            float(bias) if name == "a.weight" and at // 3 == 2 else 0)
    with open(f"{directory}/net.arch", "w") as f:
        f.write("ckpt-arch 1\nname net\ninput 3\nlinear a out=6 bias=no\n"
                "relu\nlinear b out=2 bias=no\noutput\n")


def batchnorm(directory, n, seed):
    draw = random.Random(int(seed))
    shapes = {"a.weight": [6, 2, 3, 3], "b.weight": [2, 6], "b.bias": [2]}
    shapes.update({f"n.{k}": [6] for k in
                   ("weight", "bias", "running_mean", "running_var")})
    for i in range(int(n)):
        write_random(f"{directory}/{i:04}.safetensors", shapes, draw,
                     lambda name, at: 9 * name.endswith("var"))
    with open(f"{directory}/net.arch", "w") as f:
        f.write("ckpt-arch 1\nname net\ninput 2x5x5\nconv a out=6 kernel=3 "
                "bias=no\nbatchnorm n\nrelu\nglobalavgpool\n"
                "linear b out=2\noutput\n")


# ---- marginals ----

def value(model, weight):
    """An element by its name: t[1,2]."""
    name, _, index = weight.rstrip("]").partition("[")
    shape, flat = model[name]
    at = 0
    for size, i in zip(shape, index.split(",")):
        at = at * size + int(i)
    return flat[at]


def marginals(table, *files):
    models = [load(path) for path in files]
    found = {}
    for row in read_table(table):
        assert row["collection"] == "it", row
        found.setdefault((row["x"], row["y"]), []).append(
            [float(row[k]) for k in ("x_centre", "y_centre", "x_width",
                                     "y_width", "count", "density")])
    assert any(y != "-" for _, y in found)
    for (x, y), cells in found.items():
        counts = [0] * len(cells)
        width, height = cells[0][2:4]
        for model in models:
            px = value(model, x)
            if y == "-":
                distance = [abs(c[0] - px) / width for c in cells]
                reach = 0.5
            else:
                # regular in units of the width: height / width = 2/sqrt(3)
                py, up = value(model, y), height * math.sqrt(3) / 2
                distance = [math.hypot((c[0] - px) / width,
                                       (c[1] - py) / up) for c in cells]
                reach = 1 / math.sqrt(3)
            least = min(distance)
            assert least <= reach + 1e-6, (x, y, px, least)
            counts[distance.index(least)] += 1
        area = width if y == "-" else 0.75 * width * height
        for cell, n in zip(cells, counts):
            assert cell[4] == n, (x, y, cell, n)
            assert close(cell[5], n / len(models) / area), cell
        assert sum(counts) == len(models)


# ---- the rest ----

def svg(path):
    root = xml.etree.ElementTree.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
    text = open(path, encoding="utf-8").read()
    assert "nan" not in text and "inf" not in text


COMMANDS = {"order": order, "exchange": exchange, "marginals": marginals,
            "batchnorm": batchnorm, "collection": collection, "svg": svg}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
