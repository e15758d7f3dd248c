#!/bin/sh
# decode.py reads the differences that the library makes (11.4).
/usr/bin/python3 -c 'import xxhash, zstandard' 2>/dev/null || {
	echo "python3-xxhash or python3-zstandard is missing"; exit 77; }
exec /usr/bin/python3 -B "$srcdir/tests/spec/check_differences.py" \
	"$srcdir" "$builddir/tests/spec/code_pages"
