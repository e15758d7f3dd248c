#!/bin/sh
# ckpt-cat on the vectors of the pack format: what is wrong is refused in one
# line, with nothing under its final name; IDs that a pack states are verified.
. "$srcdir/tests/cli/cli.sh"
vectors=$srcdir/format-spec/vectors
cd "$scratch" || exit 99

for f in "$vectors"/bad-*.ckpk "$vectors"/unsupported-*.ckpk; do
	expect 2 ckpt-cat -o made.ckpk "$f"
	one_line
	[ ! -e made.ckpk ] || { fail "made of $f"; rm made.ckpk; }
	cat "$f" | ckpt-cat --to=npy -o made.npy 2> err2
	[ $? = 2 ] || fail "$f through a pipe"
	[ "$(wc -l < err2)" = 1 ] || fail "$f: lines"
	[ ! -e made.npy ] || { fail "an array of $f"; rm made.npy; }
done
for f in "$vectors"/good-*.ckpk; do
	grep -q "^| ${f##*/} |.*, with " "$vectors/README.md" &&
		continue # with its base: verdicts.sh
	expect 0 ckpt-cat -ll "$f"
	cat "$f" | ckpt-cat -ll 2> /dev/null | cmp - out ||
		fail "$f through a pipe"
done

# by each way that models take; nothing is renamed
for f in "$vectors"/bad-80-ids-group.ckpk "$vectors"/bad-81-ids-tensor.ckpk
do
	for way in -l -ll '-o made' '--to=safetensors -C made'; do
		expect 2 ckpt-cat $way "$f"
		says 'ID'
		cat "$f" | expect 2 ckpt-cat $way
		says 'ID'
		[ -z "$(ls -A made 2> /dev/null)" ] || fail "$way: made"
		rm -rf made
	done
	# to be selected by its ID, a model of a pipe is read first
	cat "$f" | expect 2 ckpt-cat -l --select=00000000
	says 'ID'
	cat "$f" | ckpt-cat > made.ckpk 2> /dev/null
	[ $? = 2 ] || fail "$f to a pipe"
	expect 2 ckpt-cat -l made.ckpk
done
done_testing
