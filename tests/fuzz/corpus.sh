#!/bin/sh
# Replays the corpus of every fuzz target.
set -u
bad=0
for target in $FUZZ_TARGETS; do
	name=$(basename "$target")
	corpus=$srcdir/tests/fuzz/corpus/${name#fuzz_}
	printf '%s: ' "$name"
	"$builddir/$target" "$corpus" || { echo "$name FAILED"; bad=1; }
done
exit $bad
