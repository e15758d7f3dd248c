#!/bin/sh
# ckpt-store: what is stored already is referred to.
. "$srcdir/tests/cli/cli.sh"
/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	echo "python3-numpy is missing"; exit 77; }
cd "$scratch" || exit 99
/usr/bin/python3 -B "$srcdir/tests/cli/archive_models.py" . || exit 99

# stored FILE...: into a new store by one add; the bytes that it takes
stored() {
	rm -rf s && ckpt-store init s &&
		ckpt-store add s "$@" | tail -n 1 | cut -f 5
}
# back FILE...: the files come out of the store as they were
back() {
	rm -rf out.d
	ckpt-store get s | ckpt-cat --to=safetensors -C out.d
	for f in "$@"; do
		cmp "$f" "out.d/$f" || fail "$f does not come back"
	done
	expect 0 ckpt-store fsck s
	[ ! -s out ] || fail "fsck: $(cat out)"
}

# of one add: a copy that is moved, and one with another head
one=$(stored a.safetensors)
[ "$one" -gt 0 ] || fail "nothing is stored"
both=$(stored a.safetensors moved.safetensors)
back a.safetensors moved.safetensors
[ $(((both - one) * 1000)) -le "$(wc -c < a.safetensors)" ] ||
	fail "a moved copy costs $((both - one)) bytes"
both=$(stored a.safetensors head.safetensors words.safetensors a.safetensors)
back a.safetensors head.safetensors words.safetensors
words=$(stored words.safetensors)
[ $((both - one - words)) -le 300000 ] ||
	fail "another head costs $((both - one - words)) bytes"

# what they refer to is removed: they are written anew without it
both=$(stored a.safetensors head.safetensors)
expect 0 ckpt-store rm s a.safetensors
expect 0 ckpt-store gc s
back head.safetensors
expect 1 ckpt-store ls s a.safetensors
done_testing
