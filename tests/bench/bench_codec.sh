#!/bin/sh
# Sizes and speeds of the codecs of pages, on one core, checksums of pages
# included: normal weights in layers of several scales, and differences to
# the same weights before a step. The bound is computed from the data, by
# codec_time; peers see the same pages.
. "$srcdir/tests/bench/bench.sh"

/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	row "pages of floats" "NumPy is missing" "" ""
	exit 0
}
/usr/bin/python3 "$srcdir/tests/bench/bench_codec.py" "$scratch" || exit 2
tab=$(printf '\t')

# pages DTYPE FILE [BASE]: sets size, bound, encode, decode, zstd
pages() {
	"$builddir/tests/bench/codec_time" "$@" > "$scratch/out" || exit 2
	IFS=$tab read -r size bound encode decode zstd zstd_speed raw \
		< "$scratch/out"
}

# of DTYPE SIZE ENCODE DECODE: the rows of `gauss`
of() {
	pages "$1" "$scratch/gauss.$1"
	peer=$(head -c 4194304 "$scratch/gauss.$1" | xz -c | wc -c)
	row "gauss $1, size in % of raw" "$(calc "100 * $size / $raw")" \
		"bound $(calc "100 * $bound / $raw"), zstd -3 $(calc \
		"100 * $zstd / $raw"), xz $(calc "$peer / 41943.04")" "<= $2"
	row "gauss $1, encode" "$(calc "$encode / 1e9") GB/s" \
		"zstd -3 $(calc "$zstd_speed / 1e9") GB/s" ">= $3 GB/s"
	row "gauss $1, decode" "$(calc "$decode / 1e9") GB/s" "" ">= $4 GB/s"
}
of f32 82.9 1.4 3.5
of bf16 65.8 1.0 2.5
of f16 84.4 1.1 2.5

# step NAME DTYPE TARGET: the difference to what it was
step() {
	pages "$2" "$scratch/$1.$2" "$scratch/base.$2"
	row "difference, $1, $2, in % of raw" \
		"$(calc "100 * $size / $raw")" \
		"bound $(calc "100 * $bound / $raw")" \
		"$(calc "$size / $bound") <= $3 of the bound"
}
for name in one-step many-steps fine-tune; do
	step $name bf16 1.05
	step $name f32 1.02
done
