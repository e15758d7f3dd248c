"""Architectures and their tables of symmetries: ckpt-arch.md, and section 1 of
ckpt-orbits.md.
"""
import math


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
