#!/bin/sh
# Aligned models score as their originals do.
. "$srcdir/tests/cli/cli.sh"
data=--data=$fixtures/mnist/t10k-images-idx3-ubyte.gz
data=$data,$fixtures/mnist/t10k-labels-idx1-ubyte.gz

# check INPUT ARCH OPTION...: accuracy, NLL and Brier score stay
check() {
	input=$1
	arch=$2
	shift 2
	ckpt-eval -q --arch="$arch" "$data" "$input" > "$scratch/a" ||
		fail "ckpt-eval $input"
	ckpt-align -q --arch="$arch" "$@" "$input" |
		ckpt-eval -q --arch="$arch" "$data" > "$scratch/b" ||
		fail "$* $input"
	paste "$scratch/a" "$scratch/b" | awk -F '\t' '
		NR == 1 { for (i = 1; i <= NF / 2; i++) at[$i] = i; next }
		{ n++
		  for (k in at) {
			if (k != "acc" && k != "nll" && k != "brier")
				continue
			d = $at[k] - $(at[k] + NF / 2)
			d = k == "acc" ? d / 200 : d # one image may tip
			if (d > 1e-6 || d < -1e-6 || $at[k] == "") {
				print k, $0; bad = 1 } } }
		END { exit bad || n == 0 }' || fail "$* $input: other scores"
}
ckpt-cat --head=16 "$fixtures/mnist-optunet-0-1023.tgz" > "$scratch/o.ckpk"
for method in --canonical=exact --canonical=paper \
    "--to=$scratch/o.ckpk --scale=pow2" "--to=$scratch/o.ckpk --scale=unit"
do
	check "$scratch/o.ckpk" optunet $method
done
check "$fixtures/lenet5-tanh/1.safetensors" lenet5-tanh --canonical=exact
check "$fixtures/lenet5-relu/1.safetensors" lenet5-relu --canonical=paper
done_testing
