#!/bin/sh
# ckpt-eval on one thread against PyTorch eager: 1,024 OptuNets, LeNet-5, an
# MLP and a network drawn at random, each on 10,000 images, with the scores.
. "$srcdir/tests/bench/bench.sh"

/usr/bin/python3 -c 'import torch' 2> /dev/null || {
	row "ckpt-eval against PyTorch" "PyTorch is missing" "" ""
	exit 0
}
tab=$(printf '\t')
/usr/bin/python3 "$srcdir/tests/bench/bench_eval.py" "$fixtures" "$scratch" \
	"$srcdir/arch" > "$scratch/times" || exit 2
while IFS=$tab read -r work ours peer batch error target; do
	row "ckpt-eval -j1, $work" "$ours CPU ms a model" \
		"PyTorch $peer ms (batches of $batch)" \
		"$(calc "$peer / $ours")x ($target), logits +-$error"
done < "$scratch/times"
