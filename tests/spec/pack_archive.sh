#!/bin/sh
# An archive with every kind of page and reference: the library and decode.py
# read the same from it, and the IDs are those of the tensors that went in.
# Then single bits of it are flipped, CKPT_FLIPS of them or 300.
. "$srcdir/tests/cli/cli.sh"
/usr/bin/python3 -c 'import numpy, xxhash, zstandard' 2> /dev/null || {
	echo "python3-numpy, -xxhash or -zstandard is missing"; exit 77; }
python="/usr/bin/python3 -B"
mkdir "$scratch/in" && cd "$scratch/in" || exit 99
$python "$srcdir/tests/spec/every_page.py" . > ../wanted || exit 99
ckpt-cat --archive -o ../a.ckpk m*.safetensors || fail "archive"
cd .. || exit 99

expect 0 ckpt-cat --stats a.ckpk
kinds="none zstd planes same blocks orbit difference"
for kind in $kinds; do
	prints "	$kind	"
done
"$builddir/tests/spec/dump_pack" a.ckpk > ours || fail "the library"
$python "$srcdir/format-spec/decode.py" a.ckpk > theirs || fail "decode.py"
cmp ours theirs || fail "the library and decode.py"
cut -f 3 wanted > ids
sed -n 's/^tensor \([0-9a-f]*\) .*/\1/p' theirs | cmp - ids || fail "IDs"
ckpt-cat -ll a.ckpk | tail -n +2 | cmp - wanted || fail "list"

# thin ones, of which the second refers to the first, which has its bases in
# the same file
set -- in/m0[4-5].safetensors
ckpt-cat --archive -o base.ckpk in/m0[0-3].safetensors &&
	ckpt-cat --archive --base=base.ckpk -o thin.ckpk "$@" &&
	cat base.ckpk thin.ckpk > both.ckpk &&
	ckpt-cat --archive --base=both.ckpk -o thin2.ckpk \
		in/m0[6-8].safetensors || fail "thin archives"
for pack in base.ckpk:thin.ckpk both.ckpk:both.ckpk both.ckpk:thin2.ckpk; do
	set -- --base "${pack%:*}" "${pack#*:}"
	"$builddir/tests/spec/dump_pack" "$@" > ours || fail "library, $pack"
	$python "$srcdir/format-spec/decode.py" "$@" > theirs ||
		fail "decode.py, $pack"
	cmp ours theirs || fail "the library and decode.py, $pack"
	ckpt-cat --base="$2" -ll "$3" | tail -n +2 | cut -f 3 > ids
	sed -n 's/^tensor \([0-9a-f]*\) .*/\1/p' theirs | cmp - ids ||
		fail "IDs, $pack"
	sort -u wanted | cut -f 3 | sort -u > all
	sort -u ids | comm -23 - all | grep . && fail "other tensors, $pack"
done
[ "$(wc -c < thin2.ckpk)" -lt 300000 ] || fail "thin2.ckpk refers to nothing"
for pack in thin.ckpk thin2.ckpk; do
	"$builddir/tests/spec/dump_pack" $pack > ours
	$python "$srcdir/format-spec/decode.py" $pack > theirs
	grep -q '^corrupt [0-9]* 15 ' ours && grep -q '^corrupt [0-9]* 15 ' \
		theirs || fail "$pack without its base: $(cat ours theirs)"
done

# damage, of this archive and of one of a random collection
$python "$srcdir/tests/spec/damage.py" "$srcdir" "$builddir" a.ckpk wanted \
	"${CKPT_FLIPS:-300}" || fail "damage"
mkdir random && cd random || exit 99
PYTHONIOENCODING=utf-8
export PYTHONIOENCODING
$python "$srcdir/tests/prop/random_collection.py" . "${CKPT_SEED:-8}" \
	> ../wanted || exit 99
ckpt-cat --archive -o ../b.ckpk ./*.safetensors || fail "random archive"
cd .. && sed -i 's,^,./,' wanted
$python "$srcdir/tests/spec/damage.py" "$srcdir" "$builddir" b.ckpk wanted \
	$((${CKPT_FLIPS:-300} / 3)) || fail "damage of a random archive"
done_testing
