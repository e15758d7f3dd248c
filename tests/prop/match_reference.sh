#!/bin/sh
# The matching against a plain one, where there is SciPy.
python3=python3
/usr/bin/python3 -c 'import scipy' 2>/dev/null && python3=/usr/bin/python3
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ckpt-match.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
"$python3" "$srcdir/tests/prop/match_reference.py" "$tmp"
