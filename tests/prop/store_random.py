"""Random stores of near states: what was added and not removed comes back,
byte for byte, whatever is removed, collected, rebuilt and merged meanwhile.

usage: store_random.py CKPT-STORE DIRECTORY SEED...
"""
import array
import json
import os
import random
import shutil
import struct
import subprocess
import sys

TOOL = os.path.abspath(sys.argv[1])
TOP = os.path.abspath(sys.argv[2])
NAME = "%02d.safetensors"
FIRST = NAME % 0
N_MODELS = 16
N_TENSORS = 3
N_VALUES = 8192


def run(*args):
    p = subprocess.run((TOOL,) + args, cwd=TOP + "/src",
                       capture_output=True, text=True)
    if p.returncode != 0:
        sys.exit("%s: status %d: %s%s" % (" ".join(args), p.returncode,
                                          p.stdout, p.stderr))
    return p.stdout


def write(path, tensors):
    head, at = {}, 0
    for i, t in enumerate(tensors):
        n = 4 * len(t)
        head["l%d.weight" % i] = {"dtype": "F32", "shape": [len(t) // 64, 64],
                                  "data_offsets": [at, at + n]}
        at += n
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for t in tensors:
            f.write(t.tobytes())


def make_states(rng):
    """A training: each tensor moves on in most steps."""
    noise = [1 + 1e-3 * rng.gauss(0, 1) for _ in range(4093)]
    state = [array.array("f", (rng.gauss(0, 1) for _ in range(N_VALUES)))
             for _ in range(N_TENSORS)]
    for i in range(N_MODELS):
        write("%s/src/%s" % (TOP, NAME % i), state)
        for k in range(N_TENSORS):
            if rng.random() < 0.8:
                o = rng.randrange(4093)
                state[k] = array.array("f", (
                    x * noise[(j + o) % 4093]
                    for j, x in enumerate(state[k])))


def check(store, alive, what):
    out = TOP + "/out"
    shutil.rmtree(out, ignore_errors=True)
    labels = [x.split("\t")[0] for x in run("ls", store).splitlines()[1:]]
    if sorted(labels) != sorted(alive):
        sys.exit("%s: %s are there, not %s" % (what, labels, sorted(alive)))
    if not alive:
        return
    run("get", "-C", out, store)
    for name in alive:
        with open(out + "/" + name, "rb") as f, \
                open(TOP + "/src/" + name, "rb") as g:
            if f.read() != g.read():
                sys.exit("%s: %s is another one" % (what, name))


def forget(store):
    for name in os.listdir(store):
        if name.startswith("catalog."):
            os.unlink(store + "/" + name)


def fill(store, rng):
    names = [NAME % i for i in range(N_MODELS)]
    order = rng.choice(("forwards", "backwards", "shuffled"))
    if order == "backwards":
        names.reverse()
    elif order == "shuffled":
        rng.shuffle(names)
    run("init", store)
    while names:
        n = rng.choice((1, 1, 1, 3))
        run("add", store, *names[:n])
        names = names[n:]
    return {NAME % i for i in range(N_MODELS)}


def thin_out(store, alive, rng, what):
    while alive:
        gone = rng.sample(sorted(alive), min(len(alive),
                                             rng.choice((1, 2, 5))))
        run("rm", store, *gone)
        alive.difference_update(gone)
        if rng.random() < 0.2:
            forget(store)
        run("gc", store)
        if rng.random() < 0.2:
            run("fsck", "--rebuild", store)
        check(store, alive, what)
        if rng.random() < 0.3:
            back = NAME % rng.randrange(N_MODELS)
            run("add", store, back)
            alive.add(back)
            check(store, alive, what)


def main():
    for seed in sys.argv[3:]:
        rng = random.Random(int(seed))
        shutil.rmtree(TOP, ignore_errors=True)
        os.makedirs(TOP + "/src")
        make_states(rng)
        a, b = TOP + "/a", TOP + "/b"
        alive = fill(a, rng)
        run("rm", a, FIRST)
        run("gc", a)
        check(a, alive - {FIRST}, "seed %s" % seed)
        if rng.random() < 0.5:
            fill(b, rng)
            for name in os.listdir(b + "/packs"):
                shutil.copy2(b + "/packs/" + name, a + "/packs/" + name)
        else:
            alive.discard(FIRST)
        thin_out(a, alive, rng, "seed %s" % seed)
    shutil.rmtree(TOP)


main()
