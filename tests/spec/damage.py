"""Single bits of a pack flipped: each is found, what depends on the place is
named, and all else comes whole.

usage: damage.py SRCDIR BUILDDIR PACK LIST NUMBER

LIST is what ckpt-cat -ll says of the pack. Which tensors depend on a place is
taken from the second decoder: the frames that it reads for each page.
"""
import os
import random
import re
import subprocess
import sys

SRC, BUILD, PACK, LIST, NUMBER = sys.argv[1:]
sys.path.insert(0, os.path.join(SRC, 'format-spec'))
import decode  # noqa: E402

BATCH = 20  # files that one run of a tool reads
problems = []


def fail(text):
    problems.append(text)
    print('FAIL:', text)


class Traced(decode.Part):
    """Notes all frames, and for each page those that it takes."""

    def __init__(self, data):
        super().__init__(data, 0, [])
        self.all = []      # (offset, tag, bytes)
        self.needs = {}    # offset of a page: offsets of frames
        self.holds = {}    # offset of a page: its (label, tensor)
        self.taken = None

    def frame(self):
        f = super().frame()
        self.all.append((f.offset, f.tag, 32 + f.stored))
        return f

    def payload(self, f):
        self.taken = self.needs[f.offset] = {f.offset} \
            if f.tag == b'PAGE' else set()
        return super().payload(f)

    def frames(self, at, length):
        for page in super().frames(at, length):
            self.taken.add(page[0])
            yield page

    def read_group(self, head):
        begin = len(self.all)
        super().read_group(head)
        pages = iter(self.all[begin:])
        index = decode.Index(decode.decode(*self.stored(self.all[-1][0])), 0)
        schema = decode.Schema(index.schema, 0)
        models = decode.Group(index.group, 0).models
        for t in schema.tensors:
            for row, n, _, _ in decode.pages_of(t, len(models)):
                self.holds[next(pages)[0]] = {
                    (m.label.decode(), t.name.decode())
                    for m in models[row:row + n]}

    def stored(self, at):
        f = decode.Frame(self.data[at:at + 32], at)
        return f, self.data[at + 32:at + 32 + f.stored]

    def lost_with(self, offset):
        """The (label, tensor) of all pages that take this frame."""
        return {x for page, needs in self.needs.items() if offset in needs
                for x in self.holds[page]}


def places(frames, rand, n):
    """Bits, half of them anywhere and half of any frame, and its frame."""
    size = sum(f[2] for f in frames)
    for i in range(n):
        if i % 2:
            at = rand.randrange(32, 8 * size)  # the magic is another matter
            frame = next(f for f in frames if f[0] + f[2] > at // 8)
        else:
            frame = rand.choice(frames)
            at = 8 * frame[0] + rand.randrange(8 * (frame[2] if i % 4 else
                                                    32))
            at = max(at, 32)
        yield at, frame


def lines(command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines(), \
        done.stderr.splitlines()


def lost_of(err, path):
    """What is named lost in the lines on one file."""
    found = set()
    for line in err:
        m = re.match(r'ckpt-cat: %s: .*lost: tensor (.*?) of model (.*?): '
                     % re.escape(path), line)
        if m:
            found.add((m[2], m[1]))
    return found


def batch(part, data, spots, wanted):
    paths = []
    for i, (at, _) in enumerate(spots):
        bad = bytearray(data)
        bad[at // 8] ^= 1 << at % 8
        paths.append('damaged%d.ckpk' % i)
        with open(paths[-1], 'wb') as f:
            f.write(bad)
    _, out, _ = lines([os.path.join(BUILD, 'tests/spec/dump_pack')] + paths)
    if len([x for x in out if re.match(
            'not-a-pack|newer|corrupt|truncated|mismatch', x)]) != len(paths):
        fail('not found: one of %s' % [at for at, _ in spots])
    _, out, err = lines(['ckpt-cat', '-ll', '--keep-going'] + paths)
    expected = []
    for (at, frame), path in zip(spots, paths):
        lost = lost_of(err, path)
        depend = part.lost_with(frame[0]) if frame[1] == b'PAGE' else set()
        # of a page whose header is damaged the index tells what it is, but
        # not those that refer to its frame
        if lost != depend and not (lost <= depend and
                                   at // 8 < frame[0] + 32):
            fail('bit %d, in the %s at %d: lost %s, depend %s' % (
                at, frame[1], frame[0], sorted(lost), sorted(depend)))
        expected += [w for w in wanted
                     if tuple(w.split('\t')[:2]) not in lost]
    if out[1:] != expected:
        fail('other tensors come out: one of %s' % [at for at, _ in spots])
    status, out, err = lines(['ckpt-cat', '-l', paths[0]])
    if status != 2 or len(err) != 1:
        fail('bit %d: status %d, %s' % (spots[0][0], status, err))


def main():
    with open(PACK, 'rb') as f:
        data = f.read()
    with open(LIST, encoding='utf-8') as f:
        wanted = f.read().splitlines()
    part = Traced(data)
    part.read()
    if sum(f[2] for f in part.all) != len(data):
        fail('frames do not add up')
    rand = random.Random(int(os.environ.get('CKPT_SEED', 1)))
    spots = list(places(part.all, rand, int(NUMBER)))
    for i in range(0, len(spots), BATCH):
        batch(part, data, spots[i:i + BATCH], wanted)
    hit = [f[1] for _, f in spots]
    print({t.decode('latin-1'): hit.count(t) for t in sorted(set(hit))})
    depend = [len(part.lost_with(f[0])) for _, f in spots]
    print('tensors that depend on a place: 0 to %d' % max(depend))
    sys.exit(1 if problems else 0)


main()
