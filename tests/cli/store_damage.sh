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
grep lost "$scratch/out" && fail "nothing is lost"
tomb=$(cd "$s" && ls tombstones/*)
cp few.ckpk extra.ckpk
for known in yes no; do
	[ $known = yes ] || rm -f "$s"/catalog.sqlite*
	expect 0 ckpt-store ls "$s" 'one/0*'
	one_line; says "warning: .*$tomb.*there again"
	expect 0 ckpt-store -q ls "$s"; [ ! -s "$scratch/err" ] || fail "-q"
	expect 0 ckpt-store get -o got.ckpk "$s"; one_line
	expect 0 ckpt-store add "$s" extra.ckpk; one_line
	expect 2 ckpt-store rm "$s" 'one/1*'
	says "^ckpt-store: $tomb: .*ckpt-store 5"
	expect 0 ckpt-store rm "$s" "$(ckpt-store -q ls "$s" |
		sed -n '2s/.*	//p')"
	expect 0 ckpt-store gc "$s"; one_line
done
expect 0 ckpt-store fsck --repair "$s"; prints 'there again'
expect 0 ckpt-store fsck "$s"
expect 0 ckpt-store ls "$s" 'one/0*'
[ ! -s "$scratch/err" ] || fail "a warning of what is repaired"
# what the catalog does not say: only packs are lost by
fresh
ckpt-store ls "$s" > before

# among the packs what is none, a pack that is cut and that nobody knows
hash_of() { sha256sum "$1" | cut -c 1-64; }
head -c 1000 "$large" > cut.ckpk
cp cut.ckpk "$s/packs/$(hash_of cut.ckpk).ckpk"
echo foreign > text && cp text "$s/packs/$(hash_of text).ckpk"
i=0
for what in 'mkdir' 'mkfifo' 'ln -s nowhere' ': >'; do
	i=$((i + 1))
	eval "$what '$s/packs/$(echo $i | sha256sum | cut -c 1-64).ckpk'"
done
echo > "$s/packs/other name"
for known in yes no; do
	[ $known = yes ] || rm -f "$s"/catalog.sqlite*
	ckpt-store ls "$s" 2> "$scratch/err" | cmp - before || fail "ls: others"
	[ "$(grep -c '^ckpt-store: warning: .*packs/.*left out' \
		"$scratch/err")" = 6 ] || fail "6 are left out"
	expect 0 ckpt-store get -o got.ckpk "$s"
	expect 0 ckpt-store add "$s" few.ckpk
	expect 2 ckpt-store gc "$s"; says 'nothing is collected'
done
expect 1 ckpt-store fsck "$s"; prints 'regular file'; prints 'other name'
grep -E 'lost: .*(optunet|two|one/1)' "$scratch/out" && fail "false losses"
rm "$s/packs/other name"
ckpt-store fsck --repair "$s" > out2 2> "$scratch/err" ||
	[ $? = 1 ] || fail "fsck --repair: $(cat "$scratch/err")"
expect 0 ckpt-store fsck "$s"
[ ! -s "$scratch/out" ] || fail "not repaired: $(cat "$scratch/out")"
ckpt-store ls "$s" | cmp - before || fail "others are lost"
expect 0 ckpt-store gc "$s"
[ ! -s "$scratch/err" ] || fail "a warning of what is repaired"

# a pack of no bytes: what the catalog knows of it is named
fresh
chmod u+w "$large" && : > "$large"
expect 1 ckpt-store fsck "$s"
prints '^lost: record .*, one/0'; prints '^lost: record .*, one/1'
[ "$(grep -c '^lost' "$scratch/out")" = 4 ] ||
	fail "four are lost: $(cat "$scratch/out")"
expect 1 ckpt-store fsck --repair "$s"
prints '^lost: record .*, one/1'
expect 0 ckpt-store fsck "$s"

# a pack that is gone: the command that finds it so names the records, once
fresh
rm -f "$large"
expect 0 ckpt-store ls "$s"
says '^ckpt-store: warning: .*lost: record [0-9a-f]\{64\}, one/0.*is gone'
says 'lost: record [0-9a-f]\{64\}, one/1.*is gone'
[ "$(wc -l < "$scratch/err")" = 2 ] || fail "two are gone"
expect 0 ckpt-store ls "$s"
[ ! -s "$scratch/err" ] || fail "once is enough"

# a copy without empty directories
fresh
rmdir "$s/tmp" "$s/tombstones"
expect 0 ckpt-store ls "$s"; expect 0 ckpt-store fsck "$s"
expect 0 ckpt-store stat "$s"
[ ! -d "$s/tmp" ] || fail "a reader makes directories"
expect 0 ckpt-store rm "$s" 'one/0*'
rm -r "$s/tmp"
expect 0 ckpt-store init "$s"
[ -d "$s/tmp" ] || fail "init does not make them"
expect 0 ckpt-store fsck "$s"

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
