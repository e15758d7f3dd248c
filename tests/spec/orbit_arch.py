"""Architectures: ckpt-arch.md, from lines to operations with their shapes.

A file is read twice where numbers are left to the tensors of a model: once
for the name of its first tensor, which gives the prefix of all.
"""
from fnmatch import fnmatchcase
from types import SimpleNamespace


class Refused(Exception):
    pass


PREFIXES = ["module.", "model.", "_orig_mod.", "network.", "module.model.",
            "model.module."]
TENSOR_KEYS = ("weight", "bias", "mean", "var", "tau")
NORMS = ("batchnorm", "frn", "layernorm", "groupnorm")
PRODUCTS = ("conv", "convtranspose", "linear")


def statements(text):
    """(number, words, keys) of every line that says something."""
    for number, line in enumerate(text.split("\n"), 1):
        words = []
        for word in line.split():
            if word.startswith("#"):
                break
            words.append(word)
        if words:
            yield (number, [w for w in words if "=" not in w],
                   dict(w.split("=", 1) for w in words if "=" in w))


class Arch:
    """`ops`: operations in order; `tensors`: name to shape, by first use;
    `carry`: globs."""

    def __init__(self, text, shapes=None):
        self.read(text, shapes, "")
        if shapes is not None and self.tensors:
            first = next(iter(self.tensors))
            if first not in shapes:
                for prefix in PREFIXES:
                    if prefix + first in shapes:
                        self.read(text, shapes, prefix)
                        break

    def read(self, text, shapes, prefix):
        self.ops, self.by_name, self.tensors, self.carry = [], {}, {}, []
        self.prefix, self.blocks = prefix, {}
        lets, block = {}, None
        for number, words, keys in statements(text):
            if block is not None:
                if words[0] == "end":
                    block = None
                else:
                    block.append((number, words, keys))
            elif words[0] == "block":
                block = self.blocks[words[1]] = []
            elif words[0] == "let":
                name = next(k for k in keys if k != "of")
                lets[name] = keys[name]
                tensor = prefix + keys["of"] if "of" in keys else None
                if shapes and shapes.get(tensor):
                    lets[name] = str(shapes[tensor][0])
            elif words[0] == "carry":
                self.carry.append(words[1])
            elif words[0] not in ("ckpt-arch", "name", "normalize"):
                self.statement(number, words, keys, lets)

    def statement(self, number, words, keys, numbers):
        keys = {k: numbers[v[1:]] if v.startswith("$") else v
                for k, v in keys.items()}
        if words[0] == "use":
            self.use(words[1], words[2:], keys, numbers)
        else:
            self.operation(number, words[0],
                           words[1] if len(words) > 1 else None, keys)

    def use(self, block, instances, keys, numbers):
        before = keys.pop("from", self.ops[-1].name)
        for instance in instances:
            self.once(self.blocks[block], instance, before,
                      {**numbers, **keys})
            before = self.ops[-1].name

    def once(self, lines, instance, before, numbers):
        def outer(name):
            return before if name == "in" else instance + "." + name
        for i, (number, words, keys) in enumerate(lines):
            keys = dict(keys)
            for key in TENSOR_KEYS:
                if keys.get(key, "yes") not in ("yes", "no"):
                    keys[key] = outer(keys[key])
            if "from" in keys:
                keys["from"] = ",".join(map(outer, keys["from"].split(",")))
            elif i == 0:
                keys["from"] = before
            fixed = 2 if words[0] == "use" else 1
            words = words[:fixed] + [instance + "." + w
                                     for w in words[fixed:]]
            if i == len(lines) - 1 and len(words) == 1:
                words.append(instance)
            self.statement(number, words, keys, numbers)

    # ---- operations ----

    def operation(self, number, op, name, keys):
        if op == "input":
            dims = [int(x) for x in name.split("x")] + [1, 1]
            self.push(SimpleNamespace(op=op, name="input", inputs=[],
                                      shape=tuple(dims[:3]), tensors={}))
            return
        inputs = [self.by_name[n] for n in keys["from"].split(",")] \
            if "from" in keys else [self.ops[-1]]
        node = SimpleNamespace(op=op, inputs=inputs, line=number,
                               name=name or "@%d" % len(self.ops),
                               shape=inputs[0].shape, tensors={},
                               groups=int(keys.get("groups", 1)))
        c, h, w = node.shape
        numbers = {k: [int(x) for x in (keys[k].split("x") * 2)[:2]]
                   for k in ("kernel", "stride", "padding", "dilation",
                             "output_padding") if k in keys}
        if "kernel" in numbers:
            still = numbers["kernel"] if "pool" in op else [1, 1]
            h, w = (self.extent(op, n, *x) for n, x in zip((h, w), zip(
                numbers["kernel"], numbers.get("stride", still),
                numbers.get("padding", [0, 0]),
                numbers.get("dilation", [1, 1]),
                numbers.get("output_padding", [0, 0]))))
        if op in PRODUCTS:
            out = int(keys["out"])
            dims = [out, c // node.groups]
            if op == "convtranspose":
                dims = [c, out // node.groups]
            if op == "linear":
                h = w = 1
            c = out
            self.tensor(node, "weight", ".weight", keys,
                        dims + numbers.get("kernel", []))
            self.tensor(node, "bias", ".bias", keys, [out])
        elif op in NORMS:
            dims = [1, c, 1, 1] if op == "frn" else [c]
            names = [".gamma", ".beta"] if op == "frn" else \
                [".weight", ".bias"]
            if keys.get("affine", "yes") == "yes":
                self.tensor(node, "weight", names[0], keys, dims)
                self.tensor(node, "bias", names[1], keys, dims)
            if op == "frn":
                self.tensor(node, "tau", ".tau", keys, dims)
            if op == "batchnorm":
                self.tensor(node, "mean", ".running_mean", keys, dims)
                self.tensor(node, "var", ".running_var", keys, dims)
        elif op == "concat":
            c = sum(i.shape[0] for i in inputs)
        elif op == "flatten":
            c, h, w = c * h * w, 1, 1
        elif op == "globalavgpool":
            h = w = 1
        node.shape = (c, h, w)
        self.push(node)

    @staticmethod
    def extent(op, n, kernel, stride, padding, dilation, more):
        reach = dilation * (kernel - 1) + 1
        if op == "convtranspose":
            return (n - 1) * stride - 2 * padding + reach + more
        return (n + 2 * padding - reach) // stride + 1

    def tensor(self, node, what, suffix, keys, dims):
        given = keys.get(what, "yes")
        if given == "no":
            return
        name = self.prefix + (node.name + suffix if given == "yes"
                              else given)
        node.tensors[what] = name
        self.tensors.setdefault(name, tuple(dims))

    def push(self, node):
        self.ops.append(node)
        self.by_name[node.name] = node

    def carries(self, name):
        """Whether a tensor is carried, with its prefix or without."""
        short = name[len(self.prefix):] if name.startswith(self.prefix) \
            else name
        return any(fnmatchcase(n, g) for g in self.carry
                   for n in (name, short))
