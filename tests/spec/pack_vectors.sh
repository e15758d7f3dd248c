#!/bin/sh
# The library and decode.py read the vectors of the pack as their README says.
/usr/bin/python3 -c 'import xxhash, zstandard' 2>/dev/null || {
	echo "python3-xxhash or python3-zstandard is missing"; exit 77; }
exec /usr/bin/python3 -B "$srcdir/tests/spec/check_pack.py" "$srcdir" \
	"$builddir" vectors
