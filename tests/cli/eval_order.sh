#!/bin/sh
# ckpt-eval --order: the change of the canonical order along a trajectory,
# against another implementation that goes through all pairs.
. "$srcdir/tests/cli/cli.sh"
cd "$fixtures" || exit 99
tool="python3 $srcdir/tests/cli/stats_tool.py"

# files DIR INPUT: the models of INPUT as files 0000, 0001, ... under DIR
files() {
	mkdir "$1"
	ckpt-cat --to=safetensors -C "$1/as-named" "$2" || exit 99
	i=0
	ckpt-cat -q -l "$2" | tail -n +2 | cut -f 1 | while read -r label; do
		mv "$1/as-named/$label" "$1/$(printf %04d $i)"
		i=$((i + 1))
	done
	rm -r "$1/as-named"
}

# the shipped trajectory, independent networks, deep ones
ckpt-cat --head 9 mnist-optunet-0-1023.tgz > "$scratch/nets.ckpk" || exit 99
n=0
for input in mnist-optunet-trajectory.tgz "$scratch/nets.ckpk" mlp; do
	n=$((n + 1))
	expect 0 ckpt-eval -q --order --plot="$scratch/order.svg" "$input"
	cp "$scratch/out" "$scratch/order.tsv"
	[ "$(head -n 1 "$scratch/out" | tr '\t' ' ')" = \
		'label group units pairs tau exchanged changed' ] ||
		fail "$input: other columns"
	$tool svg "$scratch/order.svg" || fail "$input: not well-formed XML"
	files "$scratch/$n" "$input"
	$tool order "$scratch/order.tsv" "$scratch/$n"/* ||
		fail "$input: other orders"
	expect 0 ckpt-eval -q -j 1 --order "$input"
	cmp "$scratch/out" "$scratch/order.tsv" || fail "threads matter"
done

# a model and itself: nothing changes; JSON
net=$scratch/2/0000
expect 0 ckpt-eval -q --json --order "$net" "$net"
[ "$(grep -c '"tau":1,"exchanged":0,"changed":0}$' "$scratch/out")" = 6 ] ||
	fail "a model's order differs from itself"

# ties: units that are equal in the first weight, but not behind it
python3 "$srcdir/tests/cli/eval_tool.py" poke "$net" "$scratch/tied" \
	conv1.weight 0 0000 || exit 99
python3 "$srcdir/tests/cli/eval_tool.py" poke "$scratch/tied" \
	"$scratch/tied2" conv1.weight 16 0000 || exit 99
expect 0 ckpt-eval -q --order "$net" "$scratch/tied2"
tr '\t' ' ' < "$scratch/out" |
	grep -q ' conv1.weight 2 1 nan 0 [01]$' || fail "a tie is not one"

# what is refused
expect 2 ckpt-eval -q --order "$net"
says 'one is not enough'
one_line
expect 2 ckpt-eval -q --order -o "$scratch/table" "$net" mlp/0.safetensors
says 'mlp/0.safetensors: its tensors or symmetries are not those of the first'
one_line
[ -e "$scratch/table" ] && fail "a table in spite of an error"
expect 2 ckpt-eval -q --order < /dev/null
one_line
expect 2 ckpt-eval --order --data=x,y "$net"
says 'need no data'
expect 2 ckpt-eval --plot=x.svg --data=x,y "$net"
says 'no plot of scores'
expect 2 ckpt-eval -q --order --plot="$scratch/none/x.svg" "$net" "$net"
says 'none/x.svg'
(ckpt-eval -q --order "$net" "$net" > /dev/full) 2> "$scratch/err"
[ $? = 2 ] || fail "a full disk is not noticed"
done_testing
