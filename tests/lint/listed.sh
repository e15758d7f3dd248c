#!/bin/sh
# Every test in tests/ is listed in a local.mk, so that none is forgotten.
set -u
cd "$srcdir" || exit 99

bad=$(find tests -name 'test_*.c' -o -name 'prop_*.c' -o -name 'fuzz_*.c' \
	-o -path 'tests/cli/*.sh' -o -path 'tests/spec/*.sh' \
	-o -path 'tests/prop/*.sh' -o -path 'tests/lint/*.sh' |
while read -r file; do
	grep -qF "$file" "$(dirname "$file")/local.mk" ||
		echo "$file is in no local.mk"
done)
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
