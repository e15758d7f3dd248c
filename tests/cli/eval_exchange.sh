#!/bin/sh
# ckpt-eval --exchangeable: counts against another implementation; accepted
# where units are alike, rejected where one is not.
. "$srcdir/tests/cli/cli.sh"
cd "$fixtures" || exit 99
tool="python3 $srcdir/tests/cli/stats_tool.py"

# p AXIS: that of all units of the last command's table
p() {
	awk -F '\t' -v axis="$1" '$2 == axis && $4 == "(all)" { print $9 }' \
		"$scratch/out"
}

# is 'CONDITION ON p' AXIS TEXT
is() {
	awk -v p="$(p "$2")" "BEGIN { exit !(p != \"\" && p+0 $1) }" ||
		fail "$3: p = $(p "$2")"
}

# made networks: alike, and with one unit that is larger
mkdir "$scratch/alike" "$scratch/biased"
$tool collection "$scratch/alike" 300 1 0 || exit 99
$tool collection "$scratch/biased" 300 1 0.5 || exit 99
arch=--arch=$scratch/alike/net.arch
rm "$scratch/biased/net.arch"
mv "$scratch/alike/net.arch" "$scratch/net.arch"
arch=--arch=$scratch/net.arch
for what in alike biased; do
	expect 0 ckpt-eval -q $arch --exchangeable=a.weight \
		--plot="$scratch/x.svg" "$scratch/$what"
	cp "$scratch/out" "$scratch/$what.tsv"
	[ "$(head -n 1 "$scratch/out" | tr '\t' ' ')" = \
	'tensor axis group unit count expected chi2 df p note' ] ||
		fail "other columns"
	$tool exchange "$scratch/out" a.weight 0 1 "$scratch/$what"/* ||
		fail "$what: other counts"
	$tool svg "$scratch/x.svg" || fail "not well-formed XML"
	expect 0 ckpt-eval -q -j 1 $arch --exchangeable=a.weight:0 \
		"$scratch/$what"
	cmp "$scratch/out" "$scratch/$what.tsv" || fail "$what: axis, threads"
done
cp "$scratch/alike.tsv" "$scratch/out"
is '> 0.001' 0 alike
cp "$scratch/biased.tsv" "$scratch/out"
is '< 1e-6' 0 biased
expect 0 ckpt-eval -q $arch --exchangeable=b.weight "$scratch/biased"
is '> 0.001' 1 "the layer behind, which is not biased"
$tool exchange "$scratch/out" b.weight 1 1 "$scratch/biased"/* ||
	fail "b.weight: other counts"

# few models: said so
expect 0 ckpt-eval -q $arch --exchangeable=a.weight \
	"$scratch/alike/0001.safetensors" "$scratch/alike/0002.safetensors"
[ "$(grep -c 'small$' "$scratch/out")" = 7 ] || fail "small is not said"
expect 0 ckpt-eval -q --json $arch --exchangeable=a.weight \
	"$scratch/alike/0001.safetensors" "$scratch/alike/0002.safetensors"
[ "$(grep -c '"df":null,"p":null' "$scratch/out")" = 6 ] || fail "--json"

# the shipped networks: alike as trained, not where they are sorted
nets=mnist-optunet-0-1023.tgz
ckpt-cat --to=safetensors -C "$scratch/nets" $nets || exit 99
for t in conv1.weight:0 conv2.weight:0 conv2.weight:1 fc1.weight:1; do
	expect 0 ckpt-eval -q --exchangeable=$t $nets
	is '> 0.01' "${t#*:}" "$t as trained"
done
expect 0 ckpt-eval --exchangeable=fc1.weight $nets
says 'fc1.weight, axis 1: left out of 1024 models: 3 whose largest'
$tool exchange "$scratch/out" fc1.weight 1 1 "$scratch"/nets/*/* ||
	fail "fc1.weight: other counts"
for form in paper exact; do
	ckpt-align -q --canonical=$form $nets > "$scratch/form.ckpk"
	for t in conv1.weight:0 fc1.weight:1; do
		expect 0 ckpt-eval -q --exchangeable=$t "$scratch/form.ckpk"
		is '< 1e-10' "${t#*:}" "$t, $form"
	done
done

# pixels of a channel are one unit
expect 0 ckpt-eval -q --arch=lenet5-relu --exchangeable=fc1.weight:1 \
	lenet5-relu
$tool exchange "$scratch/out" fc1.weight 1 25 lenet5-relu/*.safetensors ||
	fail "lenet5: other counts"

# a normalisation: its gain has one axis, and those before and behind it are
# one group of units
mkdir "$scratch/norm"
$tool batchnorm "$scratch/norm" 30 2 || exit 99
mv "$scratch/norm/net.arch" "$scratch/norm.arch"
expect 0 ckpt-eval -q --arch="$scratch/norm.arch" --exchangeable=n.weight \
	"$scratch/norm"
[ "$(wc -l < "$scratch/out")" = 8 ] || fail "n.weight: not one axis"
$tool exchange "$scratch/out" n.weight 0 1 "$scratch/norm"/* ||
	fail "n.weight: other counts"
expect 0 ckpt-eval -q --arch="$scratch/norm.arch" --order "$scratch/norm"
[ "$(tail -n +2 "$scratch/out" | cut -f 2-4 | sort -u | tr '\t\n' ' ,')" = \
	'(all) 6 15,a.weight 6 15,' ] || fail "batchnorm: other groups"

# NaN: left out
python3 "$srcdir/tests/cli/eval_tool.py" poke \
	"$scratch/alike/0001.safetensors" "$scratch/nan" a.weight 4 \
	0000c07f || exit 99
expect 0 ckpt-eval $arch --exchangeable=a.weight "$scratch/nan" \
	"$scratch/alike/0002.safetensors" "$scratch/alike/0003.safetensors"
says 'left out of 3 models: 1 with NaN'
tail -n 1 "$scratch/out" | tr '\t' ' ' | grep -q ' (all) 2 ' ||
	fail "NaN is counted"

# what is refused
expect 2 ckpt-eval -q --exchangeable=conv9.weight $nets
says 'it has no tensor "conv9.weight"'
one_line
expect 2 ckpt-eval -q --exchangeable=fc1.weight:0 $nets
says 'axis 0 of "fc1.weight" is not permuted'
one_line
expect 2 ckpt-eval -q --exchangeable=fc1.bias $nets
says 'no axis of "fc1.bias" is permuted'
one_line
expect 2 ckpt-eval -q --exchangeable=fc1.weight:7 $nets
says 'axis 7 of'
expect 2 ckpt-eval -q $arch --exchangeable=a.weight \
	"$scratch/alike/0001.safetensors"
says 'one model is not enough'
one_line
expect 2 ckpt-eval -q --exchangeable=fc1.weight $nets mlp/0.safetensors
says 'mlp/0.safetensors: its tensors or symmetries are not those of the first'
expect 2 ckpt-eval --exchangeable=a --order $nets
says 'only one statistic'
expect 2 ckpt-eval --exchangeable=a --titles=a $nets
says 'titles is for --marginals'
done_testing
