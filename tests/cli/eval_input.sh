#!/bin/sh
# ckpt-eval: the forms of its data, its outputs, and what it refuses.
. "$srcdir/tests/cli/cli.sh"
cd "$fixtures" || exit 99
tool="python3 $srcdir/tests/cli/eval_tool.py"
images=mnist/t10k-images-idx3-ubyte.gz
labels=mnist/t10k-labels-idx1-ubyte.gz
mnist=$images,$labels
fashion=fashion/t2k-images-idx3-ubyte.gz
ckpt-cat --head 4 mnist-optunet-0-1023.tgz > "$scratch/4.ckpk" || exit 99
ckpt-cat --to=safetensors -C "$scratch/nets" "$scratch/4.ckpk" || exit 99
net=$scratch/nets/mnist-optunet-0-1023/version_0.safetensors
optunets="-q --data=$mnist --limit=500 $scratch/4.ckpk"

# same SCORES: the last command printed them
same() {
	cmp "$scratch/$1" "$scratch/out" || fail "$2: other scores"
}
expect 0 ckpt-eval $optunets
cp "$scratch/out" "$scratch/scores"
prints '^label	acc	nll	brier	ece$'

# plain IDX, .npy of several dtypes
gunzip -c $images > "$scratch/images"
gunzip -c $labels > "$scratch/labels"
expect 0 ckpt-eval -q --limit=500 \
	--data="$scratch/images,$scratch/labels" "$scratch/4.ckpk"
same scores "plain IDX"
$tool npy $labels "$scratch/i4.npy" '<i4' 500
$tool npy $labels "$scratch/i8.npy" '<i8' 500
for dtype in '|u1' '<f4' '<f8'; do
	$tool npy $images "$scratch/x.npy" "$dtype" 500
	expect 0 ckpt-eval -q --data="$scratch/x.npy,$scratch/i8.npy" \
		"$scratch/4.ckpk"
	same scores "$dtype"
done
expect 0 ckpt-eval -q --data="$scratch/x.npy,$scratch/i4.npy" \
	"$scratch/4.ckpk"
same scores i4

# normalisation by option
expect 0 ckpt-eval --normalize='scale=1/255 mean=0.1307 std=0.3081' $optunets
same scores --normalize
expect 0 ckpt-eval --normalize='scale=1/255' $optunets
cmp -s "$scratch/scores" "$scratch/out" && fail "--normalize does nothing"
expect 2 ckpt-eval --normalize='scale=x' $optunets
says normalize
one_line

# -o, --json, --logits
expect 0 ckpt-eval -o "$scratch/table" $optunets
[ -s "$scratch/out" ] && fail "-o prints"
cmp "$scratch/table" "$scratch/scores" || fail "-o: other scores"
expect 0 ckpt-eval --json --ood=$fashion --ensemble $optunets
python3 -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert len(rows) == 5 and rows[4]["label"] == "(ensemble)", rows
assert all(0 < r["fpr95_entropy"] <= 1 for r in rows), rows
assert rows[4]["acc"] > 0.9 and rows[4]["nll"] < rows[0]["nll"]' \
	< "$scratch/out" || fail "--json"
expect 0 ckpt-eval --logits="$scratch/z.npy" $optunets
same scores --logits
awk -F '\t' 'NR > 1 { print $2 }' "$scratch/scores" > "$scratch/acc"
$tool accuracy "$scratch/z.npy" $labels | cmp - "$scratch/acc" ||
	fail "--logits: accuracy from them differs"
mkfifo "$scratch/fifo"
expect 2 ckpt-eval --logits="$scratch/fifo" $optunets
says 'regular file'
expect 0 ckpt-eval -q --data=$images --limit=10 --logits="$scratch/y.npy" \
	"$scratch/4.ckpk"
[ -s "$scratch/y.npy" ] || fail "no logits without labels"
find "$scratch" -name '.ckpt-eval*' | grep -q . && fail "spool is left"
expect 2 ckpt-eval -q --data=$images "$scratch/4.ckpk"
says 'without labels'
(ckpt-eval $optunets > /dev/full) 2> "$scratch/err"
[ $? = 2 ] || fail "a full disk is not noticed"

# several schemas in one stream, each by its own architecture
expect 0 ckpt-cat --set arch=lenet5-tanh -o "$scratch/tanh.ckpk" lenet5-tanh
cat "$scratch/4.ckpk" "$scratch/tanh.ckpk" > "$scratch/two.ckpk"
expect 0 ckpt-eval --data=$mnist --limit=500 --ensemble "$scratch/two.ckpk"
says 'recognised the architecture optunet'
one_line
[ "$(wc -l < "$scratch/out")" = 10 ] || fail "two schemas: not 10 lines"
head -n 5 "$scratch/out" | cmp - "$scratch/scores" || fail "two schemas"

# architectures: ambiguous, unknown, not fitting, from CKPT_ARCH_PATH
expect 2 ckpt-eval --data=$mnist lenet5-relu
says '2 architectures fit the tensors: .*lenet5-relu, lenet5-tanh'
one_line
# the table of symmetries that ckpt-align leaves tells ReLU from tanh
for arch in lenet5-relu lenet5-tanh; do
	ckpt-align -q --arch=$arch --canonical=exact $arch/0.safetensors \
		> "$scratch/canonical.ckpk"
	expect 0 ckpt-eval --data=$mnist --limit=500 "$scratch/canonical.ckpk"
	says "recognised the architecture $arch"
	one_line
	[ "$(awk 'NR == 2 { print ($2 > 0.95) }' "$scratch/out")" = 1 ] ||
		fail "$arch: not its scores"
done
sed 's/^relu/sigmoid/' "$srcdir/arch/lenet5-relu.arch" > "$scratch/own.arch"
ckpt-align -q --arch="$scratch/own.arch" --canonical=exact \
	lenet5-relu/0.safetensors > "$scratch/canonical.ckpk"
expect 2 ckpt-eval --data=$mnist --limit=500 "$scratch/canonical.ckpk"
says 'no known architecture fits the tensors and their symmetries'
one_line
expect 2 ckpt-eval --arch=lenet6 --data=$mnist lenet5-relu
says lenet6
expect 2 ckpt-eval --arch=optunet --data=$mnist lenet5-relu
expect 2 ckpt-eval --arch="$scratch/none.arch" --data=$mnist lenet5-relu
says 'none.arch'
mkdir "$scratch/archs"
sed 's/^name .*/name mine/' "$srcdir/arch/optunet.arch" \
	> "$scratch/archs/mine.arch"
expect 0 env CKPT_ARCH_PATH="$scratch/archs" ckpt-eval --arch=mine $optunets
same scores CKPT_ARCH_PATH
expect 2 env CKPT_ARCH_PATH="$scratch/archs" ckpt-eval $optunets
says '2 architectures fit'

# not finite: named, counted, not scored; the others are
$tool poke "$net" "$scratch/nan.safetensors" conv1.weight 3 007e
$tool poke "$net" "$scratch/inf.safetensors" fc1.bias 2 007c
expect 1 ckpt-eval --data=$mnist --limit=500 --ood=$fashion --ensemble \
	"$scratch/nan.safetensors" "$scratch/inf.safetensors" "$net"
says 'nan.safetensors: 1 weights are NaN or infinite'
says 'nan.safetensors: 1000 images have logits that are NaN'
says 'inf.safetensors: 1 weights are NaN or infinite'
[ "$(grep -c '\(	nan\)\{10\}$' "$scratch/out")" = 2 ] ||
	fail "NaN is scored"
tail -n 2 "$scratch/out" | awk -F '\t' '
	NR == 1 { for (i = 2; i <= NF; i++) x[i] = $i }
	NR == 2 { for (i = 2; i <= NF; i++)
		if ($i - x[i] > 1e-6 || x[i] - $i > 1e-6) exit 1 }' ||
	fail "the ensemble of one model is not that model"

# differences below the last digit of a float are seen: all 300 images are
# less sure than all others, so that every rate is known
mkdir "$scratch/unsure"
$tool unsure "$scratch/unsure"
expect 0 ckpt-eval -q --arch="$scratch/unsure/unsure.arch" \
	--data="$scratch/unsure/in.npy,$scratch/unsure/labels.npy" \
	--ood="$scratch/unsure/ood.npy" "$scratch/unsure/net.safetensors"
[ "$(tail -n 1 "$scratch/out" | cut -f 6-11 | tr '\t' ' ')" = \
	'1 1 0 1 1 0' ] || fail "uncertain images are taken for equal"

# data that do not fit
head -c 3000000 "$scratch/images" > "$scratch/short"
expect 2 ckpt-eval -q --data="$scratch/short,$labels" "$scratch/4.ckpk"
says short
one_line
head -c 500000 $images > "$scratch/short.gz"
expect 2 ckpt-eval -q --data="$scratch/short.gz,$labels" "$scratch/4.ckpk"
one_line
expect 2 ckpt-eval -q --data="$images,fashion/t2k-labels-idx1-ubyte.gz" \
	"$scratch/4.ckpk"
says '2000 labels for 10000 images'
expect 2 ckpt-eval -q --data="$images,$images" "$scratch/4.ckpk"
expect 2 ckpt-eval -q --data="$labels,$labels" "$scratch/4.ckpk"
expect 2 ckpt-eval -q --data="$images,$scratch/none" "$scratch/4.ckpk"
says none
expect 2 ckpt-eval -q --data="$net,$labels" "$scratch/4.ckpk"
sed 's/^input .*/input 1x28x30/' "$srcdir/arch/optunet.arch" \
	> "$scratch/wide.arch"
expect 2 ckpt-eval -q --arch="$scratch/wide.arch" --data=$mnist \
	"$scratch/4.ckpk"
says 'images of 1x28x28; the architecture optunet takes 1x28x30'
one_line
printf '\0\0\010\001\0\0\0\003\0\0\012' > "$scratch/bad-labels"
printf '\0\0\010\003\0\0\0\003\0\0\0\034\0\0\0\034' > "$scratch/three"
head -c 2352 /dev/zero >> "$scratch/three"
expect 2 ckpt-eval -q --data="$scratch/three,$scratch/bad-labels" \
	"$scratch/4.ckpk"
says 'label 10; the architecture optunet has 10 classes'

# no models, damaged models: the rows before the damage are there
expect 2 ckpt-eval -q --data=$mnist < /dev/null
expect 2 ckpt-eval -q --data=$mnist --limit=500 "$net" "$scratch/labels"
[ "$(wc -l < "$scratch/out")" = 2 ] || fail "rows before the damage"
done_testing
