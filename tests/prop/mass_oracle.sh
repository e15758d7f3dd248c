#!/bin/sh
# The least mass against an independent solution in NumPy.
. "$srcdir/tests/cli/cli.sh"
/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	echo "NumPy is missing"
	exit 77
}
/usr/bin/python3 "$srcdir/tests/prop/mass_oracle.py" "${1:-1}" "${2:-48}" \
	"$scratch" || fail "the least mass"
done_testing
