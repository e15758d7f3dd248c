#!/bin/sh
# ckpt-eval: the examples of its man page work as they stand there, in the
# directory of the fixtures.
. "$srcdir/tests/cli/cli.sh"
ln -s "$fixtures"/* "$scratch" || exit 99
cd "$scratch" || exit 99

awk '/^\.Bd -literal/ { n++; on = 1; next }
	/^\.Ed/ { on = 0 }
	on { sub(/\\e$/, "\\"); print > ("example" n) }' \
	"$srcdir/tools/ckpt-eval.1"
[ -f example3 ] || fail "the man page has fewer than 3 examples"
for example in example*; do
	expect 0 sh "$example"
done

[ "$(wc -l < scores.tsv)" = 1026 ] || fail "scores.tsv: not 1,026 lines"
# the mean prediction is better than every single one
awk -F '\t' 'NR > 1 && $2 > best { best = $2; who = $1 }
	END { exit who != "(ensemble)" }' scores.tsv || fail "(ensemble)"
# 2 models x 10,000 images x 10 classes of 4 bytes, and a head
[ "$(wc -c < mlp.npy)" = 800128 ] || fail "mlp.npy: its size"
# all models have weights to spare
awk -F '\t' 'NR > 1 && !($4 > 5 && $4 < 100) { bad = 1 }
	END { exit bad || NR != 1025 }' masses.tsv || fail "masses.tsv"
done_testing
