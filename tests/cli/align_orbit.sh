#!/bin/sh
# Random members of orbits, written by Python, have one orbit ID, one
# canonical form, and are aligned onto one another; distinct models are not.
. "$srcdir/tests/cli/cli.sh"
tool="python3 $srcdir/tests/cli/align_tool.py"
mkdir "$scratch/models" "$scratch/members"
tar -xzf "$fixtures/mnist-optunet-0-1023.tgz" -C "$scratch/models" \
	--strip-components=1 --wildcards '*/version_[0-7].safetensors'
cp "$fixtures/lenet5-tanh/0.safetensors" "$scratch/models/tanh.safetensors"

seed=0
for m in "$scratch"/models/*; do
	seed=$((seed + 1))
	arch=optunet
	n=20
	case $m in *tanh*) arch=lenet5-tanh; n=4;; esac
	rm -rf "$scratch/members"
	mkdir "$scratch/members"
	$tool members $seed $n "$m" "$scratch/members" || fail "python"
	ckpt-sum -q -t orbit --arch=$arch "$m" "$scratch/members" \
		> "$scratch/orbits" || fail "$m: ckpt-sum -t orbit"
	[ "$(wc -l < "$scratch/orbits")" = $((n + 1)) ] || fail "$m: lines"
	[ "$(cut -c 1-64 "$scratch/orbits" | sort -u | wc -l)" = 1 ] ||
		fail "$m: several orbits"
	[ "$(ckpt-sum "$scratch/members" | cut -c 1-64 | sort -u | wc -l)" \
		= $n ] || fail "$m: the members are one model"
	cut -c 1-64 "$scratch/orbits" | sort -u >> "$scratch/all"

	# one form in f64, which the orbit ID is of
	ckpt-align -q --arch=$arch --canonical=exact --dtype=f64 "$m" \
		"$scratch/members" | ckpt-sum | cut -c 1-64 | sort -u \
		> "$scratch/forms"
	[ "$(wc -l < "$scratch/forms")" = 1 ] || fail "$m: several forms"

	# all of them become the model itself
	ckpt-align -q --arch=$arch --to="$m" --scale=pow2 \
		--report="$scratch/r.tsv" "$scratch/members" \
		> "$scratch/to.ckpk" || fail "$m: --to"
	[ "$(cut -f 2 "$scratch/r.tsv" | sort -u | grep -c .)" = 2 ] &&
		[ "$(cut -f 2 "$scratch/r.tsv" | tail -n 1)" = isomorphism ] ||
		fail "$m: not recognised as isomorphic"
	ckpt-diff --base="$m" "$scratch/to.ckpk" |
		awk -F '\t' 'NR > 1 && $3 != "dtype"' | grep . &&
		fail "$m: differs after --to"
	ckpt-diff -q --arch=$arch --modulo=symmetry --base="$m" \
		"$scratch/members" || fail "$m: --modulo=symmetry"
done
[ "$(sort -u "$scratch/all" | wc -l)" = "$seed" ] ||
	fail "distinct models share an orbit"

# 100 dead channels of a depthwise convolution: no twins, since their filters
# have to move with them, and more leaves than are looked at if no branch is
# left out (100 * 99 / 2)
mkdir "$scratch/depthwise"
cat > "$scratch/depthwise.arch" <<-'END'
	ckpt-arch 1
	input 1x2x2
	conv a out=100 kernel=1 bias=no
	relu
	conv d out=100 kernel=1 groups=100 bias=no
	relu
	globalavgpool
	linear f out=2 bias=no
	output
END
{
	printf '\130\2\0\0\0\0\0\0'
	printf '%-100s' '{"a.weight":{"dtype":"F16","shape":[100,1,1,1],' \
		'"data_offsets":[0,200]},'
	printf '%-100s' '"d.weight":{"dtype":"F16","shape":[100,1,1,1],' \
		'"data_offsets":[200,400]},'
	printf '%-100s' '"f.weight":{"dtype":"F16","shape":[2,100],' \
		'"data_offsets":[400,800]}}'
	head -c 800 /dev/zero
} > "$scratch/depthwise/dead.safetensors"
expect 0 ckpt-sum -t orbit --arch="$scratch/depthwise.arch" \
	"$scratch/depthwise"
done_testing
