#!/bin/sh
# ckpt-cat: archives of every kind, told by their magic, streamed; what is
# refused, with one line.
. "$srcdir/tests/cli/cli.sh"
cd "$scratch" || exit 99
net=$fixtures/lenet5-relu
mkdir d d/sub
cp "$net/0.safetensors" d/a.safetensors
cp "$net/1.safetensors" "d/sub/$(printf 'M\303\274ll\351r').safetensors"
cp "$net/2.safetensors" "d/$(printf 'x%.0s' $(seq 150)).safetensors"
find d -name '*.safetensors' | sort > names
ckpt-cat -l $(cat names) | tail -n +2 | sort > list

# check NAME: all models of an archive, under their paths, by every way
check() {
	for way in file stdin pipe; do
		case $way in
		file) ckpt-cat -l "$1" ;;
		stdin) ckpt-cat -l < "$1" ;;
		pipe) cat "$1" | ckpt-cat -l - ;;
		esac > out 2> err || { fail "$1 ($way)"; cat err; }
		tail -n +2 out | sort | cmp - list || fail "$1 ($way)"
	done
}
for format in gnu oldgnu pax; do
	# the name does not matter
	tar --format=$format -cf $format.zip -T names
	check $format.zip
done
for way in gzip bzip2 xz zstd lz4 lzip compress; do
	command -v $way > /dev/null || continue
	$way < gnu.zip > packed.txt
	check packed.txt
done
if command -v zip > /dev/null; then
	zip -q - -@ < names > z.tar
	check z.tar
	zip -q0 stored.tar -@ < names
	mv stored.tar.zip stored 2> /dev/null || mv stored.tar stored
	check stored
fi
# names that are flagged as UTF-8
python3 - << 'END'
import zipfile
with zipfile.ZipFile("flag.zip", "w", zipfile.ZIP_DEFLATED) as z:
    z.write("d/a.safetensors", "d/\u00fc.safetensors")
END
ckpt-cat -l flag.zip | cut -f 1 | grep -qx "$(printf 'd/\303\274')\
.safetensors" || fail "a flagged name"

# packs in archives; one compressed file
ckpt-cat -o b.ckpk $(cat names)
mkdir p && mv b.ckpk p
tar -cf packs.tar p
check packs.tar
gzip -c d/a.safetensors > one.safetensors.gz
expect 0 ckpt-cat -l one.safetensors.gz
prints '^one.safetensors	'
gzip -c p/b.ckpk > b.gz
check b.gz
cat one.safetensors.gz one.safetensors.gz > twice.gz
expect 2 ckpt-cat -l twice.gz
says 'bytes follow'

# what is no checkpoint is skipped with a word, unless -q
echo hello > d/README
tar -cf readme.tar d/README d/a.safetensors
expect 0 ckpt-cat -l readme.tar
says '^ckpt-cat: warning: readme.tar!d/README: skipped'
expect 0 ckpt-cat -lq readme.tar
[ ! -s err ] || fail "-q is not quiet"
tar -cf none.tar d/README
expect 2 ckpt-cat -lq none.tar
says '^ckpt-cat: none.tar: there is no checkpoint in this archive$'
expect 0 ckpt-cat -l d
says 'warning: d/README: skipped'

# refuse NAME PATTERN: the archive is refused, in one line
refuse() {
	expect 2 ckpt-cat -l "$1"
	one_line
	says "$2"
}
printf 'junk' > d/x.safetensors
tar -cf bad.tar d/a.safetensors d/x.safetensors
refuse bad.tar '^ckpt-cat: bad.tar!d/x.safetensors: byte 4: '
printf '\224\0\0\0\0\0\0\0{"a":' > d/x.safetensors
tar -cf bad.tar d/x.safetensors
refuse bad.tar '^ckpt-cat: bad.tar!d/x.safetensors: byte 13: .*too early'
printf 'junk' > d/x.ckpk
tar -cf bad.tar d/x.ckpk
refuse bad.tar 'bad.tar!d/x.ckpk: not a pack'
(cat d/a.safetensors; echo) > d/x.safetensors
tar -cf bad.tar d/x.safetensors
refuse bad.tar 'bad.tar!d/x.safetensors: byte 124172: bytes follow'
ln -s a.safetensors d/l.safetensors
tar -cf bad.tar d/l.safetensors
refuse bad.tar 'bad.tar!d/l.safetensors: .*link'
ln d/a.safetensors d/h.safetensors
tar -cf bad.tar d/a.safetensors d/h.safetensors
refuse bad.tar '!d/[ah].safetensors: .*link'
tar -cf bad.tar readme.tar
refuse bad.tar 'bad.tar!readme.tar: an archive within an archive'
tar -cf bad.tar one.safetensors.gz
refuse bad.tar 'bad.tar!one.safetensors.gz: a compressed file within'
gzip -c one.safetensors.gz > bad.gz
refuse bad.gz 'bad.gz: a compressed file within a compressed file'
if command -v zip > /dev/null; then
	zip -q -e -P secret bad.zip d/a.safetensors
	refuse bad.zip 'bad.zip!d/a.safetensors: .*encrypted'
fi

# damage: every stream is checked to its end
flip() {
	cp "$1" damaged
	printf '%b' "$3" |
		dd of=damaged bs=1 seek="$2" conv=notrunc 2> /dev/null
	refuse damaged '^ckpt-cat: damaged'
}
size() {
	wc -c < "$1"
}
gzip -c gnu.zip > g.gz
flip g.gz $(($(size g.gz) - 6)) '\377'
flip g.gz $(($(size g.gz) / 2)) '\377\0\377\0'
# behind the end of the archive proper, where nothing more is wanted
tar -b 4000 -cf - -T names | gzip -c > g.gz
flip g.gz $(($(size g.gz) - 6)) '\377'
flip z.tar $(($(size z.tar) / 3)) '\377\0\377\0'

# cut: between two members too, where nothing else is amiss
tar -b 1 -cf whole.tar -T names
for n in $(($(size whole.tar) - 1024)) $(($(size whole.tar) - 2000)) 600 400
do
	head -c $n whole.tar > cut.tar
	refuse cut.tar '^ckpt-cat: cut.tar.*: byte .*[Tt]runcated'
	cat cut.tar | expect 2 ckpt-cat -l
	says '[Tt]runcated'
done
for n in 10 60 300; do
	head -c $(($(size z.tar) - n)) z.tar > cut.zip
	refuse cut.zip '^ckpt-cat: cut.zip.*: byte .*[Tt]runcated'
	cat cut.zip | expect 2 ckpt-cat -l
	says '[Tt]runcated'
done
flip gnu.zip 300 '\377'
done_testing
