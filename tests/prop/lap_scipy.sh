#!/bin/sh
# The assignment solver against SciPy's, where there is one.
python3=python3
/usr/bin/python3 -c 'import scipy' 2>/dev/null && python3=/usr/bin/python3
exec "$python3" "$srcdir/tests/prop/lap_scipy.py" \
	"$builddir/tests/prop/lap_solve"
