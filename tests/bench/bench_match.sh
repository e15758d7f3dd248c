#!/bin/sh
# Assignments, and weight matching of a ResNet-18 for CIFAR, on one thread:
# ours against SciPy's linear_sum_assignment and a plain matching in NumPy,
# from the weights in memory to the permutations. In CPU seconds.
. "$srcdir/tests/bench/bench.sh"

/usr/bin/python3 -c 'import scipy' 2> /dev/null || {
	row "assignments, matching" "SciPy is missing" "" ""
	exit 0
}
peer="/usr/bin/python3 $srcdir/tests/bench/bench_match.py"
tab=$(printf '\t')
arch=$srcdir/arch/resnet18-cifar.arch

# assignment N TARGET
assignment() {
	$peer lap "$builddir/tests/bench/lap_time" "$1" > "$scratch/lap" ||
		exit 2
	IFS=$tab read -r ours theirs same < "$scratch/lap"
	row "assignment of $1, costs -A B^T" "$ours ms ($same)" \
		"SciPy $theirs ms" "<= $2 ms"
}
assignment 512 3
assignment 2048 60
assignment 4096 400

# ours MODE NOISE: median of three in $time, and what goes with it
ours() {
	for i in 1 2 3; do
		"$builddir/tests/bench/match_time" "$arch" "$1" "$2" 1 \
			"$scratch" || exit 2
	done | sort -n > "$scratch/ours"
	sed -n 2p "$scratch/ours" > "$scratch/median"
	read -r time sweeps wrong products score < "$scratch/median"
	$peer match "$arch" "$scratch" > "$scratch/peer" || exit 2
	IFS=$tab read -r their_time their_products their_sweeps their_score \
		< "$scratch/peer"
}
ours planted 0.5
row "ResNet-18, planted, noise of half a deviation" \
	"$time s ($wrong misplaced)" \
	"NumPy $their_time s, products $their_products s" "<= 0.6 s"
row "" "objective $score" "$their_score" ""
ours independent 0
row "two independent ResNet-18, a sweep" "$(calc "$time / $sweeps") s" \
	"NumPy $(calc "$their_time / $their_sweeps") s" "<= 0.5 s"
row "" "$(calc "$time / $sweeps / $products") of the products" \
	"products alone $products s" "<= 1.2"
row "" "objective $score" "$their_score" ">= the peer's"
