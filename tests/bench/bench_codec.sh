#!/bin/sh
# Sizes and speeds of the codecs of pages, on one core, checksums of pages
# included: normal weights in layers of several scales, and differences between
# states of one training. The bound is computed from the data, by codec_time;
# zstd sees the same pages without a checksum, or what is left of them by XOR
# with the base, byte plane after byte plane; xz the first 4 MiB.
# CKPT_TRAJECTORY names a directory that trajectory.py has written before; it
# trains for a minute.
. "$srcdir/tests/bench/bench.sh"

/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	row "pages of floats" "python3-numpy is missing" "" ""
	exit 0
}
weights="/usr/bin/python3 -B $srcdir/tests/bench/bench_codec.py"
$weights gauss "$scratch" || exit 2
data=${CKPT_TRAJECTORY:-$scratch/trajectory}
[ -d "$data" ] || /usr/bin/python3 "$srcdir/tests/bench/trajectory.py" \
	"$data" || exit 2
tab=$(printf '\t')

# pages DTYPE FILE [BASE]: sets what codec_time prints
pages() {
	"$builddir/tests/bench/codec_time" "$@" > "$scratch/out" || exit 2
	IFS=$tab read -r size bound encode decode size1 encode1 decode1 \
		size3 encode3 decode3 raw < "$scratch/out"
}

# percent N: of the raw bytes
percent() {
	calc "100 * $1 / $raw"
}

# speed N: in GB/s
speed() {
	echo "$(calc "$1 / 1e9") GB/s"
}

# xz_of FILE: percent and MB/s of xz
xz_of() {
	command -v xz > /dev/null || { echo "xz is missing"; return; }
	head -c 4194304 "$1" > "$scratch/part"
	n=$(xz -T1 -c "$scratch/part" | wc -c)
	took=$(wall --runs=1 "xz -T1 -c $scratch/part > /dev/null")
	echo "xz $(calc "$n / 41943.04") at $(calc "4.194304 / $took") MB/s"
}

# of DTYPE SIZE ENCODE DECODE: the rows of `gauss`
of() {
	pages "$1" "$scratch/gauss.$1"
	row "gauss $1, size in % of raw" \
		"$(percent "$size") (bound $(percent "$bound"))" \
		"zstd -1 $(percent "$size1"), -3 $(percent "$size3"), $(xz_of \
		"$scratch/gauss.$1")" "<= $2"
	row "gauss $1, encode" "$(speed "$encode")" \
		"zstd -1 $(speed "$encode1"), -3 $(speed "$encode3")" \
		">= $3 GB/s"
	row "gauss $1, decode" "$(speed "$decode")" \
		"zstd -1 $(speed "$decode1"), -3 $(speed "$decode3")" \
		">= $4 GB/s"
}
of f32 82.9 1.4 3.5
of bf16 65.8 1.0 2.5
of f16 84.4 1.1 2.5

# step NAME DTYPE LIMIT: the difference to what it was
step() {
	for half in a b; do
		$weights raw "$data/pairs/$1-$2-$half.safetensors" \
			"$scratch/$half" || exit 2
	done
	pages "$2" "$scratch/b" "$scratch/a"
	row "difference, $1, $2, in % of raw" \
		"$(percent "$size") (bound $(percent "$bound"))" \
		"XOR and zstd -1 $(percent "$size1"), -3 $(percent "$size3")" \
		"$(calc "$size / $bound") <= $3 of the bound"
	row "difference, $1, $2, encode and decode" \
		"$(speed "$encode"), $(speed "$decode")" \
		"zstd -1 $(speed "$encode1"), $(speed "$decode1")" ""
}
for name in one-step 100-steps fine-tune; do
	step $name bf16 1.05
	step $name f32 1.02
done

# Bits of an archive of a trained network.
ckpt-cat --archive -o "$scratch/x.ckpk" "$data/step-0400.safetensors" || exit 2
row "300 bits flipped in pages, one at a time" "$($weights flips \
	"$scratch/x.ckpk" ckpt-cat --codec=none) found" "" "300"
