#!/bin/sh
# ckpt-cat --archive --base: thin archives refer to models of other files, and
# differences to models before; they come back with those, and only with them.
. "$srcdir/tests/cli/cli.sh"
cd "$scratch" || exit 99

size() { wc -c < "$1"; }
ids() { ckpt-sum "$@" | cut -d' ' -f1; }

/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	echo "python3-numpy is missing"; exit 77; }
/usr/bin/python3 -B "$srcdir/tests/cli/archive_models.py" . || exit 99

# copies, moved copies and heads refer to another file
expect 0 ckpt-cat -o a.ckpk a.safetensors
expect 0 ckpt-cat --archive --base=a.ckpk -o thin.ckpk a.safetensors \
    moved.safetensors head.safetensors
[ $(($(size thin.ckpk) - 204800)) -le $(($(size a.safetensors) / 500)) ] ||
	fail "thin: $(size thin.ckpk) bytes"
ids a.safetensors moved.safetensors head.safetensors > want
expect 0 ckpt-cat --base=a.ckpk -o whole.ckpk thin.ckpk
ids whole.ckpk | cmp -s - want || fail "IDs through --base"
cat thin.ckpk | ckpt-cat --base=a.ckpk | ckpt-sum | cut -d' ' -f1 |
	cmp -s - want || fail "IDs from a pipe"
expect 0 ckpt-cat --base=a.ckpk --select=moved.safetensors \
    --tensor='layer4*' -o some.ckpk thin.ckpk
ckpt-cat --tensor='layer4*' moved.safetensors | ckpt-sum > want.some
ckpt-sum some.ckpk | cmp -s - want.some || fail "some tensors"

# the same from what is no pack, and whatever the number of threads
expect 0 ckpt-cat --archive -j1 --base=a.safetensors -o again.ckpk \
    a.safetensors moved.safetensors head.safetensors
cmp -s again.ckpk thin.ckpk || fail "another base format or -j matters"

# a missing base is named; what is whole comes with --keep-going
expect 2 ckpt-cat -o lost.ckpk thin.ckpk
one_line
says 'base tensor [0-9a-f]\{64\}: .*missing base'
[ ! -e lost.ckpk ] || fail "a model without its base was written"
id=$(sed -n 's/.*base tensor \([0-9a-f]*\):.*/\1/p' err)
ckpt-cat -ll a.safetensors | grep -q "$id" || fail "$id is not the base's"
expect 2 ckpt-cat --base=half.safetensors -o lost.ckpk thin.ckpk
says 'missing base'
expect 2 ckpt-cat --base=missing.ckpk thin.ckpk
says 'missing.ckpk'
expect 0 ckpt-cat --stats --base=a.ckpk thin.ckpk
expect 2 ckpt-cat --stats thin.ckpk

# every step refers to those before, by files or in one archive: no chain is
# too long to be read
set --
bases=
i=1
while [ $i -le 12 ]; do
	set -- "$@" small/$i.safetensors
	# shellcheck disable=SC2086
	expect 0 ckpt-cat --archive $bases -o step-$i.ckpk small/$i.safetensors
	bases="$bases --base=step-$i.ckpk"
	i=$((i + 1))
done
ids "$@" > want
# shellcheck disable=SC2086
expect 0 ckpt-cat $bases -o whole.ckpk step-*.ckpk
ids whole.ckpk | sort > got
sort want | cmp -s - got || fail "steps, each on those before"
[ "$(size step-2.ckpk)" -le $((512000 * 3 / 4)) ] ||
	fail "a step: $(size step-2.ckpk) bytes"
expect 0 ckpt-cat --archive -o steps.ckpk "$@"
ids steps.ckpk | cmp -s - want || fail "steps in an archive"
[ "$(size steps.ckpk)" -le $((12 * 512000 * 3 / 4)) ] ||
	fail "steps: $(size steps.ckpk) bytes"
expect 0 ckpt-cat --stats steps.ckpk
prints '^f32	difference	'
expect 0 ckpt-cat --archive -o again.ckpk steps.ckpk
cmp -s again.ckpk steps.ckpk || fail "an archive of an archive"

# bases in one file with what refers to them; and one that refers to itself
cat step-1.ckpk step-2.ckpk > steps-12.ckpk
expect 0 ckpt-cat --base=steps-12.ckpk -o whole.ckpk step-3.ckpk
ids whole.ckpk > got
ids small/3.safetensors | cmp -s - got || fail "bases of two parts"
cycle=$(find "$srcdir/format-spec/vectors" -name '*-thin-cycle.ckpk')
expect 2 ckpt-cat -o lost.ckpk --base="$cycle" "$cycle"
one_line
says 'base tensor [0-9a-f]\{64\}: .*chain of more than 8'

# the base is not overwritten by what needs it, under any name
cp step-1.ckpk own.ckpk
ln -s own.ckpk link.ckpk
expect 2 ckpt-cat --archive --base=link.ckpk -o own.ckpk small/2.safetensors
says 'is the output'
cmp -s own.ckpk step-1.ckpk || fail "the base is overwritten"

# copies of a state at the end of a chain cost no more than others
set --
for i in 1 2 3 4 5 6 7 8 9; do
	set -- "$@" small/$i.safetensors
done
expect 0 ckpt-cat --archive -o nine.ckpk "$@"
set -- "$@" small/9.safetensors small/8.safetensors small/7.safetensors
expect 0 ckpt-cat --archive -o copies.ckpk "$@"
[ $(($(size copies.ckpk) - $(size nine.ckpk))) -le 3000 ] ||
	fail "copies: $(size nine.ckpk) to $(size copies.ckpk) bytes"

# damage to the base is told with the base's ID
cp step-1.ckpk bad.ckpk
printf '\377' | dd of=bad.ckpk bs=1 seek=250000 conv=notrunc 2> /dev/null
expect 2 ckpt-cat --base=bad.ckpk -o lost.ckpk step-2.ckpk
says 'base tensor [0-9a-f]\{64\}: '
# and is no base for what is added
expect 0 ckpt-cat --archive --base=bad.ckpk -o safe.ckpk small/1.safetensors
expect 0 ckpt-cat -o whole.ckpk safe.ckpk
done_testing
