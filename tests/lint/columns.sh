#!/bin/sh
# No source line is longer than 80 columns (a tab goes to the next multiple
# of 8); files over 400 lines are named as a warning, over 600 they fail.
set -u
cd "$srcdir" || exit 99

files=$(find lib tools tests fixtures -name '*.[ch]' -o -name '*.py' \
	-o -name '*.sh' | grep -v '^tests/fuzz/corpus')
[ -n "$files" ] || exit 99
bad=$(for f in $files scripts/*; do
	expand "$f" | awk -v f="$f" 'length($0) > 80 {
		print f ":" NR ": " length($0) " columns" }'
done)
for f in $files; do
	n=$(wc -l < "$f")
	if [ "$n" -gt 600 ]; then
		bad="$bad
$f: $n lines, at most 600"
	elif [ "$n" -gt 400 ]; then
		echo "warning: $f has $n lines"
	fi
done
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
