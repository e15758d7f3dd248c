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

# add FILE...: one by one; the bytes that each takes, in the variable `took`
add() {
	took=
	for f in "$@"; do
		expect 0 ckpt-store add s "$f"
		took="$took $(tail -n 1 out | cut -f 5)"
	done
}
# limit BYTES LIMIT WHAT
limit() {
	[ "$1" -le "$2" ] || fail "$3 costs $1 bytes, at most $2 expected"
}

# of one add, what they refer to removed: they are written anew without it
both=$(stored a.safetensors head.safetensors)
expect 0 ckpt-store rm s a.safetensors
expect 0 ckpt-store gc s
back head.safetensors
expect 1 ckpt-store ls s a.safetensors

# of several adds
rm -rf s && ckpt-store init s
add a.safetensors head.safetensors words.safetensors half.safetensors
cp a.safetensors copy.safetensors
add copy.safetensors moved.safetensors turned.safetensors more.safetensors
back ./*.safetensors
echo "copy, moved, turned and more take$took"
# shellcheck disable=SC2086 # numbers
set -- $took
limit "$1" 2000 "a copy"
limit "$2" $(($(wc -c < a.safetensors) / 1000)) "a moved copy"
limit "$3" $(($(wc -c < half.safetensors) / 500)) "a turned copy"
# the embedding's rows that were there, and the tied head
all=$(stored more.safetensors)
rm -rf s && ckpt-store init s
add words.safetensors more.safetensors
limit "${took##* }" $((all / 2)) "an embedding with rows appended"
back words.safetensors more.safetensors

# again and again a little changed: chains stay short, and everything comes
# back after any of them is removed
rm -rf s && ckpt-store init s
/usr/bin/python3 -B - <<'EOF' || exit 99
import json, struct
import numpy as np
rng = np.random.default_rng(3)
x = rng.standard_normal((300, 400)).astype('<f4')
for i in range(20):
    text = json.dumps({'w': {'dtype': 'F32', 'shape': [300, 400],
                             'data_offsets': [0, x.nbytes]}}).encode()
    text += b' ' * (-len(text) % 8)
    with open('state-%02d.safetensors' % i, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + x.tobytes())
    x += 1e-4 * rng.standard_normal(x.shape).astype('<f4')
EOF
add state-*.safetensors
echo "states take$took"
back state-*.safetensors
whole=${took# }
whole=${whole%% *}
all=$(ckpt-store stat s | tail -n 1 | cut -f 5)
limit "$all" $((whole * 14)) "20 states"
# a catalog made anew says the same
expect 0 ckpt-store fsck --rebuild s
back state-*.safetensors
for i in 00 04 19 05 06 10; do
	expect 0 ckpt-store rm s state-$i.safetensors
	mkdir -p gone && mv state-$i.safetensors gone
	expect 0 ckpt-store gc s
	back state-*.safetensors
	expect 0 ckpt-store gc s
	tail -n 1 out | cut -f 2 | grep -q '^0$' ||
		fail "a second gc finds something to do: $(cat out)"
done
limit "$(ckpt-store stat s | tail -n 1 | cut -f 5)" "$all" "what is left"
expect 0 ckpt-store fsck --rebuild s
expect 0 ckpt-store rm s state-01.safetensors
mv state-01.safetensors gone
expect 0 ckpt-store gc s
back state-*.safetensors
expect 0 ckpt-store rm s '*'
expect 0 ckpt-store gc s
[ -z "$(ls s/packs)" ] || fail "packs are left"
done_testing
