#!/bin/sh
# ckpt-store with damage, without space, without leave to write.
. "$srcdir/tests/cli/cli.sh"
s=$scratch/s
cd "$scratch" || exit 99
cp -r "$fixtures/mlp" one && cp -r one two
ckpt-cat "$fixtures/mnist-optunet-0-1023.tgz" --head=20 > few.ckpk

# flip FILE OFFSET: one byte of a file
flip() {
	chmod u+w "$1"
	byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\$(printf %o $((byte ^ 255)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc 2> /dev/null
}
fresh() {
	rm -rf "$s"
	ckpt-store init "$s" && ckpt-store add "$s" few.ckpk > /dev/null &&
		ckpt-store add "$s" one > /dev/null &&
		ckpt-store add "$s" two > /dev/null || exit 99
	large=$(ls -S "$s"/packs/*.ckpk | head -n 1)
}

# damage in the weights of one model: the others stay, it is named, and so
# is who shares its weights
for known in yes no; do
	fresh
	flip "$large" 100000
	[ $known = yes ] || rm "$s"/catalog.sqlite*
	expect 1 ckpt-store fsck "$s"
	prints "^packs/.*SHA-256"
	expect 1 ckpt-store fsck --repair "$s"
	prints '^lost: record .*, one/0'
	prints '^lost: record .*, two/0.*with another record'
	[ "$(grep -c '^lost' "$scratch/out")" = 2 ] ||
		fail "two are lost: $(cat "$scratch/out")"
	expect 0 ckpt-store fsck "$s"
	[ ! -s "$scratch/out" ] || fail "not repaired"
	ckpt-store get "$s" '*/1.*' | ckpt-sum | sort > found
	ckpt-sum one/1.safetensors two/1.safetensors | sort | cmp - found ||
		fail "what was whole is lost"
	[ "$(ckpt-store ls "$s" | wc -l)" = 23 ] || fail "22 records expected"
	[ -n "$(ls "$s/damaged")" ] || fail "the damaged pack is gone"
	expect 0 ckpt-store gc "$s"
	# and what is lost can be added again
	expect 0 ckpt-store add "$s" one two
	[ "$(ckpt-store get "$s" | ckpt-sum | wc -l)" = 24 ] ||
		fail "not whole again"
done

# the pack cut, or gone
fresh
chmod u+w "$large" && truncate -s 1000 "$large"
expect 1 ckpt-store fsck --repair "$s"
prints '^lost: record .*, one/1'
expect 0 ckpt-store fsck "$s"
fresh
rm -f "$large"
expect 1 ckpt-store fsck "$s"
prints '^lost: record .*, two/'

# a damaged list of what was removed
fresh
ckpt-store rm "$s" 'one/0*' > /dev/null
flip "$(ls "$s"/tombstones/*)" 20
expect 1 ckpt-store fsck "$s"; prints '^tombstones/'
expect 0 ckpt-store fsck --repair "$s"; prints 'there again'
expect 0 ckpt-store fsck "$s"
expect 0 ckpt-store ls "$s" 'one/0*'

# no space: one line, and nothing is there
fresh
ckpt-store ls "$s" > before
cp -r one three; ckpt-sum one > ids
ckpt-cat --set=x=y few.ckpk > other.ckpk
for blocks in 1 64 150 400; do
	rm -rf t && cp -r "$s" t
	(trap '' XFSZ; ulimit -f $blocks; ckpt-store add t \
		"$fixtures/resnet20" few.ckpk other.ckpk > /dev/null) \
		2> "$scratch/err"
	status=$?
	[ $status = 2 ] || fail "$blocks blocks: $status"
	[ $status = 0 ] || one_line
	[ $status = 0 ] || ckpt-store ls t | cmp - before ||
		fail "something was added in $blocks blocks"
	ckpt-store fsck t || fail "no space for $blocks blocks breaks it"
	[ -z "$(ls t/tmp)" ] || fail "a temporary file is left"
done

# a disk that is read only
if [ "$(id -u)" = 0 ] && unshare -m true 2> /dev/null; then
	unshare -m sh -c '
		mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" &&
		ckpt-store ls "$0" | cmp - before && ckpt-store fsck "$0" &&
		ckpt-store get "$0" "one/*" | ckpt-sum | cmp - "$1" &&
		! ckpt-store add "$0" three 2> err2 &&
		[ "$(wc -l < err2)" = 1 ]' "$s" "$scratch/ids" \
		2> "$scratch/err" || {
		grep -q mount "$scratch/err" || {
			fail "read-only disk"
			cat "$scratch/err" err2
		}
	}
fi
done_testing
