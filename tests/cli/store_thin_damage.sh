#!/bin/sh
# ckpt-store with damage in packs that others refer to, and without them.
. "$srcdir/tests/cli/cli.sh"
s=$scratch/s
cd "$scratch" || exit 99
lenet=$fixtures/lenet5-relu
cp "$lenet/0.safetensors" base.safetensors
n=$(wc -c < base.safetensors)
# with_tail N FILE OUT: base with the last N bytes of FILE
with_tail() {
	{ head -c $((n - $1)) base.safetensors && tail -c "$1" "$2"; } > "$3"
}
# fc3's weight, fc2's weight and what follows, other ones
with_tail 1680 "$lenet/2.safetensors" small.safetensors
with_tail 21860 "$lenet/2.safetensors" large.safetensors
# of these, another state: it depends on large, which depends on base
head -c 21859 /dev/zero > zeros
with_tail 21860 large.safetensors later.safetensors
printf '\1' | dd of=later.safetensors bs=1 seek=$((n - 2000)) conv=notrunc \
	2> /dev/null
cp "$lenet/1.safetensors" other.safetensors

flip() {
	chmod u+w "$1"
	byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\$(printf %o $((byte ^ 255)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null
}
fresh() {
	rm -rf "$s" && ckpt-store init "$s" || exit 99
	for f in base small large later other; do
		ls "$s/packs" > packs
		ckpt-store add "$s" $f.safetensors > out || exit 99
		ls "$s/packs" | comm -13 packs - > $f.pack
	done
}
# lost NAME...: the records named as lost are those, and no others
lost() {
	sed -n 's/^lost: record [0-9a-f]*, \([a-z]*\)[.].*/\1/p' out |
		sort -u > found
	[ $# = 0 ] || printf '%s\n' "$@" | sort > wanted
	[ $# != 0 ] || : > wanted
	cmp -s found wanted || fail "lost: $(cat out), expected $*"
}
# whole NAME...: these and no others come back, and fsck is content
whole() {
	expect 0 ckpt-store fsck "$s"
	[ ! -s out ] || fail "fsck: $(cat out)"
	for f; do
		ckpt-sum $f.safetensors
	done | cut -c 1-64 | sort > wanted
	expect 0 ckpt-store get -o got.ckpk "$s"
	ckpt-sum got.ckpk | cut -c 1-64 | sort | cmp - wanted ||
		fail "not what should be whole: $*"
}

fresh
whole base small large later other
[ "$(ckpt-store stat "$s" | tail -n 1 | cut -f 5)" -lt $((3 * n)) ] ||
	fail "nothing is referred to"
size=$(wc -c < "$s/packs/$(cat base.pack)")

# in the tensors that others do not have, and in those that they have
for known in yes no; do
	fresh
	flip "$s/packs/$(cat base.pack)" $((size * 88 / 100))
	[ $known = yes ] || rm -f "$s"/catalog.sqlite*
	expect 1 ckpt-store fsck "$s"; prints '^packs/.*SHA-256'
	lost base small
	expect 2 ckpt-store get -o got.ckpk "$s" base.safetensors; one_line
	expect 2 ckpt-store get -o got.ckpk "$s" small.safetensors; one_line
	says '[0-9a-f]\{64\}'
	expect 0 ckpt-store get -o got.ckpk "$s" later.safetensors
	expect 1 ckpt-store fsck --repair "$s"
	lost base small
	whole large later other
	expect 0 ckpt-store gc "$s"
	whole large later other
	expect 0 ckpt-store add "$s" base.safetensors small.safetensors
	whole base small large later other

	fresh
	flip "$s/packs/$(cat base.pack)" $((size / 2))
	[ $known = yes ] || rm -f "$s"/catalog.sqlite*
	expect 1 ckpt-store fsck --repair "$s"
	lost base small large later
	whole other
	expect 0 ckpt-store add "$s" base.safetensors
	expect 0 ckpt-store add "$s" later.safetensors
	whole base later other

	# in one that is in the middle
	fresh
	flip "$s/packs/$(cat large.pack)" \
	    $(($(wc -c < "$s/packs/$(cat large.pack)") / 2))
	[ $known = yes ] || rm -f "$s"/catalog.sqlite*
	expect 1 ckpt-store fsck --repair "$s"
	lost large later
	whole base small other
done

# a base whose index is gone, but whose models are whole
fresh
chmod u+w "$s/packs/$(cat base.pack)"
truncate -s $((size - 20)) "$s/packs/$(cat base.pack)"
expect 1 ckpt-store fsck "$s"
expect 0 ckpt-store fsck --repair "$s"
lost
whole base small large later other

# what is damaged is not said to be here already; nor is what stands on it
fresh
cp "$s/packs/$(cat base.pack)" base.copy
flip "$s/packs/$(cat base.pack)" $((size / 2))
for f in base large; do
	expect 2 ckpt-store add "$s" $f.safetensors; one_line
	says 'is here already, but damaged'
	expect 2 ckpt-store add "$s" < $f.safetensors
	says 'is here already, but damaged'
done
expect 0 ckpt-store add "$s" other.safetensors

# packs of which something is lost with their base are put aside, as they are;
# they are whole again where that comes back
expect 1 ckpt-store fsck --repair "$s"
mv base.copy "$s/packs/$(cat base.pack)"
for f in small large later; do
	[ ! -e "$s/damaged/$(cat $f.pack)" ] ||
		mv "$s/damaged/$(cat $f.pack)" "$s/packs"
done
whole base small large later other

# a pack that is gone: its records, and those of whoever needs it
fresh
rm -f "$s/packs/$(cat base.pack)"
expect 1 ckpt-store fsck "$s"
prints "^lost: record .*, base.*$(cat base.pack) is gone"
prints '^packs/.*tensor [0-9a-f]\{64\}, which is nowhere'
lost base small large later
expect 1 ckpt-store fsck "$s"
lost base small large later
expect 1 ckpt-store fsck --repair "$s"
lost base small large later
whole other
fresh
rm -f "$s/packs/$(cat base.pack)" "$s"/catalog.sqlite*
expect 2 ckpt-store get -o got.ckpk "$s" small.safetensors; one_line
says '[0-9a-f]\{64\}'
expect 1 ckpt-store fsck "$s"
prints '^packs/.*tensor [0-9a-f]\{64\}, which is nowhere'
lost small large later
expect 1 ckpt-store fsck --repair "$s"
lost small large later
whole other

# what it had is added again: they are whole again
fresh
rm -f "$s/packs/$(cat base.pack)"
expect 0 ckpt-store add "$s" base.safetensors
whole base small large later other

# packs of other stores, each as it should be, that lead around in a circle
# state I: base, but for one byte of fc2's weight
state() {
	cp base.safetensors state-$1.safetensors
	printf "\\$(printf %o "$1")" | dd of=state-$1.safetensors bs=1 \
		seek=$((n - 2000)) conv=notrunc 2> /dev/null
}
# thin I K OUT: the pack of state I that refers to state K
thin() {
	rm -rf pair && ckpt-store init pair && ckpt-store add pair \
		state-$2.safetensors > out && ls pair/packs > packs &&
		ckpt-store add pair state-$1.safetensors > out || exit 99
	mkdir -p "$3" && cp -p "pair/packs/$(ls pair/packs |
		comm -13 packs -)" "$3" || exit 99
}
for i in 1 2 3 4 5 6 7 8 9 10; do
	state $i
done
thin 1 2 circle; thin 2 1 circle
rm -rf "$s" && ckpt-store init "$s" && cp -p circle/* "$s/packs"
expect 2 ckpt-store get -o got.ckpk "$s"; one_line
says '[0-9a-f]\{64\}'
expect 1 ckpt-store fsck "$s"
sed -n 's/^lost: record [0-9a-f]*, //p' out | sort > found
printf 'state-%d.safetensors\n' 1 2 | cmp - found || fail "circle: $(cat out)"
expect 1 ckpt-store fsck --repair "$s"
whole
# with one of them from elsewhere there is no circle
rm -rf "$s" && ckpt-store init "$s" && cp -p circle/* "$s/packs"
expect 0 ckpt-store add "$s" base.safetensors
rm -rf "$s" && ckpt-store init "$s" && cp -p circle/* "$s/packs"
rm -rf pair && ckpt-store init pair && ckpt-store add pair \
	state-1.safetensors > out && cp -rp pair/packs first &&
	cp -p first/* "$s/packs" || exit 99
whole state-1 state-2
expect 0 ckpt-store gc "$s"
whole state-1 state-2

# and that make a chain that is too long
for i in 2 3 4 5 6 7 8 9 10; do
	thin $i $((i - 1)) chain
done
rm -rf "$s" && ckpt-store init "$s" && cp -p chain/* first/* "$s/packs"
expect 2 ckpt-store get -o got.ckpk "$s" state-10.safetensors; one_line
says '[0-9a-f]\{64\}'
expect 0 ckpt-store get -o got.ckpk "$s" state-9.safetensors
expect 1 ckpt-store fsck --repair "$s"
whole state-1 state-2 state-3 state-4 state-5 state-6 state-7 state-8 state-9
done_testing
