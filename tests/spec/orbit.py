#!/usr/bin/env python3
"""Orbit IDs, straight from format-spec/ckpt-arch.md and ckpt-orbits.md.

    orbit.py [--table] ARCH [MODEL.safetensors]...

Prints "ORBIT-ID  PATH" lines, or the table of symmetries. Slow and simple: it
shares no line with the library, and is there to disagree with it.
"""
import hashlib
import json
import math
import struct
import sys
from fnmatch import fnmatchcase


class Refused(Exception):
    pass


# ---- ckpt-arch: shapes of tensors, and classes of channels ----------------

class Class:
    """Channels that move together; `up` and `factor` once it was tied."""

    def __init__(self, n):
        self.n, self.up, self.factor = n, None, 1
        self.scale = self.sign = True
        self.fixed_values = False   # tied to the input or the output
        self.fixed = False


class View:
    """Index x is unit x // block of a class."""

    def __init__(self, cls, block=1):
        self.cls, self.block = cls, block

    def root(self):
        cls, block = self.cls, self.block
        while cls.up is not None:
            block, cls = block * cls.factor, cls.up
        return View(cls, block)


def tie(a, b):
    a, b = a.root(), b.root()
    if a.cls is b.cls:
        return
    block = a.block * b.block // math.gcd(a.block, b.block)
    new = Class(a.cls.n * a.block // block)
    for v in (a, b):
        v.cls.up, v.cls.factor = new, block // v.block
        new.scale &= v.cls.scale
        new.sign &= v.cls.sign
        new.fixed_values |= v.cls.fixed_values


class Arch:
    def __init__(self, text):
        self.nodes, self.uses, self.blocks, self.carry = {}, {}, [], []
        last = None
        for number, line in enumerate(text.split("\n"), 1):
            words = []
            for word in line.split():
                if word.startswith("#"):
                    break
                words.append(word)
            if not words or words[0] in ("ckpt-arch", "name", "normalize"):
                continue
            keys = dict(w.split("=", 1) for w in words if "=" in w)
            words = [w for w in words if "=" not in w]
            if words[0] == "carry":
                self.carry.append(words[1])
                continue
            name = words[1] if len(words) > 1 else "@%d" % number
            if words[0] == "input":
                shape = [int(x) for x in name.split("x")]
                view = View(Class(shape[0]))
                view.cls.fixed_values = True
                last = (tuple(shape) if len(shape) == 3 else
                        (shape[0], 1, 1), view, 0)
                self.nodes["input"] = last
                continue
            inputs = [self.nodes[n] for n in keys["from"].split(",")] \
                if "from" in keys else [last]
            last = self.operation(words[0], name, keys, inputs)
            self.nodes[name] = last

    def operation(self, op, name, keys, inputs):
        (c, h, w), view, _ = inputs[0]
        rank = max(node[2] for node in inputs)

        def pair(key, default):
            value = keys.get(key)
            if value is None:
                return default
            parts = [int(x) for x in value.split("x")]
            return parts * 2 if len(parts) == 1 else parts

        def slide(kernel, stride, padding, dilation):
            return [(n + 2 * p - d * (k - 1) - 1) // s + 1
                    for n, k, s, p, d in zip((h, w), kernel, stride, padding,
                                             dilation)]
        if op in ("conv", "linear"):
            out, groups = int(keys["out"]), int(keys.get("groups", 1))
            result = View(Class(out))
            shape = (out, c // groups)
            if op == "conv":
                kernel = pair("kernel", None)
                shape += tuple(kernel)
                h, w = slide(kernel, pair("stride", [1, 1]),
                             pair("padding", [0, 0]),
                             pair("dilation", [1, 1]))
            else:
                h = w = 1
            self.use(keys.get("weight", name + ".weight"), shape, rank + 1,
                     [(result, 1, "out"), (view, groups, "in")])
            bias = keys.get("bias", "yes")
            if bias != "no":
                self.use(name + ".bias" if bias == "yes" else bias, (out,),
                         rank + 1, [(result, 1, "out")])
            if groups > 1:
                slices = View(Class(groups))
                self.blocks += [(view, slices), (result, slices)]
            return (out, h, w), result, rank + 1
        cls = view.root().cls
        if op in ("tanh", "sigmoid"):
            cls.scale = False
        if op in ("relu", "leakyrelu", "maxpool", "sigmoid"):
            cls.sign = False
        if op == "output":
            cls.fixed_values = True
        if op == "flatten":
            return (c * h * w, 1, 1), View(view.cls, view.block * h * w), \
                rank
        if op == "add":
            for node in inputs[1:]:
                tie(view, node[1])
        if op in ("maxpool", "avgpool"):
            kernel = pair("kernel", None)
            h, w = slide(kernel, pair("stride", kernel),
                         pair("padding", [0, 0]), pair("dilation", [1, 1]))
        if op == "globalavgpool":
            h = w = 1
        return (c, h, w), view, rank

    def use(self, tensor, shape, rank, axes):
        if tensor in self.uses:
            old = self.uses[tensor]
            for (v, _, _), (w, _, _) in zip(axes, old[2]):
                tie(v, w)
            self.uses[tensor] = (shape, min(rank, old[1]), old[2])
        else:
            self.uses[tensor] = (shape, rank, axes)


# ---- section 1: the table --------------------------------------------------

class Group:
    def __init__(self, n):
        self.n, self.parent, self.fixed = n, None, False
        self.scale = self.sign = False


def settle(arch, numbered):
    """Fixes classes and gives parents: 1.3. Clusters are permuted alike."""
    of = {}                       # class to cluster: a list of classes
    notes = []

    def cluster(cls):
        return of.setdefault(id(cls), [cls])

    def fix(cl):
        change = not any(c.fixed for c in cl)
        for c in cl:
            c.fixed = True
        return change

    for child, parent in arch.blocks:
        child, parent = child.root().cls, parent.root().cls
        cluster(child), cluster(parent)
        if child.n % parent.n != 0:
            child.fixed = parent.fixed = True
        elif child.fixed_values:
            parent.fixed = True
        else:
            notes.append((child, parent))
    change = True
    while change:
        change = False

        def merge(a, b):
            a, b = cluster(a), cluster(b)
            if a is b:
                return False
            a += b
            for c in b:
                of[id(c)] = a
            if any(c.fixed for c in a):
                fix(a)
            return True
        for child, parent in notes:
            if child.n == parent.n:
                change |= merge(child, parent)
        notes = [(a, b) for a, b in notes if cluster(a) is not cluster(b)]
        for child, parent in notes:
            if child.fixed:
                change |= fix(cluster(parent))
        notes = [(a, b) for a, b in notes if not a.fixed]
        for i, (child, parent) in enumerate(notes):
            for j, (other, parent2) in enumerate(notes):
                if cluster(child) is not cluster(other) or \
                        cluster(parent) is cluster(parent2) or \
                        parent.n < parent2.n:
                    continue
                if parent.n == parent2.n:
                    change |= merge(parent, parent2)
                elif parent.n % parent2.n == 0:
                    notes[j] = (parent, parent2)
                    change = True
                else:
                    for c in (child, parent, parent2):
                        change |= fix(cluster(c))

    def first(cl):
        real = [c for c in cl if id(c) in numbered]
        return min(real, key=lambda c: numbered[id(c)]) if real else cl[0]
    parents = {}
    for child, parent in notes:
        parents[id(first(cluster(child)))] = first(cluster(parent))
    for cl in of.values():
        for c in cl:
            if c is not first(cl) and id(c) in numbered:
                parents[id(c)] = first(cl)
    return parents


class Table:
    def __init__(self, arch):
        lines, self.groups, numbered = [], [], {}
        for name, (shape, rank, axes) in arch.uses.items():
            for axis, (view, slices, action) in enumerate(axes):
                view = view.root()
                if not view.cls.fixed_values:
                    lines.append((name.encode(), axis, view, slices, action,
                                  rank))
        lines.sort(key=lambda x: x[:2])
        order = []
        for line in lines:
            if id(line[2].cls) not in numbered:
                numbered[id(line[2].cls)] = len(order)
                order.append(line[2].cls)
        n_acting = len(order)
        parents = settle(arch, dict(numbered))
        for cls in order:           # grows while it is read
            parent = None if cls.fixed else parents.get(id(cls))
            if parent is not None and id(parent) not in numbered:
                numbered[id(parent)] = len(order)
                order.append(parent)
        for i, cls in enumerate(order):
            g = Group(cls.n)
            g.fixed = cls.fixed
            g.scale = cls.scale and i < n_acting
            g.sign = cls.sign and i < n_acting
            if not cls.fixed and id(cls) in parents:
                g.parent = numbered[id(parents[id(cls)])]
            self.groups.append(g)
        # tensor name -> {axis: (group, block, slices, action)}, rank
        self.tensors = {}
        text = "ckpt symmetry 1\n"
        for name, axis, view, slices, action, rank in lines:
            g = numbered[id(view.cls)]
            text += "axis %d %d %d %d %s %d %s\n" % (
                axis, g, view.block, slices, action, rank, name.decode())
            self.tensors.setdefault(name, ({}, rank))[0][axis] = (
                g, view.block, slices, action)
        for i, g in enumerate(self.groups):
            kinds = ",".join(k for k, has in (("scale", g.scale),
                                              ("sign", g.sign)) if has)
            text += "group %d %d %s %s %s\n" % (
                i, g.n, "fixed" if g.fixed else "permuted", kinds or "none",
                "-" if g.parent is None else g.parent)
        self.text = text


# ---- section 3: the acted tensors as matrices ------------------------------

class Matrix:
    """rows x cols cells of floats; what acts on each side."""

    def __init__(self, name, shape, values, axes, rank):
        self.name, self.rank, self.n_dims = name, rank, len(shape)
        self.rows = shape[0]
        self.cols = shape[1] if len(shape) > 1 else 1
        k = len(values) // (self.rows * self.cols)
        self.cells = [[values[(r * self.cols + c) * k:
                              (r * self.cols + c + 1) * k]
                       for c in range(self.cols)] for r in range(self.rows)]
        self.axes = axes
        self.slices = axes[1][2] if 1 in axes else 1

    def unit(self, axis, r, c):
        """Unit of element (r, c) on an axis; an index if it is fixed."""
        x = c if axis else r
        if axis:
            x += r // (self.rows // self.slices) * self.cols \
                if self.slices > 1 else 0
        return x // self.axes[axis][1] if axis in self.axes else x


def exponent(v):
    return None if v == 0 or math.isnan(v) or math.isinf(v) \
        else math.frexp(v)[1] - 1


class Scaler:
    def __init__(self, table, matrices):
        self.groups, self.matrices = table.groups, matrices
        self.e = {(g, u): 0 for g, group in enumerate(table.groups)
                  for u in range(group.n) if not group.scale}
        # largest exponent of each cell, once
        self.top = [[[max((x for x in map(exponent, cell) if x is not None),
                          default=None) for cell in row] for row in m.cells]
                    for m in matrices]
        steps = {(m.rank, a[0], a[3]) for m in matrices
                 for a in m.axes.values() if self.groups[a[0]].scale}
        self.forward = sorted(s for s in steps if s[2] == "out")
        self.backward = sorted((s for s in steps if s[2] == "in"),
                               reverse=True)
        self.passes()
        self.choices = [{}]
        self.pieces()
        for g, group in enumerate(self.groups):
            for u in range(group.n):
                self.e.setdefault((g, u), 0)

    def affects(self, m, axis):
        return axis in m.axes and m.axes[axis][3] != "none" and \
            self.groups[m.axes[axis][0]].scale

    def passes(self):
        change = True
        while change:
            change = False
            for step in self.forward + self.backward:
                change |= self.step(*step)

    def step(self, rank, g, action):
        if all((g, u) in self.e for u in range(self.groups[g].n)):
            return False
        found = {}
        for m, tops in zip(self.matrices, self.top):
            for axis in m.axes:
                if m.rank != rank or m.axes[axis][0] != g or \
                        m.axes[axis][3] != action:
                    continue
                for r in range(m.rows):
                    for c in range(m.cols):
                        unit = (g, m.unit(axis, r, c))
                        x = tops[r][c]
                        if x is None or unit in self.e:
                            continue
                        if self.affects(m, 1 - axis):
                            other = (m.axes[1 - axis][0],
                                     m.unit(1 - axis, r, c))
                            if other not in self.e:
                                continue
                            x += self.e[other] if \
                                m.axes[1 - axis][3] == "out" \
                                else -self.e[other]
                        found[unit] = max(x, found.get(unit, x))
        for unit, x in found.items():
            self.e[unit] = -x if action == "out" else x
        return bool(found)

    def links(self):
        """Elements that join two units without an exponent."""
        for i, (m, tops) in enumerate(zip(self.matrices, self.top)):
            if not (self.affects(m, 0) and self.affects(m, 1)):
                continue
            for r in range(m.rows):
                for c in range(m.cols):
                    u = (m.axes[0][0], m.unit(0, r, c))
                    w = (m.axes[1][0], m.unit(1, r, c))
                    if tops[r][c] is not None and u not in self.e and \
                            w not in self.e:
                        yield i, m, r, c, u, w

    def pieces(self):
        links, joined = list(self.links()), {}
        for _, _, _, _, u, w in links:
            a = joined.setdefault(u, {u})
            b = joined.setdefault(w, {w})
            if a is not b:
                a |= b
                for x in b:
                    joined[x] = a
        for piece in {id(s): s for s in joined.values()}.values():
            if len(piece) < 2:
                continue
            low = min(g for g, _ in piece)
            best, outcomes = None, []
            for root in sorted(x for x in piece if x[0] == low):
                before = dict(self.e)
                self.e[root] = 0
                self.passes()
                seen = sorted((i, self.scaled(m, exponent(v), r, c))
                              for i, m, r, c, u, _ in links if u in piece
                              for v in m.cells[r][c]
                              if exponent(v) is not None)
                base = self.e[min(piece)]
                outcome = {u: self.e[u] - base for u in piece}
                self.e = before
                if best is None or seen < best:
                    best, outcomes = seen, []
                if seen == best and outcome not in outcomes:
                    outcomes.append(outcome)
            self.choices = [{**a, **b} for a in self.choices
                            for b in outcomes]

    def scaled(self, m, x, r, c):
        for axis in (0, 1):
            if self.affects(m, axis):
                e = self.e[(m.axes[axis][0], m.unit(axis, r, c))]
                x += e if m.axes[axis][3] == "out" else -e
        return x

    def apply(self, choice):
        """The matrices' cells as sortable integers: see `sortable`."""
        self.e.update(choice)
        out = []
        for m in self.matrices:
            cells = []
            for r in range(m.rows):
                row = []
                for c in range(m.cols):
                    shift = self.scaled(m, 0, r, c)
                    row.append(tuple(sortable(scale(v, shift))
                                     for v in m.cells[r][c]))
                cells.append(row)
            out.append(cells)
        return out


def scale(v, shift):
    if shift == 0 or exponent(v) is None:
        return v
    try:
        w = math.ldexp(v, shift)
    except OverflowError:
        w = math.inf
    if math.isinf(w) or w == 0 or math.ldexp(w, -shift) != v:
        raise Refused("a value leaves the range of f64")
    return w


NAN = 0x7ff8000000000000


def sortable(v):
    """An integer that compares as section 4 does; its negative is -v's."""
    if v != v:
        return NAN
    bits = struct.unpack("<q", struct.pack("<d", abs(v)))[0]
    return -bits if v < 0 else bits


def unsortable(i):
    if i == NAN:
        return math.nan
    v = struct.unpack("<d", struct.pack("<q", abs(i)))[0]
    return -v if i < 0 else v


def negate(label):
    return tuple(i if i == NAN else -i for i in label)


# ---- section 4: order and sign ---------------------------------------------

class Orderer:
    def __init__(self, table, matrices, cells):
        self.groups, self.matrices, self.cells = table.groups, matrices, cells
        self.best = self.first = None   # (form, places, path)
        # for each matrix and axis: unit -> {other unit: [(i, j, cell)]}
        self.slabs = []
        for m, values in zip(matrices, cells):
            both = ({}, {})
            for axis in (0, 1):
                for r in range(m.rows):
                    for c in range(m.cols):
                        u, w = m.unit(axis, r, c), m.unit(1 - axis, r, c)
                        own = c if axis else r
                        other = r if axis else c
                        both[axis].setdefault(u, {}).setdefault(w, []) \
                            .append((own, other, values[r][c]))
            for slab in both:
                for meets in slab.values():
                    for w, parts in meets.items():
                        parts.sort(key=lambda x: x[:2])
                        meets[w] = sum((p[2] for p in parts), ())
            self.slabs.append(both)
        self.relations = []
        for i, m in enumerate(matrices):
            for axis in (0, 1):
                if axis in m.axes:
                    self.relations.append((m.axes[axis][0],
                                           self.tensor_key, i, axis))
        for g, group in enumerate(self.groups):
            if group.parent is not None:
                self.relations.append((g, self.child_key, g, 0))
                self.relations.append((group.parent, self.parent_key, g, 0))
        for g, group in enumerate(self.groups):
            if group.sign:
                self.relations.append((g, self.negation_key, g, 0))

    # points are (unit, sign); a partition is a list of cells a group

    def start(self):
        partition = []
        for g in self.groups:
            signs = (1, -1) if g.sign else (1,)
            units = [[(u, s) for s in signs] for u in range(g.n)]
            partition.append(units if g.fixed else [sum(units, [])])
        return partition

    def shows(self, m, axis):
        return axis in m.axes and m.axes[axis][3] != "none" and \
            self.groups[m.axes[axis][0]].sign

    def tensor_key(self, partition, point, i, axis):
        m = self.matrices[i]
        meets = self.slabs[i][axis][point[0]]
        own = point[1] if self.shows(m, axis) else 1
        if 1 - axis not in m.axes:
            order = [[(w, 1)] for w in sorted(meets)]
        else:
            order = partition[m.axes[1 - axis][0]]
        turns = self.shows(m, 1 - axis)
        key = []
        for cell in order:
            labels = []
            for w, sign in cell:
                if w in meets:
                    label = meets[w]
                    if own * (sign if turns else 1) < 0:
                        label = negate(label)
                    labels.append(label)
            labels.sort(reverse=True)
            key.append(labels)
        return key

    def child_key(self, partition, point, g, _):
        parent = self.groups[g].parent
        size = self.groups[g].n // self.groups[parent].n
        for i, cell in enumerate(partition[parent]):
            if any(u == point[0] // size for u, _ in cell):
                return -i

    def parent_key(self, partition, point, g, _):
        parent = self.groups[g].parent
        size = self.groups[g].n // self.groups[parent].n
        return [sum(u // size == point[0] for u, _ in cell)
                for cell in partition[g]]

    def negation_key(self, partition, point, g, _):
        for i, cell in enumerate(partition[g]):
            if (point[0], -point[1]) in cell:
                return i

    def refine(self, partition):
        change = True
        while change:
            change = False
            for g, key, *args in self.relations:
                cells = []
                for cell in partition[g]:
                    if len(cell) == 1:
                        cells.append(cell)
                        continue
                    keyed = sorted(((key(partition, p, *args), p)
                                    for p in cell), key=lambda x: x[0],
                                   reverse=True)
                    last = None
                    for k, p in keyed:
                        if last is None or k != last:
                            cells.append([])
                        cells[-1].append(p)
                        last = k
                change |= len(cells) != len(partition[g])
                partition[g] = cells

    def search(self, partition, path):
        """Returns the level to go back to (4.6)."""
        while True:
            self.refine(partition)
            group = next((g for g, cells in enumerate(partition)
                          if any(len(c) > 1 for c in cells)), None)
            if group is None:
                return self.leaf(partition, path)
            at = next(i for i, c in enumerate(partition[group])
                      if len(c) > 1)
            cell = partition[group][at]
            if not all(self.twins(group, cell[0], p) for p in cell[1:]):
                break
            partition[group][at:at + 1] = [[p] for p in sorted(
                cell, key=lambda p: (-p[1], p[0]))]
        for point in cell:
            child = [list(cells) for cells in partition]
            child[group][at:at + 1] = [[point],
                                       [p for p in cell if p != point]]
            jump = self.search(child, path + [(group, point)])
            if jump < len(path):
                return jump
        return len(path)

    def twins(self, group, a, b):
        """Whether the element that takes a to b and b to a changes nothing."""
        if a[0] != b[0]:
            if any(g.parent == group for g in self.groups):
                return False
            parent = self.groups[group].parent
            if parent is not None:
                size = self.groups[group].n // self.groups[parent].n
                if a[0] // size != b[0] // size:
                    return False
        sign = a[1] * b[1]
        moves = {a[0]: (b[0], sign), b[0]: (a[0], sign)}

        def label(i, r, w, turned):
            return negate(self.slabs[i][0][r][w]) if turned else \
                self.slabs[i][0][r][w]
        for i, m in enumerate(self.matrices):
            acts = [axis in m.axes and m.axes[axis][0] == group
                    for axis in (0, 1)]
            if not any(acts):
                continue
            for u, meets in self.slabs[i][0].items():
                if not acts[0] and acts[1] and \
                        (a[0] in meets) != (b[0] in meets):
                    return False
                for w in meets:
                    u2, s = moves.get(u, (u, 1)) if acts[0] else (u, 1)
                    w2, t = moves.get(w, (w, 1)) if acts[1] else (w, 1)
                    if u2 not in self.slabs[i][0] or \
                            w2 not in self.slabs[i][0][u2]:
                        return False
                    turned = (s if self.shows(m, 0) else 1) * \
                        (t if self.shows(m, 1) else 1) < 0
                    if label(i, u2, w2, turned) != meets[w]:
                        return False
        return True

    def leaf(self, partition, path):
        order, signs = self.places(partition)
        self.settle_signs(order, signs)
        form = [self.form(i, order, signs) for i in
                range(len(self.matrices))]
        place = [{cell[0]: i for i, cell in enumerate(cells)}
                 for cells in partition]
        places = [[place[g][(u, s)] for u, s in zip(order[g], signs[g])]
                  for g in range(len(self.groups))]
        now = (form, places, path, order, signs)
        jump = len(path)
        if self.first is None:
            self.first = self.best = now
            return jump
        for old in (self.best, self.first):
            if old[0] == form and old[1] == places:
                jump = next(i for i, (x, y) in enumerate(zip(old[2], path))
                            if x != y)
                break
        if form > self.best[0]:
            self.best = now
        return jump

    def places(self, partition):
        order = [None] * len(self.groups)
        signs = [None] * len(self.groups)

        def place(g):
            if order[g] is not None:
                return
            group = self.groups[g]
            seen = {}
            for cell in partition[g]:
                seen.setdefault(cell[0][0], cell[0][1])
            order[g] = list(seen)
            if group.parent is not None:
                place(group.parent)
                size = group.n // self.groups[group.parent].n
                rank = {u: i for i, u in enumerate(order[group.parent])}
                order[g].sort(key=lambda u: rank[u // size])
            signs[g] = [seen[u] for u in order[g]]
        for g in range(len(self.groups)):
            place(g)
        return order, signs

    def form_cell(self, i, r, c, order, signs):
        m, sign, where = self.matrices[i], 1, [r, c]
        for axis in (0, 1):
            if axis not in m.axes:
                continue
            g, block = m.axes[axis][:2]
            x = where[axis]
            if axis and m.slices > 1:
                x += r // (m.rows // m.slices) * m.cols
            unit = order[g][x // block]
            if self.shows(m, axis):
                sign *= signs[g][x // block]
            where[axis] = unit * block + x % block
            if axis and m.slices > 1:
                where[1] -= where[0] // (m.rows // m.slices) * m.cols
        cell = self.cells[i][where[0]][where[1]]
        return negate(cell) if sign < 0 else cell

    def form(self, i, order, signs):
        m = self.matrices[i]
        return [self.form_cell(i, r, c, order, signs)
                for r in range(m.rows) for c in range(m.cols)]

    def first_sign(self, g, u, action, order, signs):
        for i, m in enumerate(self.matrices):
            for axis in (0, 1):
                if axis not in m.axes or m.axes[axis][0] != g or \
                        m.axes[axis][3] != action:
                    continue
                block = m.axes[axis][1]
                rows = range(u * block, (u + 1) * block) if axis == 0 \
                    else range(m.rows)
                for r in rows:
                    for c in range(m.cols):
                        if axis == 1 and m.unit(1, r, c) != u:
                            continue
                        for v in self.form_cell(i, r, c, order, signs):
                            if v != 0 and v != NAN:
                                return 1 if v > 0 else -1
        return 0

    def settle_signs(self, order, signs):
        def writer(g):
            return (next((i for i, m in enumerate(self.matrices)
                          if any(a[0] == g and a[3] == "out"
                                 for a in m.axes.values())),
                         len(self.matrices)), g)
        signed = sorted((g for g, group in enumerate(self.groups)
                         if group.sign), key=writer)
        for turn in range(3):
            for g in signed:
                for u in range(self.groups[g].n):
                    sign = self.first_sign(g, u, "out", order, signs)
                    if turn == 1:
                        sign = 0 if sign else \
                            self.first_sign(g, u, "in", order, signs)
                    if sign < 0:
                        signs[g][u] = -signs[g][u]


# ---- section 5: the ID -----------------------------------------------------

def f16(data):
    return struct.unpack("<%de" % (len(data) // 2), data)


def bf16(data):
    return [struct.unpack("<f", b"\0\0" + data[i:i + 2])[0]
            for i in range(0, len(data), 2)]


FLOATS = {"F16": f16, "BF16": bf16,
          "F32": lambda d: struct.unpack("<%df" % (len(d) // 4), d),
          "F64": lambda d: struct.unpack("<%dd" % (len(d) // 8), d)}


def read_safetensors(path):
    data = open(path, "rb").read()
    n = struct.unpack("<Q", data[:8])[0]
    tensors = {}
    for name, t in json.loads(data[8:8 + n]).items():
        if name != "__metadata__":
            a, b = t["data_offsets"]
            tensors[name.encode()] = (t["dtype"], tuple(t["shape"]),
                                      data[8 + n + a:8 + n + b])
    return tensors


def tensor_id(dtype, shape, data):
    head = "ckpt tensor 1\n%s\n%s\n" % (dtype, ",".join(map(str, shape)))
    return hashlib.sha256(head.encode() + data).hexdigest()


def doubles(values):
    return b"".join(struct.pack("<Q", NAN) if v != v else
                    struct.pack("<d", v + 0.0) for v in values)


def orbit_id(arch, table, tensors):
    for name, (shape, _, _) in arch.uses.items():
        if name.encode() not in tensors or \
                tensors[name.encode()][1] != shape:
            raise Refused("%s is not of shape %s" % (name, shape))
    for name in tensors:
        if name.decode() not in arch.uses and not any(
                fnmatchcase(name.decode(), glob) for glob in arch.carry):
            raise Refused("%s is not known" % name.decode())
    matrices = [Matrix(name, tensors[name][1],
                       FLOATS[tensors[name][0]](tensors[name][2]), axes, rank)
                for name, (axes, rank) in table.tensors.items()]
    matrices.sort(key=lambda m: (m.rank, -m.n_dims, m.name))
    scaler, best = Scaler(table, matrices), None
    for choice in scaler.choices:
        orderer = Orderer(table, matrices, scaler.apply(choice))
        orderer.search(orderer.start(), [])
        if best is None or orderer.best[0] > best:
            best = orderer.best[0]
    acted = {m.name: [unsortable(i) for cell in form for i in cell]
             for m, form in zip(matrices, best)}
    text = "ckpt orbit 1\n%s\n" % \
        hashlib.sha256(table.text.encode()).hexdigest()
    preimage = text.encode()
    for name in sorted(tensors):
        dtype, shape, data = tensors[name]
        if dtype in FLOATS:
            values = acted[name] if name in acted else FLOATS[dtype](data)
            dtype, data = "f64", doubles(values)
        preimage += tensor_id(dtype.lower(), shape, data).encode() + b"  " + \
            name + b"\n"
    return hashlib.sha256(preimage).hexdigest()


def main(args):
    show = args[:1] == ["--table"]
    args = args[show:]
    arch = Arch(open(args[0], encoding="utf-8").read())
    table = Table(arch)
    if show:
        sys.stdout.write(table.text)
    sys.setrecursionlimit(100000)
    status = 0
    for path in args[1:]:
        try:
            print("%s  %s" % (orbit_id(arch, table, read_safetensors(path)),
                              path))
        except Refused as e:
            print("orbit.py: %s: %s" % (path, e), file=sys.stderr)
            status = 2
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
