#!/bin/sh
# ckpt-align: canonical forms are idempotent and undone bit for bit, alone
# and one after another; what cannot be undone is refused; streams.
. "$srcdir/tests/cli/cli.sh"
tgz=$fixtures/mnist-optunet-0-1023.tgz
tool="python3 $srcdir/tests/cli/align_tool.py"

# ids INPUT: model IDs and labels
ids() {
	ckpt-cat -l "$@" | cut -f 1,2
}

# same NAME A B: two lists are equal
same() {
	cmp -s "$2" "$3" || fail "$1: $(diff "$2" "$3" | head -3)"
}

# check_all INPUT ARCH: every exact method is undone; the canonical form is
# its own
check_all() {
	ids "$1" > "$scratch/before"
	for method in --canonical=exact "--canonical=exact --scale=none" \
	    "--to=$1" "--to=$1 --scale=pow2" \
	    "--to=$1 --restarts=1 --seed=5"; do
		expect 0 ckpt-align -q --arch="$2" $method \
			-o "$scratch/x.ckpk" "$1"
		ckpt-align --restore "$scratch/x.ckpk" > "$scratch/y.ckpk" ||
			fail "$1 $method: restore"
		ids "$scratch/y.ckpk" > "$scratch/after"
		same "$1 $method" "$scratch/before" "$scratch/after"
	done
	ckpt-align -q --arch="$2" --canonical=exact "$1" > "$scratch/c.ckpk"
	ckpt-align --canonical=exact "$scratch/c.ckpk" > "$scratch/d.ckpk"
	ids "$scratch/c.ckpk" > "$scratch/once"
	ids "$scratch/d.ckpk" > "$scratch/again"
	same "$1: twice" "$scratch/once" "$scratch/again"
	# three steps one after another are undone at once
	ckpt-align --to="$scratch/c.ckpk" --scale=pow2 "$scratch/d.ckpk" |
		ckpt-align --canonical=exact |
		ckpt-align --restore > "$scratch/y.ckpk" ||
		fail "$1: a chain"
	ids "$scratch/y.ckpk" > "$scratch/after"
	same "$1: chain" "$scratch/before" "$scratch/after"
	ckpt-align -q --arch="$2" --to="$1" --scale=pow2 "$1" |
		ckpt-align --to="$scratch/c.ckpk" |
		ckpt-align --restore > "$scratch/y.ckpk" ||
		fail "$1: a chain of matchings"
	ids "$scratch/y.ckpk" > "$scratch/after"
	same "$1: chain" "$scratch/before" "$scratch/after"
}
check_all "$tgz" optunet
check_all "$fixtures/lenet5-relu" lenet5-relu
check_all "$fixtures/lenet5-tanh" lenet5-tanh
check_all "$fixtures/mnist-optunet-trajectory.tgz" optunet

# restored records are as they were, metadata and all
ckpt-cat --head=5 --set note=kept "$tgz" > "$scratch/a.ckpk"
ckpt-align -q --canonical=exact "$scratch/a.ckpk" |
	ckpt-align --restore | ckpt-cat > "$scratch/b.ckpk"
ckpt-sum -t record "$scratch/a.ckpk" > "$scratch/before" || fail "ckpt-sum"
ckpt-sum -t record "$scratch/b.ckpk" > "$scratch/after" || fail "ckpt-sum"
same "records" "$scratch/before" "$scratch/after"

# the same bytes whatever the threads
ckpt-align -q -j1 --canonical=exact "$tgz" > "$scratch/1.ckpk"
ckpt-align -q -j3 --canonical=exact "$tgz" > "$scratch/3.ckpk"
cmp "$scratch/1.ckpk" "$scratch/3.ckpk" || fail "-j changes the exact form"
ckpt-cat --head=64 "$tgz" > "$scratch/64.ckpk"
for j in 1 2 5; do
	ckpt-align -q -j$j --to="$tgz" --restarts=2 --seed=1 --scale=pow2 \
		"$scratch/64.ckpk" | ckpt-sum > "$scratch/to.$j"
done
same "threads" "$scratch/to.1" "$scratch/to.2"
same "threads" "$scratch/to.1" "$scratch/to.5"

# what rounds cannot be undone, and nothing is written
expect 0 ckpt-align -q --canonical=paper -o "$scratch/p.ckpk" "$tgz"
rm -f "$scratch/none.ckpk"
expect 2 ckpt-align --restore -o "$scratch/none.ckpk" "$scratch/p.ckpk"
one_line
says 'version_0.safetensors.*canonical=paper scale=unit rounds'
[ ! -e "$scratch/none.ckpk" ] || fail "a refused output is there"
ckpt-cat -l --json --head=1 "$scratch/p.ckpk" | grep -q '"f32"' ||
	fail "the paper's form is not f32"
# neither after an exact step
ckpt-align -q --canonical=exact "$scratch/p.ckpk" > "$scratch/q.ckpk"
expect 2 ckpt-align --restore "$scratch/q.ckpk"
expect 2 ckpt-align --restore "$tgz"
says 'not an aligned model'

# a witness of another model: the ID tells
ckpt-align -q --canonical=exact "$scratch/64.ckpk" |
	ckpt-cat --set align.original="$(printf '%064d' 0)" |
	ckpt-align --restore -o "$scratch/none.ckpk" 2> "$scratch/err"
[ $? = 2 ] || fail "a wrong original passes"
says 'the original was 0000'
ckpt-align -q --canonical=exact "$scratch/64.ckpk" |
	ckpt-cat --set align.witness='1|9,9|=' |
	ckpt-align --restore -o "$scratch/none.ckpk" 2> "$scratch/err"
[ $? = 2 ] || fail "a wrong witness passes"

# NaN and infinity are carried, and told
mkdir "$scratch/one"
tar -xzf "$tgz" -C "$scratch/one" --strip-components=1 --wildcards \
	'*/version_7.safetensors'
v7=$scratch/one/version_7.safetensors
for value in nan inf -inf; do
	$tool set "$v7" "$scratch/bad.safetensors" fc1.weight 17 $value
	ids "$scratch/bad.safetensors" | cut -f 2 > "$scratch/before"
	for method in --canonical=exact "--to=$v7"; do
		expect 0 ckpt-align $method -o "$scratch/n.ckpk" \
			"$scratch/bad.safetensors" \
			--report="$scratch/n.tsv"
		says 'NaN or infinite weights: 1'
		[ "$(tail -n 1 "$scratch/n.tsv" | cut -f 9)" = 1 ] ||
			fail "the report does not tell of $value"
		ckpt-align --restore "$scratch/n.ckpk" > "$scratch/y.ckpk"
		ids "$scratch/y.ckpk" | cut -f 2 > "$scratch/after"
		same "$value $method" "$scratch/before" "$scratch/after"
	done
	expect 0 ckpt-align -q --canonical=paper \
		-o "$scratch/n.ckpk" "$scratch/bad.safetensors"
done

# several schemas in one stream; an unknown one is named
ckpt-align -q --canonical=exact "$v7" "$fixtures/mlp" > "$scratch/m.ckpk" ||
	fail "two schemas in a stream"
[ "$(ids "$scratch/m.ckpk" | wc -l)" = 4 ] ||
	fail "three models and a header expected"
$tool random 1 "$scratch/unknown.safetensors" 10
expect 2 ckpt-align -q --canonical=exact "$v7" "$scratch/unknown.safetensors"
one_line
says 'unknown.safetensors.*no known architecture'
expect 2 ckpt-align -q --canonical=exact "$fixtures/lenet5-relu"
says 'lenet5-relu, lenet5-tanh'
expect 2 ckpt-align -q --to="$v7" "$fixtures/mlp"
says 'not those of the reference'

# references
expect 0 ckpt-align -q \
	--to="$tgz:mnist-optunet-0-1023/version_7.safetensors" \
	-o "$scratch/r.ckpk" "$v7"
ids "$v7" | cut -f 2 > "$scratch/before"
ids "$scratch/r.ckpk" | cut -f 2 > "$scratch/after"
same "a reference to itself" "$scratch/before" "$scratch/after"
expect 2 ckpt-align -q --to="$tgz:nobody" "$v7"
says 'no model nobody'
expect 2 ckpt-align -q --to="$scratch/missing" "$v7"
says 'missing'

# the report
ckpt-align -q --canonical=exact --report="$scratch/r.tsv" "$tgz" \
	--data="$fixtures/mnist/t10k-images-idx3-ubyte.gz" > /dev/null ||
	fail "--report"
awk -F '\t' 'NR == 1 { next } NF != 9 || $6 != $7 || $6 > 1e-4 * $8 {
	print; bad = 1 } END { exit bad || NR != 1025 }' "$scratch/r.tsv" ||
	fail "the report's numbers"
ckpt-align -q --to="$tgz" --restarts=1 --report="$scratch/r.tsv" "$tgz" \
	> /dev/null || fail "--report"
awk -F '\t' 'NR > 1 && ($5 < $4 || $6 > 1e-4 * $8) { print; bad = 1 }
	NR > 2 && $2 != "match" { print; bad = 1 }
	NR == 2 && $2 != "isomorphism" { print; bad = 1 }
	END { exit bad || NR != 1025 }' "$scratch/r.tsv" ||
	fail "the objective falls"

# explain
expect 0 ckpt-align --explain --arch=optunet
prints '4.459392'
expect 0 ckpt-align -q --explain "$tgz"
prints '4.459392'

# usage
expect 2 ckpt-align
expect 2 ckpt-align --canonical=exact --restore
expect 2 ckpt-align --canonical=exact --scale=unit "$v7"
expect 2 ckpt-align --canonical=other "$v7"

# streams: a closed pipe, a full disk, truncated input
ckpt-align -q --canonical=exact "$tgz" | head -c 100 > /dev/null
expect 2 ckpt-align -q --canonical=exact -o /dev/full "$tgz"
one_line
expect 2 ckpt-align -q --canonical=exact --report=/dev/full \
	-o "$scratch/f.ckpk" "$tgz"
head -c 400000 "$scratch/1.ckpk" > "$scratch/cut.ckpk"
rm -f "$scratch/none.ckpk"
expect 2 ckpt-align -q --canonical=exact -o "$scratch/none.ckpk" \
	"$scratch/cut.ckpk"
[ ! -e "$scratch/none.ckpk" ] || fail "half an output is there"
done_testing
