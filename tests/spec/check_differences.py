"""decode.py on pages of differences that the library made, also damaged.

usage: check_differences.py SRCDIR CODE_PAGES
"""
import os
import random
import subprocess
import sys
import tempfile

SRC, CODE = sys.argv[1:]
sys.path.insert(0, os.path.join(SRC, 'format-spec'))
import codings  # noqa: E402
import conventions  # noqa: E402


def page(directory, seed):
    """(raw, base, stored) of one page, or None if there are none."""
    prefix = os.path.join(directory, 'page')
    if subprocess.run([CODE, str(seed), prefix], check=True, text=True,
                      capture_output=True).stdout != 'differences\n':
        return None
    out = []
    for what in ('raw', 'base', 'stored'):
        with open(prefix + '.' + what, 'rb') as f:
            out.append(f.read())
    return out


def main():
    n = 0
    with tempfile.TemporaryDirectory() as directory:
        for seed in range(1, 101):
            made = page(directory, seed)
            if made is None:
                continue
            raw, base, stored = made
            if codings.differences(conventions.Fields(stored, 0), base) != raw:
                sys.exit('seed %d: other bytes' % seed)
            cut = random.Random(seed).randrange(len(stored))
            try:
                codings.differences(conventions.Fields(stored[:cut], 0), base)
                sys.exit('seed %d: cut at %d is good' % (seed, cut))
            except conventions.Refused as e:
                if e.verdict != 'corrupt':
                    sys.exit('seed %d: %s' % (seed, e.verdict))
            n += 1
    if n < 90:
        sys.exit('only %d pages have differences' % n)


main()
