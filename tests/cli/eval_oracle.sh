#!/bin/sh
# ckpt-eval: the scores of every fixture against PyTorch's, models and mean
# prediction, whatever the dtype and the container; threads change no bit.
. "$srcdir/tests/cli/cli.sh"
cd "$fixtures" || exit 99
mnist=mnist/t10k-images-idx3-ubyte.gz,mnist/t10k-labels-idx1-ubyte.gz
fashion=fashion/t2k-images-idx3-ubyte.gz

# compare ORACLE: $scratch/out has its rows and columns, and values that
# differ by no more than rounding of the forward pass explains.
compare() {
	awk -F '\t' '
	FNR == 1 { for (i = 1; i <= NF; i++) name[FILENAME == ARGV[1], i] = $i
		columns[FILENAME == ARGV[1]] = NF; next }
	FILENAME == ARGV[1] { for (i = 2; i <= NF; i++) want[$1, i] = $i
		rows++; next }
	{
		found++
		for (i = 2; i <= NF; i++) {
			allowed = 1e-6
			if (name[1, i] == "acc")
				allowed = 0
			else if (name[1, i] ~ /^aupr/)
				allowed = 1e-5
			else if (name[1, i] ~ /^auroc/)
				allowed = 1.5e-6
			d = $i - want[$1, i]
			if (d < 0)
				d = -d
			if (!(($1, i) in want) || $i !~ /^[0-9]/ ||
			    d > allowed) {
				print $1, name[1, i], $i, want[$1, i]
				bad = 1
			}
		}
	}
	END {
		for (i = 1; i <= columns[1]; i++)
			if (name[1, i] != name[0, i])
				bad = 1
		exit bad || found != rows || columns[0] != columns[1]
	}' "oracle/$1.tsv" "$scratch/out" || fail "$1: not PyTorch's scores"
}

for name in lenet5-relu lenet5-tanh mlp; do
	arch=$name
	[ "$name" = mlp ] && arch=mlp-784-512
	expect 0 ckpt-eval --arch="$arch" --data="$mnist" --ood="$fashion" \
		--ensemble "$name"
	compare "$name"
done

# the other way round: in distribution is Fashion-MNIST
for name in resnet20 resnet20-frn; do
	expect 0 ckpt-eval -q --limit=500 --ensemble \
		--data="$fashion,fashion/t2k-labels-idx1-ubyte.gz" \
		--ood=mnist/t10k-images-idx3-ubyte.gz "$name"
	compare "$name"
done

ckpt-cat --head 8 mnist-optunet-0-1023.tgz > "$scratch/8.ckpk" ||
	fail "ckpt-cat"
expect 0 ckpt-eval -j 1 --data="$mnist" --ood="$fashion" --ensemble \
	"$scratch/8.ckpk"
says 'recognised the architecture optunet'
one_line
compare optunet
cp "$scratch/out" "$scratch/one"
for j in 2 3; do
	expect 0 ckpt-eval -q -j "$j" --memory=1M --data="$mnist" \
		--ood="$fashion" --ensemble < "$scratch/8.ckpk"
	[ -s "$scratch/err" ] && fail "-q is not quiet"
	cmp "$scratch/one" "$scratch/out" || fail "-j $j changes the scores"
done

# the rules of FPR95: interpolated lies below first, others stay
expect 0 ckpt-eval -q --fpr-rule=interpolated --data="$mnist" \
	--ood="$fashion" "$scratch/8.ckpk"
awk -F '\t' 'NR == FNR { f[$1] = $8; a[$1] = $6; next }
	FNR > 1 && ($8 > f[$1] || $8 < f[$1] - 0.01 || $6 != a[$1]) {
		exit 1 }' "$scratch/one" "$scratch/out" ||
	fail "--fpr-rule=interpolated"
done_testing
