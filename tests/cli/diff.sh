#!/bin/sh
# ckpt-diff: what differs, by how much, with which status; pairs, streams,
# a base; modulo symmetry.
. "$srcdir/tests/cli/cli.sh"
tool="python3 $srcdir/tests/cli/align_tool.py"
tgz=$fixtures/mnist-optunet-0-1023.tgz
a=$scratch/a.safetensors
b=$scratch/b.safetensors
tanh=$fixtures/lenet5-tanh
cp "$tanh/0.safetensors" "$a" # f32

# value COLUMN TENSOR: a cell of the table that was printed
value() {
	awk -F '\t' -v c="$1" -v t="$2" 'NR == 1 { for (i = 1; i <= NF; i++)
		if ($i == c) k = i } $2 == t { print $k }' "$scratch/out"
}
# is COLUMN TENSOR VALUE
is() {
	[ "$(value "$1" "$2")" = "$3" ] ||
		fail "$2 $1: $(value "$1" "$2"), expected $3"
}

# equal, in any container and order of tensors
cp "$a" "$b"
expect 0 ckpt-diff "$a" "$b"
[ ! -s "$scratch/out" ] || fail "equal models are not silent"
$tool shuffle "$a" "$b"
expect 0 ckpt-diff "$a" "$b"
ckpt-cat "$a" > "$scratch/a.ckpk"
expect 0 ckpt-diff "$scratch/a.ckpk" "$b"
ckpt-cat "$b" > "$scratch/b.ckpk"
expect 0 ckpt-diff "$a" - < "$scratch/b.ckpk"
ckpt-cat "$b" | ckpt-diff "$a" - || fail "a pipe differs"
ckpt-cat "$b" | ckpt-diff - "$a" || fail "a pipe differs"
ckpt-cat "$tgz" | ckpt-diff - "$tgz" || fail "a pipe of many differs"
expect 0 ckpt-diff --all "$a" "$b"
[ "$(wc -l < "$scratch/out")" = 11 ] || fail "--all: ten tensors expected"
is cosine fc1.weight 1

# one element: by one ulp, to the other zero, to NaN
$tool set "$a" "$b" fc3.bias 2 1
$tool set "$a" "$scratch/c.safetensors" fc3.bias 2 1.00000011920928955078125
expect 1 ckpt-diff "$b" "$scratch/c.safetensors"
[ "$(wc -l < "$scratch/out")" = 2 ] || fail "one tensor differs"
is differing fc3.bias 1
is elements fc3.bias 10
is max_ulps fc3.bias 1
is max_abs fc3.bias 1.1920929e-07
$tool set "$a" "$b" fc3.bias 2 0
$tool set "$a" "$scratch/c.safetensors" fc3.bias 2 -0.0
expect 1 ckpt-diff "$b" "$scratch/c.safetensors"
is differing fc3.bias 1
is max_ulps fc3.bias 0
$tool set "$a" "$scratch/c.safetensors" fc3.bias 2 nan
expect 1 ckpt-diff "$b" "$scratch/c.safetensors"
is max_ulps fc3.bias nan
is rel_l2 fc3.bias 0
expect 0 ckpt-diff "$scratch/c.safetensors" "$scratch/c.safetensors"
$tool set "$a" "$b" fc3.bias 2 -1
$tool set "$a" "$scratch/c.safetensors" fc3.bias 2 1
expect 1 ckpt-diff "$b" "$scratch/c.safetensors"
is max_ulps fc3.bias 2130706432
is max_abs fc3.bias 2

# all elements doubled: the numbers are known
$tool twice "$a" "$b" 2
expect 1 ckpt-diff "$a" "$b"
is rel_l2 fc1.weight 1
is cosine fc1.weight 1
is max_ulps conv1.weight 8388608

# dtypes: the same numbers, but not the same model
f16=$tanh/1.safetensors
$tool set "$f16" "$b" fc3.bias 0 0.5
$tool set "$b" "$scratch/c.safetensors" fc3.bias 0 0.5 F32
expect 1 ckpt-diff "$b" "$scratch/c.safetensors"
is result fc3.bias dtype
is dtype fc3.bias f16/f32
expect 0 ckpt-diff --arch=lenet5-tanh --modulo=symmetry "$b" \
	"$scratch/c.safetensors"
prints 'same orbit'

# structure
ckpt-cat --tensor='fc*' "$a" > "$scratch/fc.ckpk"
expect 1 ckpt-diff "$a" "$scratch/fc.ckpk"
is result conv1.weight only-in-a
expect 1 ckpt-diff "$scratch/fc.ckpk" "$a"
is result conv1.weight only-in-b
expect 1 ckpt-diff "$fixtures/mlp/0.safetensors" "$a"
is result fc1.weight shape

# brief, quiet, JSON
expect 1 ckpt-diff --brief "$a" "$b"
[ "$(cat "$scratch/out")" = "Models $a and $b differ" ] || fail "--brief"
expect 1 ckpt-diff -q "$a" "$b"
[ ! -s "$scratch/out" ] || fail "-q prints"
expect 1 ckpt-diff --json --brief "$a" "$b"
python3 -c 'import json, sys
assert json.load(open(sys.argv[1])) == {"label": sys.argv[2],
    "tensor": None, "result": "differ"}' "$scratch/out" "$a" ||
	fail "--json --brief"
expect 1 ckpt-diff --json "$a" "$scratch/fc.ckpk"
python3 -c 'import json, sys
for line in open(sys.argv[1]):
    json.loads(line)' "$scratch/out" || fail "--json"

# streams, as diff -r
expect 0 ckpt-diff "$tgz" "$tgz"
ckpt-cat --head=20 "$tgz" > "$scratch/20.ckpk"
ckpt-cat --head=21 "$tgz" > "$scratch/21.ckpk"
expect 1 ckpt-diff "$scratch/20.ckpk" "$scratch/21.ckpk"
prints 'version_20.safetensors	-	only-in-b'
[ "$(wc -l < "$scratch/out")" = 2 ] || fail "one model is lone"
ckpt-cat --select='*_1*' "$scratch/20.ckpk" > "$scratch/some.ckpk"
expect 1 ckpt-diff --brief "$scratch/20.ckpk" "$scratch/some.ckpk"
[ "$(grep -c '^Only in A: ' "$scratch/out")" = 9 ] || fail "nine are lone"
{ ckpt-cat --select='*_1.*' "$scratch/20.ckpk"
  ckpt-cat --select='*_0.*' "$scratch/20.ckpk"; } > "$scratch/back.ckpk"
expect 2 ckpt-diff "$scratch/20.ckpk" "$scratch/back.ckpk"
says 'different orders'
mkdir "$scratch/d" "$scratch/e"
cp "$tanh"/* "$scratch/d"
cp "$tanh"/* "$scratch/e"
expect 0 ckpt-diff "$scratch/d" "$scratch/e/"
rm "$scratch/e/2.safetensors"
expect 1 ckpt-diff "$scratch/d" "$scratch/e"
prints '^2.safetensors	-	only-in-a'

# a base
expect 1 ckpt-diff --base="$scratch/20.ckpk" --brief "$scratch/20.ckpk"
[ "$(wc -l < "$scratch/out")" = 19 ] || fail "--base: 19 differ"

# modulo symmetry
ckpt-align -q --canonical=exact "$scratch/20.ckpk" > "$scratch/can.ckpk"
expect 1 ckpt-diff -q "$scratch/20.ckpk" "$scratch/can.ckpk"
expect 0 ckpt-diff -q --modulo=symmetry "$scratch/20.ckpk" \
	"$scratch/can.ckpk"
expect 0 ckpt-diff --modulo=symmetry "$scratch/20.ckpk" "$scratch/can.ckpk"
[ "$(grep -c 'same orbit' "$scratch/out")" = 20 ] || fail "20 orbits"
ckpt-align -q --canonical=paper "$scratch/20.ckpk" > "$scratch/paper.ckpk"
expect 1 ckpt-diff --modulo=symmetry "$scratch/20.ckpk" "$scratch/paper.ckpk"

# trouble
expect 2 ckpt-diff "$a"
expect 2 ckpt-diff "$a" "$scratch/missing"
one_line
expect 2 ckpt-diff - -
head -c 1000 "$a" > "$scratch/cut.safetensors"
expect 2 ckpt-diff "$a" "$scratch/cut.safetensors"
expect 2 ckpt-diff --modulo=other "$a" "$b"
ckpt-diff --all "$tgz" "$tgz" | head -n 2 > /dev/null
ckpt-diff --all "$a" "$a" > /dev/full 2> "$scratch/err"
[ $? = 2 ] || fail "a full disk is not noticed"
done_testing
