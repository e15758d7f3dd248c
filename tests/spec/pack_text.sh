#!/bin/sh
# Constants, structures and sections are the same in ckpt-pack.md and in the
# code.
python=$(command -v /usr/bin/python3 python3 | head -n 1)
[ -n "$python" ] || { echo "python3 is missing"; exit 77; }
exec "$python" -B "$srcdir/tests/spec/check_pack.py" "$srcdir" \
	"$builddir" text
