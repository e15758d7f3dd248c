#!/bin/sh
# The examples of the man pages of ckpt-align and ckpt-diff work as they stand
# there, in the directory of the fixtures.
. "$srcdir/tests/cli/cli.sh"
ln -s "$fixtures"/* "$scratch" || exit 99
cd "$scratch" || exit 99

for tool in align diff; do
	awk -v t="$tool" '/^\.Bd -literal/ { n++; on = 1; next }
		/^\.Ed/ { on = 0 }
		on { sub(/^\$ /, ""); sub(/\\e$/, "\\")
		     print > (t ".example" n) }' "$srcdir/tools/ckpt-$tool.1"
	[ -f $tool.example3 ] || fail "ckpt-$tool(1) has fewer than 3 examples"
done
expect 0 sh align.example1
prints 'total: log10 .*4.459'
expect 0 sh align.example2
[ "$(wc -l < "$scratch/out")" = 1025 ] || fail "not all were restored"
expect 0 sh align.example3
[ "$(ckpt-cat -l aligned.ckpk | wc -l)" = 1025 ] || fail "aligned.ckpk"
[ "$(wc -l < report.tsv)" = 1025 ] || fail "report.tsv"
expect 0 sh align.example4
[ "$(ckpt-cat -l universe.ckpk | wc -l)" = 1025 ] || fail "universe.ckpk"
[ "$(ckpt-cat -l mean.ckpk | wc -l)" = 2 ] || fail "mean.ckpk"
[ "$(wc -l < cycles.tsv)" = 101 ] || fail "cycles.tsv"
says 'of the units pairwise, 100.00 % by the mean'
expect 0 sh align.example5
[ "$(ckpt-cat -l least.ckpk | wc -l)" = 3 ] || fail "least.ckpk"
expect 0 sh align.example6
awk -F '\t' 'NR > 1 { b[$2] = $7 } END { exit !(NR == 23 && \
	b["none"] > 1 && b["matched"] < 0.1) }' barrier.tsv ||
	fail "barrier.tsv"
[ -s barrier.svg ] || fail "barrier.svg"
expect 1 sh diff.example1
prints 'conv1.weight	differ'
expect 0 sh diff.example2
prints '^1024$'
expect 1 sh diff.example3
[ "$(wc -l < "$scratch/out")" = 253 ] || fail "63 steps of 4 tensors expected"
done_testing
