"""Classes of channels: section 1.3 of ckpt-orbits.md, but for its lines.
"""
import math

from orbit_arch import NORMS, PRODUCTS

TAKES = {"relu": ["sign"], "leakyrelu": ["sign"], "maxpool": ["sign"],
         "tanh": ["scale"], "sigmoid": ["scale", "sign"],
         "silu": ["scale", "sign"], "gelu": ["scale", "sign"],
         "batchnorm": ["scale"], "frn": ["scale"],
         "layernorm": ["scale", "sign"], "groupnorm": ["scale", "sign"]}


class Class:
    """Units that move as one permutation says. It may have become a part of
    another class, or two."""

    def __init__(self, n, kinds=("scale", "sign")):
        self.n, self.kinds = n, set(kinds)
        self.anchored = self.fixed = False
        self.became, self.halves = None, None   # (class, units a unit)


# A result is a list of (class, indices a unit).

def now(parts):
    """The parts in terms of the classes of today."""
    out = []
    for cls, block in parts:
        while cls.became:
            cls, block = cls.became[0], block * cls.became[1]
        if cls.halves:
            out += now([(half, block) for half in cls.halves])
        else:
            out.append((cls, block))
    return out


def anchor(*results):
    for parts in results:
        for cls, _ in now(parts):
            cls.anchored = True


def level(a, b):
    """Divides classes until parts that face each other are equally long;
    returns whether any was, and the parts, or None if all is anchored."""
    changed = False
    while True:
        x, y = now(a), now(b)
        for (c, m), (d, n) in zip(x, y):
            if c.n * m != d.n * n:
                break
        else:
            return changed, (x, y)
        if c.n * m < d.n * n:
            c, m, d, n = d, n, c, m
        if d.n * n % m:
            anchor(a, b)
            return changed, None
        head = d.n * n // m
        c.halves = [Class(head, c.kinds), Class(c.n - head, c.kinds)]
        for half in c.halves:
            half.anchored = c.anchored
        changed = True


def merge(*parts):
    """One class of coarser units of several parts."""
    block = math.lcm(*(m for _, m in parts))
    new = Class(parts[0][0].n * parts[0][1] // block)
    for cls, m in parts:
        cls.became = (new, block // m)
        new.kinds &= cls.kinds
        new.anchored |= cls.anchored


def tie(a, b):
    _, both = level(a, b)
    for p, q in zip(*both) if both else ():
        p, q = now([p])[0], now([q])[0]
        if p[0] is not q[0]:
            merge(p, q)


class Classes:
    """`uses`: tensor to its rank and its axes: {axis: (parts, action)}, and
    slices; `blocks`: pairs of classes."""

    def __init__(self, arch):
        self.uses, self.blocks = {}, []
        self.results, self.ranks = {}, {}
        for op in arch.ops:
            self.visit(op)
        passing = [op for op in arch.ops if passes(op)]
        changed = True
        while changed:
            changed = False
            for op in passing:
                changed |= self.equalise(op)
        for op in arch.ops:
            self.note(op)

    def visit(self, op):
        rank = max([self.ranks[i.name] for i in op.inputs], default=0)
        self.ranks[op.name] = rank + (len(op.tensors) > 0)
        ins = [self.results[i.name] for i in op.inputs]
        c = op.shape[0]
        if op.op == "input":
            result = [(Class(c), 1)]
            anchor(result)
        elif op.op in PRODUCTS:
            result = [(Class(c), 1)]
        elif op.op in NORMS and "weight" in op.tensors:
            result = [(Class(cls.n), block) for cls, block in now(ins[0])]
        elif op.op == "flatten":
            _, h, w = op.inputs[0].shape
            result = [(cls, block * h * w) for cls, block in now(ins[0])]
        elif op.op == "concat":
            result = sum(ins, [])
        else:
            result = ins[0]
        self.results[op.name] = result
        if ins:
            taken = TAKES.get(op.op, [])
            if op.op == "groupnorm" and op.groups == c:
                taken = ["scale"]
            take(ins[0], taken)
        if "tau" in op.tensors:
            take(result, ["sign"])
        if op.op == "add":
            for other in ins[1:]:
                tie(result, other)
        if op.op == "output":
            anchor(result)
        if op.tensors:
            self.use_all(op, ins[0], result)

    def use_all(self, op, before, result):
        new, old, still = (result, "out"), (before, "in"), (before, "none")
        axes = {"bias": {0: new}, "weight": {0: new, 1: old}}
        if op.op == "convtranspose":
            axes["weight"] = {0: old, 1: new}
        if op.op in NORMS:
            axes["mean"], axes["var"] = {0: (before, "out")}, {0: still}
        if op.op == "frn":
            axes = {"weight": {0: old, 1: new}, "bias": {1: new},
                    "tau": {1: new}}
        slices = op.groups if op.op in PRODUCTS else 0   # 0: a diagonal
        for what, name in op.tensors.items():
            self.use(name, self.ranks[op.name], axes[what],
                     slices if what == "weight" else 1)

    def use(self, tensor, rank, axes, slices):
        if tensor in self.uses:
            first, others, slices = self.uses[tensor]
            for axis in axes:
                tie(others[axis][0], axes[axis][0])
            rank, axes = min(rank, first), others
        self.uses[tensor] = (rank, axes, slices)

    def equalise(self, op):
        before, after = self.results[op.inputs[0].name], \
            self.results[op.name]
        changed, both = level(before, after)
        for p, q in zip(*both) if both else ():
            p, q = now([p])[0], now([q])[0]
            block = math.lcm(p[1], q[1])
            for part in (p, q) if p[1] != q[1] else ():
                changed = True
                if part[1] != block:
                    merge(part, (Class(part[0].n * part[1] // block),
                                 block))
        return changed

    def note(self, op):
        grouped = op.op != "input" and op.groups > 1
        if op.op == "groupnorm":
            grouped = 1 < op.groups < op.shape[0]
        if not grouped and not passes(op):
            return
        before = now(self.results[op.inputs[0].name])
        after = now(self.results[op.name])
        if op.op in PRODUCTS and any(block > 1 for _, block in before):
            anchor(before)
        if passes(op):
            for (p, block), (q, _) in zip(before, after):
                both = Class(p.n)
                self.blocks += [(p, both), (q, both)]
                if block > 1:
                    p.kinds = set()
            grouped &= op.op == "groupnorm"
        if grouped and len(before) == len(after) == 1:
            groups = Class(op.groups)
            self.blocks += [(before[0][0], groups), (after[0][0], groups)]
        elif grouped:
            anchor(before, after)


def take(parts, kinds):
    for cls, _ in now(parts):
        cls.kinds -= set(kinds)


def passes(op):
    """Whether channels go through one by one, permuted alike."""
    if op.op in NORMS:
        return "weight" in op.tensors
    return op.op in PRODUCTS and \
        1 < op.groups == op.shape[0] == op.inputs[0].shape[0]
