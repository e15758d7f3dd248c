#!/bin/sh
# ckpt-store: what goes in comes out, is found, removed, collected, checked.
. "$srcdir/tests/cli/cli.sh"
tgz=$fixtures/mnist-optunet-0-1023.tgz
s=$scratch/s
cd "$scratch" || exit 99

# field NAME: of the one line of a table in $scratch/out
field() {
	awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++)
		if ($i == name) c = i } NR == 2 { print $c }' "$scratch/out"
}
# shows NAME VALUE
shows() {
	[ "$(field "$1")" = "$2" ] || fail "$1 is $(field "$1"), expected $2"
}
# clean: the store passes fsck and says nothing
clean() {
	expect 0 ckpt-store fsck "$s"
	[ ! -s "$scratch/out" ] || { fail "fsck found:"; cat "$scratch/out"; }
}

# what is no store
expect 2 ckpt-store ls "$scratch"; one_line; says 'not a store'
expect 2 ckpt-store ls "$scratch/absent"; one_line
mkdir full && touch full/x
expect 2 ckpt-store init full; one_line; says 'not empty'
expect 2 ckpt-store frobnicate "$s"; says 'expected init'
expect 2 ckpt-store ls; says 'no store'
expect 2 ckpt-store add --schema=12 "$s"; says 'of get, ls and rm'

expect 0 ckpt-store init "$s"
expect 0 ckpt-store init "$s"
expect 0 ckpt-store get "$s"
expect 0 ckpt-store ls "$s"
clean

# all of an archive, from a file and from a pipe, again and again
expect 0 ckpt-store add "$s" "$tgz"
shows added 1024; shows present 0
cat "$tgz" | expect 0 ckpt-store add "$s" "$tgz"
shows added 0; shows present 1024; shows stored 0
ckpt-sum -t record "$tgz" > records
ckpt-store get "$s" | ckpt-sum -t record | cmp - records ||
	fail "the archive does not come back"
ckpt-cat "$tgz" | ckpt-cat -l > listed
ckpt-store ls "$s" | cut -f 1-6 | cmp - listed || fail "ls"

# weights that are there already cost next to nothing; files come back
cp -r "$fixtures/mlp" one && cp -r one two && cp -r one three
expect 0 ckpt-store add "$s" one
shows added 2; shows shared 0
expect 0 ckpt-store add "$s" two three
shows added 4; shows shared 4
[ "$(field stored)" -lt 4096 ] || fail "copies cost $(field stored) bytes"
ckpt-store get "$s" 'two/*' | ckpt-cat --to=safetensors -C back
expect 0 ckpt-store get -C files "$s" 'two/*'
for f in two/*; do
	cmp "$f" "back/$f" || fail "$f does not come back"
	cmp "$f" "files/$f" || fail "$f does not come back as a file"
done
[ "$(find files -type f | wc -l)" = 2 ] || fail "other files"
expect 2 ckpt-store get -C files -o x.ckpk "$s"; says 'excludes'
expect 2 ckpt-store ls -C files "$s"; says 'of get'
expect 0 ckpt-store stat "$s"
shows records 1030; shows models 1026; shows packs 3

# a pack of the store alone has not the weights of those
for f in "$s"/packs/*.ckpk; do
	ckpt-cat -l "$f" > listed 2> "$scratch/err" && continue
	one_line
	expect 2 ckpt-cat -o x.ckpk "$f"; one_line
	says "$f.*model t[a-z]*/.*in another pack of its store"
	expect 2 ckpt-sum "$f"; one_line; says 'in another pack'
	[ ! -e x.ckpk ] || fail "something was written of a stand-in"
	found=$f
done
[ -n "$found" ] || fail "no pack of stand-ins"

# selections
id=$(ckpt-store ls "$s" 'one/0*' | tail -n 1 | cut -f 2)
expect 0 ckpt-store ls "$s" "$(echo "$id" | cut -c 1-8)"
[ "$(wc -l < "$scratch/out")" = 4 ] ||
	fail "three models of one ID expected"
record=$(ckpt-store ls "$s" 'two/0*' | tail -n 1 | cut -f 7)
expect 0 ckpt-store ls "$s" "$record"
prints '^two/0'
expect 1 ckpt-store ls "$s" 'no such*'
expect 1 ckpt-store get "$s" 'no such*'
expect 1 ckpt-store rm "$s" 'no such*'
expect 2 ckpt-store rm "$s"; says 'name what is to go'
ckpt-cat --set=epoch=7 --set=kind=test three | ckpt-store add "$s" \
	> "$scratch/out" || fail "add with metadata"
shows shared 2
[ "$(ckpt-store ls "$s" --meta=epoch=7 | wc -l)" = 3 ] || fail "--meta"
[ "$(ckpt-store ls "$s" --meta=epoch | wc -l)" = 3 ] || fail "--meta=KEY"
expect 1 ckpt-store ls "$s" --meta=epoch=8
expect 0 ckpt-store ls "$s" --json --meta='kind=t*'
prints '"meta":{"epoch":"7","kind":"test"}}$'
schema=$(ckpt-store ls "$s" 'one/0*' | tail -n 1 | cut -f 3)
[ "$(ckpt-store ls "$s" --schema="$schema" | wc -l)" = 9 ] ||
	fail "--schema"
expect 2 ckpt-store ls "$s" --schema=x; says 'hex digits'
[ "$(ckpt-store ls "$s" --arch=optunet | wc -l)" = 1025 ] || fail "--arch"
expect 2 ckpt-store ls "$s" --arch=nosuch; says 'arch'
clean

# the weights stay as long as anything needs them
expect 0 ckpt-store rm "$s" 'one/*'
prints '^2$'
expect 1 ckpt-store ls "$s" 'one/*'
expect 0 ckpt-store rm "$s" '*version_1??.*'
clean
before=$(ckpt-store stat "$s" | tail -n 1 | cut -f 5)
expect 0 ckpt-store gc "$s"
shows packs 1
[ "$(ckpt-store stat "$s" | tail -n 1 | cut -f 5)" -lt "$before" ] ||
	fail "gc gave nothing back"
expect 0 ckpt-store gc "$s"; shows packs 0
ckpt-store get "$s" 'two/*' | ckpt-sum > ids
(cd "$scratch" && ckpt-sum two) | cmp - ids || fail "weights are lost"
grep -v 'version_1[0-9][0-9][.]' records > left
ckpt-store get "$s" '*optunet*' | ckpt-sum -t record | cmp - left ||
	fail "gc lost models"
clean
expect 0 ckpt-store rm "$s" 'two/*' 'three/*'
expect 0 ckpt-store gc "$s"
expect 0 ckpt-store stat "$s"
shows records 924; shows packs 1; shows removed 0
[ -z "$(ls "$s/tombstones")" ] || fail "tombstones are left"
# what was removed can be added again
expect 0 ckpt-store add "$s" "$tgz"; shows added 100; shows present 924
expect 0 ckpt-store rm "$s" '*version_1??.*'
expect 0 ckpt-store add "$s" "$tgz"; shows added 100; shows shared 100
expect 0 ckpt-store rm "$s" '*version_1??.*'
expect 0 ckpt-store add "$s" "$tgz"; shows added 100; shows shared 100
ckpt-store get "$s" | ckpt-sum -t record | sort > found
sort records | cmp - found || fail "models are lost"
expect 0 ckpt-store gc "$s"
clean

# the catalog can be made again, and makes itself again
ckpt-store ls "$s" > before
rm "$s"/catalog.sqlite*
ckpt-store ls "$s" | cmp - before || fail "without a catalog"
echo damage > "$s/catalog.sqlite"
ckpt-store ls "$s" | cmp - before || fail "with a damaged catalog"
expect 2 ckpt-store add "$s" two; one_line; says 'rebuild'
expect 1 ckpt-store fsck "$s"; prints 'catalog'
expect 0 ckpt-store fsck --rebuild "$s"
clean
ckpt-store ls "$s" | cmp - before || fail "after --rebuild"
# a catalog that says something else
sqlite3 "$s/catalog.sqlite" "UPDATE records SET label = 'x' WHERE ordinal = 3" \
	2> /dev/null && {
	expect 1 ckpt-store fsck "$s"; prints 'does not say'
	expect 0 ckpt-store fsck --rebuild "$s"
}

# one of an older version is made anew, of a newer one it is said
sqlite3 "$s/catalog.sqlite" 'PRAGMA user_version=1' 2> /dev/null && {
	ckpt-store ls "$s" | cmp - before || fail "with an older catalog"
	clean
	sqlite3 "$s/catalog.sqlite" 'PRAGMA user_version=99'
	expect 2 ckpt-store add "$s" two; one_line; says 'version 99'
	expect 0 ckpt-store fsck --rebuild "$s"
}

# temporaries that nobody writes go
echo left > "$s/tmp/0123456789abcdef"
expect 0 ckpt-store gc "$s"; shows temporaries 1

# a newer version, and another file's name
echo 'ckpt store 2' > "$s/ckpt-store"
expect 2 ckpt-store ls "$s"; one_line; says 'version'
echo 'ckpt store 1' > "$s/ckpt-store"
expect 2 ckpt-store add "$s" "$scratch/records"; one_line
clean
done_testing
