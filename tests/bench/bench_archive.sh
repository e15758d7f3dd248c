#!/bin/sh
# ckpt-cat --archive of a ResNet-18 and a copy of it that was moved by a
# random element of its exact symmetries, against zstd --long of the two.
. "$srcdir/tests/bench/bench.sh"
/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	echo "python3-numpy is missing"; exit 0; }
cd "$scratch" || exit 2
/usr/bin/python3 -B "$srcdir/tests/cli/archive_models.py" . || exit 2

ckpt-cat --archive -o one.ckpk a.safetensors || exit 2
time=$(wall "ckpt-cat --archive -o two.ckpk a.safetensors moved.safetensors")
whole=$(wc -c < moved.safetensors)
added=$(($(wc -c < two.ckpk) - $(wc -c < one.ckpk)))
copy=$(calc "100 * $added / $whole")
peer="zstd is missing"
if command -v zstd > /dev/null; then
	one=$(zstd -q -1 --long=27 -c a.safetensors | wc -c)
	two=$(cat a.safetensors moved.safetensors |
		zstd -q -1 --long=27 -c | wc -c)
	peer="zstd --long $(calc "100 * ($two - $one) / $whole") %"
fi
row "archive: a ResNet-18 moved by its symmetries" "$copy % (both $time s)" \
	"$peer" "$copy % (<= 0.1)"
