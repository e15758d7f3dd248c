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

$python "$srcdir/tests/spec/damage.py" "$srcdir" "$builddir" a.ckpk wanted \
	"${CKPT_FLIPS:-300}" || fail "damage"
done_testing
