#!/bin/sh
# ckpt-align --barrier: the ends of a line score as ckpt-eval says, a model is
# no barrier to itself, a permuted copy is one until it is matched.
. "$srcdir/tests/cli/cli.sh"
cd "$fixtures" || exit 99
images=mnist/t10k-images-idx3-ubyte.gz
data=--data=$images,mnist/t10k-labels-idx1-ubyte.gz
tool="python3 $srcdir/tests/cli/align_tool.py"
svg="python3 $srcdir/tests/cli/stats_tool.py svg"

# field ALIGNMENT T COLUMN: of the table in $scratch/out
field() {
	awk -F '\t' -v a="$1" -v t="$2" -v c="$3" '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$2 == a && $4 == t { print $at[c] }' "$scratch/out"
}

# ends REF INPUT: the lines of $scratch/out begin and end with the scores of
# ckpt-eval: digit by digit, but where units have changed places
ends() {
	for end in 0 1; do
		[ $end = 0 ] && model=$2 || model=$1
		ckpt-eval -q "$data" --limit=1500 "$model" > "$scratch/eval"
		want=$(awk -F '\t' 'NR == 2 { print $3, $2 }' \
			"$scratch/eval")
		for a in none matched; do
			echo "$want $(field $a $end loss)" \
				"$(field $a $end accuracy)"
		done
	done | awk 'NR != 2 && ($1 != $3 || $2 != $4) { print; bad = 1 }
		NR == 2 { d = $1 - $3; f = $2 - $4
			if (d * d > 1e-12 || f * f > 1e-6) { print; bad = 1 } }
		END { exit bad || NR != 4 }' || fail "$1 $2: other ends"
}

# independent networks: a real barrier, nearly none after the matching
expect 0 ckpt-align -q --barrier=mlp/1.safetensors "$data" --limit=1500 \
	--points=4 --plot="$scratch/b.svg" mlp/0.safetensors
cp "$scratch/out" "$scratch/table"
[ "$(head -n 1 "$scratch/out" | tr '\t' ' ')" = 'label alignment repair t'\
' loss accuracy loss_barrier accuracy_barrier' ] || fail "other columns"
[ "$(cut -f 2-4 "$scratch/out" | tail -n +2 | tr '\t\n' ' ;')" = "$(
	for a in none matched; do
		for t in 0 0.333333333 0.666666667 1; do
			printf '%s none %s;' $a $t
		done
	done)" ] || fail "other rows"
ends mlp/1.safetensors mlp/0.safetensors
awk -F '\t' 'NR > 1 { loss[$2, $4] = $5; acc[$2, $4] = $6; b[$2] = $7
	f[$2] = $8 }
	function above(y, a, t) {
		return y[a, t] - (y[a, 0] + t * (y[a, 1] - y[a, 0])) }
	END { for (a in b) {
		l = r = 0
		for (i = 1; i < 3; i++) {
			t = sprintf("%.9g", i / 3)
			if (above(loss, a, t) > l) l = above(loss, a, t)
			if (-above(acc, a, t) > r) r = -above(acc, a, t) }
		l -= b[a]; r -= f[a]
		if (l * l > 1e-15 || r * r > 1e-15) { print a, l, r; bad = 1 }
	}
	if (!(b["none"] > 1) || !(b["matched"] < 0.1)) { print "size"; bad = 1 }
	exit bad }' "$scratch/out" || fail "other barriers"
$svg "$scratch/b.svg" || fail "not well-formed XML"
[ "$(grep -c 'after alignment' "$scratch/b.svg")" = 2 ] ||
	fail "no legend in two panels"
for j in 1 3; do
	expect 0 ckpt-align -q -j $j --barrier=mlp/1.safetensors "$data" \
		--limit=1500 --points=4 -o "$scratch/$j" mlp/0.safetensors
	cmp "$scratch/$j" "$scratch/table" || fail "-j$j: another table"
done

# a model and itself: flat
expect 0 ckpt-align -q --barrier=lenet5-relu/2.safetensors "$data" \
	--arch=lenet5-relu --limit=300 --points=4 lenet5-relu/2.safetensors
[ "$(tail -n +2 "$scratch/out" | cut -f 5-8 | sort -u | wc -l)" = 1 ] ||
	fail "a model is not flat"
[ "$(tail -n +2 "$scratch/out" | cut -f 7,8 | sort -u)" = "0	0" ] ||
	fail "a model is a barrier to itself"

# a permuted copy
ckpt-align -q --canonical=exact --scale=none mlp/0.safetensors \
	-o "$scratch/copy.ckpk" || fail "cannot permute"
expect 0 ckpt-align -q --barrier=mlp/0.safetensors "$data" --limit=1500 \
	--points=5 "$scratch/copy.ckpk"
ends mlp/0.safetensors "$scratch/copy.ckpk"
[ "$(awk '$2 == "none" && !($7 > 0.1)' "$scratch/out")" = '' ] ||
	fail "a permuted copy is no barrier"
[ "$(awk '$2 == "matched" && !($7 == 0 && $8 == 0)' "$scratch/out")" = '' ] ||
	fail "a permuted copy is a barrier when it is matched"

# with scales: the end of the line is the reference in its new scales
for scale in pow2 unit; do
	expect 0 ckpt-align -q --barrier=lenet5-relu/0.safetensors "$data" \
		--arch=lenet5-relu --limit=300 --points=3 --scale=$scale \
		lenet5-relu/0.safetensors lenet5-relu/1.safetensors
	awk -F '\t' -v s=$scale 'NR > 1 && $2 == "matched" {
		n++; if ($7 > ($1 ~ /\/0/ ? 1e-6 : 9)) { print; bad = 1 } }
		END { exit bad || n != 6 }' "$scratch/out" ||
		fail "--scale=$scale"
	[ "$(field matched 1 loss | sort -u | wc -l)" = 1 ] ||
		fail "--scale=$scale: the reference is not one"
done

# float64 and fp16 models, and other orders of tensors, on one line
$tool shuffle lenet5-tanh/0.safetensors "$scratch/s.safetensors" || exit 99
expect 0 ckpt-align -q --barrier=lenet5-tanh/0.safetensors "$data" \
	--arch=lenet5-tanh --limit=300 --points=3 "$scratch/s.safetensors"
[ "$(tail -n +2 "$scratch/out" | cut -f 7,8 | sort -u)" = "0	0" ] ||
	fail "the order of tensors matters"
ckpt-align -q --canonical=exact --dtype=f64 -o "$scratch/f64.ckpk" \
	mlp/0.safetensors || fail "cannot widen"
expect 0 ckpt-align -q --barrier=mlp/0.safetensors "$data" --limit=300 \
	--points=3 --scale=pow2 "$scratch/f64.ckpk"
[ "$(awk '$2 == "matched" && !($7 == 0 && $8 == 0)' "$scratch/out")" = '' ] ||
	fail "f64 against f32"

# another architecture, also where the tensors are the same
net() {
	ckpt-align -q --canonical=exact --arch="$1" -o "$scratch/$1" \
		"lenet5-relu/$2.safetensors" || exit 99
}
net lenet5-relu 0
net lenet5-tanh 1
one=lenet5-relu/1.safetensors
for other in "$scratch/lenet5-tanh" mlp/0.safetensors; do
	expect 2 ckpt-align -q --barrier="$scratch/lenet5-relu" "$data" \
		--limit=50 -o "$scratch/no.tsv" "$other"
	one_line
	says 'safetensors: its architecture is [a-z0-9-]*, that of the'\
' reference lenet5-relu/0.safetensors is lenet5-relu'
	[ ! -e "$scratch/no.tsv" ] || fail "a table of two architectures"
done

# what is refused: nothing is written
refuse() {
	expect 2 ckpt-align -q --barrier=lenet5-relu/0.safetensors \
		--arch=lenet5-relu --limit=50 --points=2 -o "$scratch/no.tsv" \
		--plot="$scratch/no.svg" "$@"
	one_line
	for file in no.tsv no.svg; do
		[ ! -e "$scratch/$file" ] || fail "$*: there is a file"
	done
}
for value in nan inf; do
	$tool set $one "$scratch/bad.safetensors" fc2.bias 7 $value || exit 99
	refuse "$data" $one "$scratch/bad.safetensors"
	says 'bad.safetensors: element 7 of the tensor "fc2.bias"'
	refuse --barrier="$scratch/bad.safetensors" "$data" $one
	says 'bad.safetensors: element 7 of the tensor "fc2.bias"'
done
refuse "$data" --repair $one
says 'lenet5-relu has no batch norm'
refuse --data="$images,$images" $one
says 'labels are one dimension'
refuse --data="$images,none.gz" $one
says 'none.gz'
refuse "$data" mlp/0.safetensors
says 'mlp/0.safetensors'
tar -cf "$scratch/empty.tar" -T /dev/null
refuse "$data" "$scratch/empty.tar"
says 'no checkpoint'
refuse "$data" --plot="$scratch/none/x.svg" $one
says 'none/x.svg'
(ckpt-align -q --barrier=$one --arch=lenet5-relu "$data" --limit=50 \
	--points=2 $one > /dev/full) 2> "$scratch/err"
[ $? = 2 ] || fail "a full disk is not noticed"

# usage
expect 2 ckpt-align --barrier=$one $one
says 'needs --data=IMAGES,LABELS'
expect 2 ckpt-align --barrier=$one --data=$images $one
expect 2 ckpt-align --barrier=$one --data=$images, $one
expect 2 ckpt-align --barrier=$one --to=$one "$data" $one
says 'exclude one another'
expect 2 ckpt-align --barrier=$one --canonical=exact "$data" $one
expect 2 ckpt-align --barrier=$one "$data" --points=1 $one
expect 2 ckpt-align --barrier=$one "$data" --report=x $one
expect 2 ckpt-align --barrier=$one "$data" --scale=min-mass $one
expect 2 ckpt-align --to=$one --points=3 $one
says 'go with --barrier'
done_testing
