#!/bin/sh
# ckpt-align --to=mean: 1,024 OptuNets on both cores; how much of them their
# mean explains and how far pairwise matchings lead home; peak memory over
# 40,960 models (40 parts of a pack), from a file and through a pipe.
. "$srcdir/tests/bench/bench.sh"

tgz=$fixtures/mnist-optunet-0-1023.tgz
ckpt-cat "$tgz" > "$scratch/one.ckpk" || exit 2
for scale in none pow2 unit; do
	t=$(wall "ckpt-align -q -j2 --to=mean --scale=$scale \
		$scratch/one.ckpk > $scratch/out.ckpk") || exit 2
	row "--to=mean --scale=$scale, 1,024 OptuNets, -j2" "$t s" "" \
		"<= 3 s"
done

# explain NAME OPTION...: what the summary says
explain() {
	name=$1
	shift
	ckpt-align --to=mean --cycles="$scratch/cycles.tsv" "$@" \
		-o "$scratch/out.ckpk" 2> "$scratch/said" || exit 2
	said=$(grep ' passes: ' "$scratch/said")
	row "$name: the mean's part of the squares" \
		"$(echo "$said" | sed 's/.*mean has \([^ ]* %\).*/\1/')" \
		"objective $(echo "$said" | sed \
		's/.*objective \(.*\) before, \(.*\) after.*/\1 to \2/')" ""
	row "$name: units home, A>B>C>A pairwise" \
		"$(echo "$said" | sed 's/.*home \([^ ]* %\).*/\1/')" \
		"by chance $(echo "$said" | sed \
		's/.* \([^ ]* %\) by chance.*/\1/')" "$target"
}
target=""
explain "OptuNets" "$scratch/one.ckpk"
target="8 to 20 % (the paper, large nets)"
for dir in "$fixtures"/resnet20*; do
	[ -d "$dir" ] || continue
	explain "$(basename "$dir")" "$dir"
done

i=0
while [ "$i" -lt 40 ]; do
	cat "$scratch/one.ckpk"
	i=$((i + 1))
done > "$scratch/all.ckpk"
RSS_LOG=$scratch/rss
export RSS_LOG
# peak WHAT COMMAND: peak memory of ckpt-align
peak() {
	: > "$RSS_LOG"
	sh -c "$2" || exit 2
	row "--to=mean, 40,960 OptuNets, $1, peak memory" \
		"$(cut -f 2 "$RSS_LOG") MiB" "" "<= 64 MiB"
}
align="$measure --rss ckpt-align -q --to=mean --passes=2"
peak "file" "$align $scratch/all.ckpk > $scratch/out.ckpk"
peak "pipe" "cat $scratch/all.ckpk | $align - > $scratch/out.ckpk"
