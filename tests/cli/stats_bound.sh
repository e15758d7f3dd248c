#!/bin/sh
# ckpt-cat --stats: the bound of each dtype is the one that NumPy computes from
# the same files, of pooled tensors and of large ones, and the table adds up.
. "$srcdir/tests/cli/cli.sh"
/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	echo "python3-numpy is missing"; exit 77; }
cd "$scratch" || exit 99

# check NAME FILE...: of an archive and of a pack of these files
check() {
	name=$1
	shift
	/usr/bin/python3 -B "$srcdir/tests/bench/bounds.py" --dtypes "$@" \
		> wanted || exit 99
	ckpt-cat --archive -o a.ckpk "$@" && ckpt-cat -o p.ckpk "$@" || exit 99
	for pack in a p; do
		expect 0 ckpt-cat --stats $pack.ckpk
		# to one byte: the sums are of doubles, in another order
		awk -v size="$(wc -c < $pack.ckpk)" '
		FNR == NR { raw[$1] = $2; bound[$1] = $3; n += $2 > 0; next }
		FNR == 1 || $2 == "index" { if (FNR > 1) s += $5; next }
		$2 == "total" { if ($4 != r || $5 != s || $5 != size ||
			$4 - $5 != $6) bad = bad " total"; next }
		$2 == "bound" && $1 == "-" { if ($4 != r || $5 < b - 20 ||
			$5 > b + 20) bad = bad " sum"; next }
		$2 == "bound" { d = $5 - bound[$1]; r += $4; b += $5; n--
			if ($4 != raw[$1] || d > 1 || d < -1) bad = bad " " $1
			if ($4 != own[$1]) bad = bad " raw " $1; next }
		{ own[$1] += $4; s += $5
			if ($7 < 100 * $5 / $4 - .006 ||
				$7 > 100 * $5 / $4 + .006) bad = bad " %" }
		END { print bad; exit n != 0 || bad != "" }' wanted out > bad ||
			{ fail "$name, $pack:$(cat bad)"; cat out wanted; }
	done
}
for seed in 5 6 7; do
	mkdir $seed && PYTHONIOENCODING=utf-8 /usr/bin/python3 -B \
		"$srcdir/tests/prop/random_collection.py" $seed $seed > list ||
		exit 99
	check "seed $seed" $seed/*
done
check fixtures "$fixtures"/lenet5-relu/*.safetensors \
	"$fixtures"/resnet20/*.safetensors
# one tensor of 2^17 elements for itself, and one less in the pool
/usr/bin/python3 - <<'END' || exit 99
import json
import random
import struct
r = random.Random(1)
for dtype, n in ('F16', 2), ('BF16', 2), ('F32', 4), ('F64', 8):
    parts = [struct.pack('<%d%s' % (k, {2: 'e', 4: 'f', 8: 'd'}[n]), *[
        r.gauss(0, s) for _ in range(k)])
        for k, s in ((131072, 1), (131071, .01), (131071, 3))]
    header, at = {}, 0
    for i, p in enumerate(parts):
        header['t%d' % i] = {'dtype': dtype, 'shape': [len(p) // n],
                             'data_offsets': [at, at + len(p)]}
        at += len(p)
    text = json.dumps(header).encode()
    with open(dtype + '.safetensors', 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + b''.join(parts))
END
check edge F16.safetensors BF16.safetensors F32.safetensors F64.safetensors
# of what is written, and of a thin archive with its base
expect 0 ckpt-cat --stats --archive -o b.ckpk F32.safetensors
mv out of_written
expect 0 ckpt-cat --stats b.ckpk
cmp out of_written || fail "the table of what is written"
expect 0 ckpt-cat --archive --base=b.ckpk -o thin.ckpk F32.safetensors
expect 0 ckpt-cat --stats --base=b.ckpk thin.ckpk
grep bound out > thin
grep bound of_written | cut -f 1,2,4- > whole
cut -f 1,2,4- thin | cmp - whole || fail "the bound of a thin archive"
expect 2 ckpt-cat --stats thin.ckpk
one_line
says 'missing base'
expect 2 ckpt-cat --stats --archive F32.safetensors
expect 2 ckpt-cat --stats --to=npy -o x.npy F32.safetensors
# a pack whose weights cannot be read has no table
head -c 3000 a.ckpk > cut.ckpk
expect 2 ckpt-cat --stats cut.ckpk
one_line
[ ! -s out ] || fail "a table of a pack that is cut"
done_testing
