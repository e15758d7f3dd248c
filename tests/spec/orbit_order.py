"""Order and sign of units: section 4 of ckpt-orbits.md.
"""
from orbit_scale import NAN, negate

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
