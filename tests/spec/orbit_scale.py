"""Values of acted tensors and the scales of units: section 3 of ckpt-orbits.md.
"""
import math
import struct

from orbit_arch import Refused

# ---- section 3: the acted tensors as matrices ------------------------------

class Matrix:
    """A part of a tensor: rows x cols cells of floats, what acts on each
    side, and where its cells stand in the tensor."""

    def __init__(self, name, n_dims, rank, cells, places, axes):
        self.name, self.n_dims, self.rank = name, n_dims, rank
        self.cells, self.places, self.axes = cells, places, axes
        self.rows, self.cols = len(cells), len(cells[0])
        self.slices = axes[1][2] if 1 in axes else 1
        self.order = (rank, -n_dims, name, places[0])

    def unit(self, axis, r, c):
        """Unit of element (r, c) on an axis; an index if it is fixed."""
        x = c if axis else r
        if axis:
            x += r // (self.rows // self.slices) * self.cols \
                if self.slices > 1 else 0
        return x // self.axes[axis][1] if axis in self.axes else x


def parts(name, shape, values, lines, rank, groups):
    """The matrices of a tensor: section 1.1."""
    dims = list(shape) + [1]
    zero = [x for x in lines if x[0] == 0]
    turned = len(shape) > 1 and shape[0] == 1 and (
        any(slices > 1 or start is not None
            for _, start, _, _, slices, _ in zero)
        or (not zero and all(x[5] != "in" for x in lines)))
    if turned:
        dims[:2] = dims[1], 1
    rows, cols = dims[:2]
    k = len(values) // (rows * cols)
    cells = [[values[(r * cols + c) * k:(r * cols + c + 1) * k]
              for c in range(cols)] for r in range(rows)]
    by_rows, by_cols = [], []       # (from, to, axis, line)
    for axis, start, g, block, slices, action in lines:
        axis ^= turned
        of_rows = axis == 0 or (start is not None and cols == 1)
        n = slices if axis and of_rows else groups[g].n * block // slices
        at = start or 0
        (by_rows if of_rows else by_cols).append(
            (at, at + n, axis, (g, block, slices, action)))

    def cuts(ranges, n):
        at = sorted({0, n} | {x for a, b, _, _ in ranges for x in (a, b)})
        return list(zip(at, at[1:]))
    out = []
    for top, bottom in cuts(by_rows, rows):
        for left, right in cuts(by_cols, cols):
            axes = {axis: line for ranges, lo, hi in
                    ((by_rows, top, bottom), (by_cols, left, right))
                    for a, b, axis, line in ranges if a <= lo and hi <= b}
            out.append(Matrix(
                name, len(shape), rank,
                [row[left:right] for row in cells[top:bottom]],
                [r * cols + c for r in range(top, bottom)
                 for c in range(left, right)], axes))
    return out


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
