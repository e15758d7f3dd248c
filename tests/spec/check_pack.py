"""Holds ckpt-pack.md, its decoder, its vectors and the library together.

usage: check_pack.py SRCDIR BUILDDIR STEP
"""
import glob
import os
import random
import re
import subprocess
import sys
import tempfile

SRC, BUILD, STEP = sys.argv[1:]
SPEC = os.path.join(SRC, 'format-spec')
VECTORS = os.path.join(SPEC, 'vectors')
DECODE = ['/usr/bin/python3', '-B', os.path.join(SPEC, 'decode.py')]
DUMP = [os.path.join(BUILD, 'tests/spec/dump_pack')]
problems = []


def check(good, text):
    if not good:
        problems.append(text)
        print(text)


def run(command, paths):
    return subprocess.run(command + paths, capture_output=True,
                          text=True).stdout


def verdict(text):
    """(verdict, section) of a decoder's output on one file."""
    words = text.strip().split('\n')[-1].split(' ')
    return words[0], words[2] if words[0] != 'good' and len(words) > 2 else ''


def read(path):
    with open(path, 'rb') as f:
        return f.read()


# ---- the vectors ----

def rows():
    for line in read(os.path.join(VECTORS, 'README.md')).decode().split('\n'):
        m = re.match(r'\| (\S+\.ckpk) \| (\S+) \| (\S*) \| (.*) \|$', line)
        if m:
            yield m.groups()


def vectors():
    listed = list(rows())
    here = sorted(os.path.basename(p)
                  for p in glob.glob(os.path.join(VECTORS, '*.ckpk')))
    check(here == sorted(r[0] for r in listed), 'README lists other files')
    check(len(listed) > 100, 'README lists few files')
    for name, expected, section, description in listed:
        path = os.path.join(VECTORS, name)
        paths = [path]
        base = re.search(r', with (\S+\.ckpk)$', description)
        if base:
            paths = ['--base', os.path.join(VECTORS, base[1]), path]
        ours, theirs = run(DUMP, paths), run(DECODE, paths)
        for who, text in (('library', ours), ('decode.py', theirs)):
            got = verdict(text)
            check(got == (expected, section), '%s: %s says %s, expected %s' %
                  (name, who, got, (expected, section)))
        check(expected != 'good' or ours == theirs, name + ': differ')


def generator():
    with tempfile.TemporaryDirectory() as new:
        subprocess.run(['/usr/bin/python3', '-B',
                        os.path.join(SPEC, 'make_vectors.py'), new],
                       check=True)
        check(read(os.path.join(new, 'README.md')) ==
              read(os.path.join(VECTORS, 'README.md')), 'README differs')
        for name, _, _, what in rows():
            a, b = os.path.join(new, name), os.path.join(VECTORS, name)
            same = read(a) == read(b)
            if not same and 'zstd' in what:
                x, y = run(DECODE, [a]), run(DECODE, [b])
                same = x == y or verdict(x) == verdict(y) != ('good', '')
            check(same, name + ': the generator makes another file')


# ---- random packs, sound and damaged ----

def both(path, what):
    ours, theirs = run(DUMP, [path]), run(DECODE, [path])
    if ours != theirs:
        same = verdict(ours)[0] == verdict(theirs)[0] != 'good'
        check(same, '%s: library says %r, decode.py %r' %
              (what, ours[-300:], theirs[-300:]))


def randoms():
    path = 'check_pack-%d.tmp' % os.getpid()
    for seed in range(1, 41):
        subprocess.run([os.path.join(BUILD, 'tests/spec/random_pack'),
                        str(seed), path], check=True)
        both(path, 'random pack %d' % seed)
        check(verdict(run(DUMP, [path]))[0] == 'good',
              'random pack %d is not good' % seed)
        data = bytearray(read(path))
        rand = random.Random(seed)
        if len(data) > 100000:
            continue
        at = rand.randrange(8 * len(data))
        data[at // 8] ^= 1 << at % 8
        with open(path, 'wb') as f:
            f.write(data)
        both(path, 'random pack %d with bit %d off' % (seed, at))
    os.unlink(path)


# ---- the text and the code ----

def constants():
    spec = read(os.path.join(SPEC, 'ckpt-pack.md')).decode()
    code = read(os.path.join(SRC, 'lib/pack/wire.h')).decode()
    table = dict(re.findall(r'^\| ([A-Z_]+) \| (.*?) \|$', spec, re.M))
    defines = dict(re.findall(
        r'^#define WIRE_(\w+) ((?:"[^"]*" ?)+|\d+)', code, re.M))
    check(set(table) == set(defines), 'constants: only one has %s' %
          sorted(set(table) ^ set(defines)))
    for name in set(table) & set(defines):
        value, want = defines[name], table[name]
        if value.startswith('"'):
            value = ''.join(re.findall('"([^"]*)"', value))
            value = value.replace('\\x89', '\x89')
            if not value.isascii():
                value = ' '.join('%02X' % ord(c) for c in value)
        check(value == want, 'constant %s: %s in the code, %s in the text' %
              (name, value, want))


def structures():
    spec = read(os.path.join(SPEC, 'ckpt-pack.md')).decode()
    code = read(os.path.join(SRC, 'lib/pack/wire.h')).decode()
    structs = {}
    for name, body in re.findall(r'struct wire_disk_(\w+) \{(.*?)\n\};',
                                 code, re.S):
        structs[name] = re.findall(r'unsigned char (\w+)\[(\d+)\];', body)
    tables = {}
    name = None
    for line in spec.split('\n'):
        m = re.match(r'\| (\S+) \| (\w*) ?\| (\d+) \|$', line)
        if m and m[1].startswith('`'):
            name = m[1].strip('`')
            tables[name] = (int(m[3]), [])
        elif m and name:
            tables[name][1].append((m[2], m[3]))
            check('\n### %s ' % m[1] in spec, 'no section ' + m[1])
        else:
            name = None
    check(set(structs) == set(tables), 'structures: only one has %s' %
          sorted(set(structs) ^ set(tables)))
    for name in set(structs) & set(tables):
        size, fields = tables[name]
        check(structs[name] == fields, 'structure %s: %s in the code, %s in '
              'the text' % (name, structs[name], fields))
        check(size == sum(int(n) for _, n in fields),
              'structure %s is not of %d bytes' % (name, size))


def sections():
    spec = read(os.path.join(SPEC, 'ckpt-pack.md')).decode()
    have = set(re.findall(r'^##+ (\d+(?:\.\d+)*)\.? ', spec, re.M))
    sources = glob.glob(os.path.join(SRC, 'lib/pack/*.[ch]')) + \
        [os.path.join(SPEC, 'decode.py')]
    for path in sources:
        for s in re.findall(r'["\'(](\d+\.\d+|\d)["\')]',
                            read(path).decode()):
            check(s in have or '.' not in s, '%s cites section %s, which is '
                  'not there' % (path, s))
    for s in re.findall(r'\((\d+\.\d+)\)', spec):
        check(s in have, 'the text cites its section %s' % s)


STEPS = {'vectors': [vectors, generator], 'random': [randoms],
         'text': [constants, structures, sections]}
for step in STEPS[STEP]:
    step()
sys.exit(1 if problems else 0)
