#!/bin/sh
# Architectures and the tensors in the wild: prefixes of wrappers, other
# numbers of classes, counters beside the statistics; and models that do not
# fit, for which the tensor and the line of the .arch file are named.
. "$srcdir/tests/cli/cli.sh"
command -v python3 > /dev/null || exit 77
arch=$srcdir/arch/resnet20.arch
python3 -B "$srcdir/tests/spec/orbit.py" --tensors "$arch" \
	> "$scratch/list" || exit 99

# model NAME PREFIX [TENSOR=SHAPE]...
model() {
	file=$scratch/$1.safetensors
	shift
	python3 "$srcdir/tests/cli/arch_tool.py" "$file" "$@" \
		< "$scratch/list" || exit 99
}

# line_of WORDS: its number in the file
line_of() {
	grep -n "^$1\$" "$arch" | head -1 | cut -d : -f 1
}

# Prefixes and counters; the first is recognised, too.
for prefix in "" module. model. module.model.; do
	model good "$prefix" bn1.num_batches_tracked= \
		layer3.2.bn2.num_batches_tracked=
	good=$scratch/good.safetensors
	expect 0 ckpt-align -q --arch=resnet20 --canonical=exact \
		-o "$scratch/c.ckpk" "$good"
	expect 0 ckpt-align --restore -o "$scratch/r.ckpk" "$scratch/c.ckpk"
	a=$(ckpt-sum "$good" | cut -c 1-64)
	[ "$a" = "$(ckpt-sum "$scratch/r.ckpk" | cut -c 1-64)" ] ||
		fail "$prefix: not restored"
	[ "$a" != "$(ckpt-sum "$scratch/c.ckpk" | cut -c 1-64)" ] ||
		fail "$prefix: nothing changed"
	a=$(ckpt-sum -t orbit --arch=resnet20 "$good" | cut -c 1-64)
	[ "$a" = "$(ckpt-sum -t orbit "$scratch/c.ckpk" | cut -c 1-64)" ] ||
		fail "$prefix: another orbit"
	python3 -B "$srcdir/tests/spec/orbit.py" "$arch" "$good" \
		> "$scratch/other" || fail "$prefix: orbit.py"
	[ "$a" = "$(cut -c 1-64 "$scratch/other")" ] ||
		fail "$prefix: the orbit IDs of both implementations differ"
done

# The number of classes is the tensors'.
model seven "" linear.weight=7,64 linear.bias=7
expect 0 ckpt-sum -t orbit --arch=resnet20 "$scratch/seven.safetensors"

# bad NAME PATTERN [TENSOR=SHAPE]...: refused, and nothing written
bad() {
	what=$1
	pattern=$2
	shift 2
	model bad "" "$@"
	rm -f "$scratch/none.ckpk"
	expect 2 ckpt-align --arch="$arch" --canonical=exact \
		-o "$scratch/none.ckpk" "$scratch/bad.safetensors"
	one_line
	says "$pattern"
	[ ! -e "$scratch/none.ckpk" ] || fail "$what: a file is left"
}
bad missing 'lacks the tensor "layer2.0.bn1.running_var" (32)' \
	layer2.0.bn1.running_var=-
at=$(grep -n '^batchnorm bn1$' "$arch" | sed -n 2p | cut -d : -f 1)
says "line $at"
bad shape 'layer1.0.conv2.weight" is 16x16x3x1, but 16x16x3x3' \
	layer1.0.conv2.weight=16,16,3,1
at=$(line_of 'conv conv2 out=$out kernel=3 padding=1 bias=no')
says "line $at"
bad vector 'bn1.bias" is 1x16x1x1, but 16 is expected' \
	bn1.bias=1,16,1,1
bad extra 'layer4.0.conv1.weight" is not known' \
	layer4.0.conv1.weight=64,64,3,3
bad classes 'linear.weight" is 10x64, but 7x64' linear.bias=7
at=$(line_of 'linear linear out=$classes')
says "line $at"

# A file with a mistake in a block: the block's line.
sed 's/^batchnorm bn2$/batchnorm bn2 eps=small/' "$arch" \
	> "$scratch/mistake.arch"
at=$(grep -n eps=small "$scratch/mistake.arch" | head -1 | cut -d : -f 1)
expect 2 ckpt-align --explain --arch="$scratch/mistake.arch"
one_line
says "mistake.arch.*line $at.*eps=small"

# Permutations in residual streams and inside of blocks.
expect 0 ckpt-align --explain --arch=resnet18
prints '^total: log10 of equivalent permutations 5934\.492639$'
prints '^  3956\.328426 of it where one layer writes the units'
expect 0 ckpt-align --explain --arch=resnet20-frn-silu
prints '^total: log10 of equivalent permutations 551\.376833$'
prints '^  413\.532625 of it where one layer writes the units'
done_testing
