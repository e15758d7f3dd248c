#!/bin/sh
# ckpt-eval --marginals: every model in the bin and the hexagon whose centre
# is nearest, whatever the format; the plots; what is refused.
. "$srcdir/tests/cli/cli.sh"
cd "$fixtures" || exit 99
tool="python3 $srcdir/tests/cli/stats_tool.py"
poke="python3 $srcdir/tests/cli/eval_tool.py poke"
nets=mnist-optunet-0-1023.tgz
weights='fc1.weight[0,0],fc1.weight[0,1],conv2.weight[9,0,4,4]'
ckpt-cat --head 400 -o "$scratch/nets.ckpk" $nets || exit 99
ckpt-cat --to=safetensors -C "$scratch/nets" "$scratch/nets.ckpk" || exit 99

for bins in 48 7; do
	expect 0 ckpt-eval -q --marginals="$weights" --bins=$bins \
		--titles=it --plot="$scratch/m.svg" "$scratch/nets.ckpk"
	[ "$(head -n 1 "$scratch/out" | tr '\t' ' ')" = 'collection x y'\
' x_centre y_centre x_width y_width count density' ] || fail "other columns"
	$tool marginals "$scratch/out" "$scratch"/nets/*/* ||
		fail "$bins bins: other counts"
	$tool svg "$scratch/m.svg" || fail "not well-formed XML"
	[ "$(grep -c '<clipPath' "$scratch/m.svg")" = 3 ] ||
		fail "three weights: not three panels"
done
cp "$scratch/out" "$scratch/wanted"

# the same as files, and from a pipe
expect 0 ckpt-eval -q -j 1 --marginals="$weights" --bins=7 --titles=it \
	"$scratch/nets"
cmp "$scratch/out" "$scratch/wanted" || fail "files: another table"
ckpt-eval -q --marginals="$weights" --bins=7 --titles=it \
	< "$scratch/nets.ckpk" > "$scratch/out"
cmp "$scratch/out" "$scratch/wanted" || fail "a pipe: another table"

# several collections; one weight; hostile titles
expect 0 ckpt-eval -q --marginals='fc1.bias[3]' --plot="$scratch/m.svg" \
	--titles='a <b> & "c",d' "$scratch/nets.ckpk" $nets
$tool svg "$scratch/m.svg" || fail "titles: not well-formed XML"
[ "$(grep -c '<clipPath' "$scratch/m.svg")" = 2 ] || fail "not two panels"
[ "$(tail -n +2 "$scratch/out" | cut -f 1 | sort -u | tr '\n' ' ')" = \
	'a <b> & "c" d ' ] || fail "titles"
expect 0 ckpt-eval -q --json --marginals='fc1.bias[3]' "$scratch/nets.ckpk"
python3 -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert sum(r["count"] for r in rows) == 400 and len(rows) >= 48
assert all(r["collection"] == "nets.ckpk" and r["y_width"] is None
    for r in rows)
area = sum(r["density"] * r["x_width"] for r in rows)
assert abs(area - 1) < 1e-6, area' < "$scratch/out" || fail "--json"

# not finite: left out of the collection
net=$scratch/nets/mnist-optunet-0-1023/version_0.safetensors
$poke "$net" "$scratch/inf" fc1.weight 1 007c || exit 99
mkdir "$scratch/two"
cp "$net" "$scratch/two/0.safetensors"
cp "$scratch/inf" "$scratch/two/1.safetensors"
expect 0 ckpt-eval --marginals='fc1.weight[0,1],fc1.weight[0,0]' \
	--plot="$scratch/m.svg" "$scratch/two"
says 'two: 1 models are left out'
$tool svg "$scratch/m.svg" || fail "one model: not well-formed XML"
expect 2 ckpt-eval --marginals='fc1.weight[0,1]' "$scratch/inf"
says 'inf: no model has finite weights'

# what is refused
expect 2 ckpt-eval --marginals='fc9.weight[0,0]' "$scratch/nets.ckpk"
says 'version_0.safetensors: it has no tensor "fc9.weight"'
one_line
expect 2 ckpt-eval --marginals='fc1.weight[0,10]' "$scratch/nets.ckpk"
says 'fc1.weight\[0,10\]: axis 1 has the indices 0 to 9'
one_line
expect 2 ckpt-eval --marginals='fc1.weight[0]' "$scratch/nets.ckpk"
says '"fc1.weight" needs 2 indices; fc1.weight\[0\] has 1'
one_line
for bad in '' 'a,' 'a[' 'a[]' 'a[1' 'a[1]b' 'a[-1]' 'a[x]' '[1]' \
	'a[1,]' 'a[99999999999999999999]' 'a[1,1,1,1,1,1,1,1,1]'; do
	expect 2 ckpt-eval --marginals="$bad" "$scratch/nets.ckpk"
	says 'expected TENSOR\[I,J'
	one_line
done
expect 2 ckpt-eval --marginals="$weights" --titles=a,b "$scratch/nets.ckpk"
says 'titles: expected as many as there are inputs, 1'
expect 2 ckpt-eval --marginals="$weights" --titles=a "$net" "$net"
says 'titles: expected as many as there are inputs, 2'
expect 2 ckpt-eval -q -o "$scratch/table" --marginals="$weights" \
	"$scratch/nets.ckpk" mlp/0.safetensors
[ -e "$scratch/table" ] && fail "a table in spite of an error"
expect 2 ckpt-eval --marginals="$weights" < /dev/null
one_line
done_testing
