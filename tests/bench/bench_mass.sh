#!/bin/sh
# The least mass on one thread, from a file of weights to the table: 50 hidden
# layers of 128, and a VGG-16; against cyclic updates and Newton's method in
# NumPy, which start from the weights in memory. In CPU seconds.
. "$srcdir/tests/bench/bench.sh"

/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	row "ckpt-eval --mass" "NumPy is missing" "" ""
	exit 0
}
mass="/usr/bin/python3 $srcdir/tests/bench/bench_mass.py"
$mass make "$scratch" || exit 2
tab=$(printf '\t')

# chain FILE ARCH WHAT TARGET
chain() {
	file=$scratch/$1.safetensors
	t=$($measure --runs=5 "ckpt-eval -q -j1 --mass --arch=$2 $file \
		> $scratch/out") || exit 2
	t=${t#* } # of wall and CPU seconds
	$mass peers "$file" > "$scratch/peers" || exit 2
	IFS=$tab read -r cyclic cycles least1 newton steps least2 \
		< "$scratch/peers"
	certificate=$(tail -n 1 "$scratch/out" | cut -f 5)
	least=$(tail -n 1 "$scratch/out" | cut -f 3)
	awk "BEGIN { exit !($certificate <= 1e-9 && \
		($least / $least1 - 1)^2 < 1e-16 && \
		($least / $least2 - 1)^2 < 1e-16) }" ||
		row "$3" "another least mass: $least" "$least1, $least2" ""
	row "ckpt-eval --mass, $3, -j1" "$t CPU s ($certificate)" \
		"NumPy: cyclic $cyclic CPU s ($cycles)" "<= $4 s"
	row "" "" "Newton $newton CPU s ($steps)" ""
}
chain deep "$scratch/deep.arch" "50 layers of 128" 0.1
chain vgg vgg16-cifar "VGG-16 of 14.7 M" 0.5
