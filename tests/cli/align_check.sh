#!/bin/sh
# Each way to align a model leaves its function alone, for every architecture
# that is shipped, at an eighth of its width: in f64 to 1e-10 of the largest
# output; in f32 to what the order of sums and the rounding of weights explain.
. "$srcdir/tests/cli/cli.sh"

# narrow FILE: an eighth of the units of each hidden layer, but 4 to 64, and
# smaller images
narrow() {
	awk '/^(conv|linear|use) / { for (i = 1; i <= NF; i++)
			if ($i ~ /^(out|mid)=[0-9]+$/) {
				split($i, part, "=")
				n = int(part[2] / 8)
				n = n < 4 ? 4 : n > 64 ? 64 : n
				$i = part[1] "=" n } }
		/^name wrn/ { wide = 1 }
		/^input / { sub(/224x224/, "32x32")
			if (wide) sub(/32x32/, "16x16") }
		{ print }' "$1"
}

# report OPTION...: aligns a model, keeps the report
report() {
	expect 0 ckpt-align -q --arch="$scratch/$name.arch" --check=f64 \
		--report="$scratch/report" -o "$scratch/out.ckpk" "$@" \
		"$scratch/$name/1.safetensors"
	# rescaled filters before an FRN show, by its eps
	near=1e-10
	case $name$1 in *frn*min-mass) near=1e-3 ;; esac
	awk -F '\t' -v exact="$exact" -v n=$models -v near=$near '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		{ z = $at["f64_max_logit"]
		  d = $at["f64_output_change"]
		  f = $at["output_change"]; o = $at["order_change"]
		  if (!(z > 1e-3 && z < 1e6) || !(d <= near * z) ||
		      !($at["f64_order_change"] <= 1e-10 * z) ||
		      !(f <= 1e-3 * $at["max_logit"]) ||
		      (exact && !(f <= 8 * o + 1e-6 * z)) ||
		      $at["not_finite"] != 0) { print; bad = 1 } }
		END { exit bad || NR != n + 1 }' "$scratch/report" ||
		fail "$name: $*: another function"
	moved=$((moved + $(awk -F '\t' 'NR > 1 { n += $3 } END { print n }' \
		"$scratch/report")))
}

n=0
for file in "$srcdir"/arch/*.arch; do
	name=$(basename "$file" .arch)
	narrow "$file" > "$scratch/$name.arch"
	"$builddir/tests/prop/arch_model" "$scratch/$name.arch" $n 2 \
		"$scratch/$name" || exit 99
	n=$((n + 1))
	moved=0
	ref=$scratch/$name/0.safetensors
	exact=1
	models=2
	report --canonical=exact "$ref"
	models=1
	report --to="$ref"
	report --to="$ref" --scale=pow2
	exact=0
	report --canonical=paper
	report --to="$ref" --scale=unit
	report --scale=min-mass
	[ $moved -gt 20 ] || fail "$name: nothing moves"
done
[ $n -ge 15 ] || fail "$n architectures"

# given inputs, too
cd "$fixtures" || exit 99
expect 0 ckpt-align -q --canonical=exact --check=f64 --report="$scratch/r" \
	--data=mnist/t10k-images-idx3-ubyte.gz -o "$scratch/out.ckpk" mlp
awk -F '\t' 'NR > 1 && !($10 > 0 && $10 < 1e-13 * $12 && $12 > 1) {
	bad = 1 } END { exit bad || NR != 3 || NF != 12 }' "$scratch/r" ||
	fail "--data"

# symmetries that are not those of the function: signs behind a ReLU, of a
# pack that states them
for i in 0 1; do
	ckpt-align -q --arch=lenet5-tanh --canonical=exact \
		lenet5-tanh/$i.safetensors |
		ckpt-cat --set arch=lenet5-relu -o "$scratch/$i.ckpk" ||
		exit 99
done
expect 0 ckpt-align -q --to="$scratch/1.ckpk" --report="$scratch/r" \
	-o "$scratch/out.ckpk" "$scratch/0.ckpk"
expect 2 ckpt-align -q --to="$scratch/1.ckpk" --report="$scratch/r" \
	--check=f64 -o "$scratch/no.ckpk" "$scratch/0.ckpk"
one_line
says '0.safetensors: match changes its outputs by .* in f64'
[ ! -e "$scratch/no.ckpk" ] || fail "another function is written"

expect 2 ckpt-align --canonical=exact --check=f64 mlp
says '.--check goes with --report'
expect 2 ckpt-align --canonical=exact --check=f32 --report=x mlp
says 'expected f64'
done_testing
