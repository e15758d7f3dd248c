"""The table of symmetries: section 1 of ckpt-orbits.md.
"""
from orbit_classes import now


class Group:
    def __init__(self, n):
        self.n, self.parent, self.fixed = n, None, False
        self.scale = self.sign = False


def settle(classes, numbered):
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

    for child, parent in classes.blocks:
        cluster(child), cluster(parent)
        if child.n % parent.n != 0:
            child.fixed = parent.fixed = True
        elif child.anchored:
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
    def __init__(self, classes):
        lines, numbered = self.lines(classes), {}
        order = []
        for line in lines:
            if id(line[3]) not in numbered:
                numbered[id(line[3])] = len(order)
                order.append(line[3])
        n_acting = len(order)
        parents = settle(classes, dict(numbered))
        for cls in order:           # grows while it is read
            parent = None if cls.fixed else parents.get(id(cls))
            if parent is not None and id(parent) not in numbered:
                numbered[id(parent)] = len(order)
                order.append(parent)
        self.groups = []
        for i, cls in enumerate(order):
            g = Group(cls.n)
            g.fixed = cls.fixed
            g.scale = "scale" in cls.kinds and i < n_acting
            g.sign = "sign" in cls.kinds and i < n_acting
            if not cls.fixed and id(cls) in parents:
                g.parent = numbered[id(parents[id(cls)])]
            self.groups.append(g)
        # tensor name -> its lines: (axis, start, group, block, slices,
        # action), rank
        self.tensors = {}
        text = "ckpt symmetry 1\n"
        for name, axis, start, cls, block, slices, action, rank in lines:
            g = numbered[id(cls)]
            text += "axis %d%s %d %d %d %s %d %s\n" % (
                axis, "" if start is None else ":%d" % start, g, block,
                slices, action, rank, name.decode())
            self.tensors.setdefault(name, ([], rank))[0].append(
                (axis, start, g, block, slices, action))
        for i, g in enumerate(self.groups):
            kinds = ",".join(k for k, has in (("scale", g.scale),
                                              ("sign", g.sign)) if has)
            text += "group %d %d %s %s %s\n" % (
                i, g.n, "fixed" if g.fixed else "permuted", kinds or "none",
                "-" if g.parent is None else g.parent)
        self.text = text

    @staticmethod
    def lines(classes):
        out = []
        for name, (rank, axes, groups) in classes.uses.items():
            for axis, (parts, action) in axes.items():
                at, parts = 0, now(parts)
                for cls, block in parts:
                    start = None if len(parts) == 1 else at
                    at += cls.n * block
                    diagonal = groups == 0 and action == "in"
                    if cls.anchored or (diagonal and not cls.kinds):
                        continue
                    slices = groups if axis == 1 and groups else 1
                    if diagonal or (slices > 1 and start is not None):
                        slices = cls.n
                    out.append((name.encode(), axis, start, cls, block,
                                slices, action, rank))
        return sorted(out, key=lambda x: (x[0], x[1], x[2] or 0))
