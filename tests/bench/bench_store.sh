#!/bin/sh
# The store: size and time of add and get, for the checkpoints of one training
# and the same among copies and other heads, beside restic, borg and casync (in
# their default settings) on the same files. Everybody starts with an empty
# store and ends with all on the disk: each command is followed by a sync of the
# file system. CKPT_TRAJECTORY names a directory that trajectory.py has written
# before; it trains for a minute.
. "$srcdir/tests/bench/bench.sh"
/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	row "store" "python3-numpy is missing" "" ""
	exit 0
}
data=${CKPT_TRAJECTORY:-$scratch/trajectory}
[ -d "$data" ] || /usr/bin/python3 "$srcdir/tests/bench/trajectory.py" \
	"$data" || exit 2
cd "$scratch" || exit 2
export RESTIC_PASSWORD=x BORG_BASE_DIR="$scratch/borg" \
	BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes

# What PEER does: a store named repo made, the directory `in` added, the whole
# taken out to `out`.
make_ckpt() { ckpt-store init repo; }
add_ckpt() { ckpt-store add repo in/*; }
get_ckpt() { ckpt-store get -C out repo; }
make_restic() { restic -q --no-cache init -r repo; }
add_restic() { restic -q --no-cache -r repo backup in; }
get_restic() { restic -q --no-cache -r repo restore latest --target out; }
make_borg() { borg init -e none repo; }
add_borg() { borg create repo::a in; }
get_borg() { mkdir out && cd out && borg extract ../repo::a; }
make_casync() { mkdir repo; }
add_casync() { casync make --store=repo/all.castr repo/all.caidx in; }
get_casync() {
	mkdir out && casync extract --store=repo/all.castr repo/all.caidx out
}

# now: the time, and the CPU time of all that was run, in seconds
now() {
	times > times.now
	awk -v wall="$(date +%s.%N)" 'NR == 2 { gsub("s", "")
		split($1, u, "m"); split($2, s, "m")
		print wall, 60 * (u[1] + s[1]) + u[2] + s[2] }' times.now
}
# once PEER: bytes; the time and the CPU time before, after add, after get
once() {
	rm -rf repo out borg
	"make_$1" > log 2>&1 || return 1
	sync -f .
	now > now.began
	"add_$1" > log 2>&1 && sync -f . || return 1
	now > now.added
	("get_$1") > log 2>&1 && sync -f . || return 1
	now > now.got
	[ "$(find out -name '*.safetensors' | wc -l)" = "$(find in -type f |
		wc -l)" ] || return 1
	echo "$(du -sb repo | cut -f 1)" "$(cat now.began now.added now.got |
		tr '\n' ' ')"
}
# measured PEER: bytes; medians of five of add's and get's times and CPU times
measured() {
	for i in 1 2 3 4 5; do
		once "$1" || { echo "$1 failed" >&2; cat log >&2; return 1; }
	done | awk '{ size = $1; a[NR] = $4 - $2; g[NR] = $6 - $4
		ca[NR] = $5 - $3; cg[NR] = $7 - $5 }
	function median(x, i, k, t) {
		for (i = 1; i <= NR; i++) for (k = i + 1; k <= NR; k++)
			if (x[k] < x[i]) { t = x[i]; x[i] = x[k]; x[k] = t }
		return x[int((NR + 1) / 2)]
	}
	END { if (NR != 5) exit 1
		printf "%d %.3f %.2f %.3f %.2f\n", size, median(a),
		median(ca), median(g), median(cg) }'
}

# collection WORK TARGET FILE...
collection() {
	work=$1 target=$2
	shift 2
	rm -rf in && mkdir in && cp "$@" in
	raw=$(cat in/* | wc -c)
	# shellcheck disable=SC2046
	set -- $(measured ckpt)
	[ $# = 5 ] || exit 2
	size=$1 add=$2 add_cpu=$3 get=$4 get_cpu=$5
	sizes='' adds='' gets='' least_add='' least_get=''
	for peer in restic borg casync; do
		command -v $peer > /dev/null || {
			sizes="$sizes $peer is missing"
			continue
		}
		# shellcheck disable=SC2046
		set -- $(measured $peer)
		[ $# = 5 ] || exit 2
		sizes="$sizes $peer $(calc "100 * $1 / $raw")"
		adds="$adds $peer $2 ($3)" gets="$gets $peer $4 ($5)"
		[ $peer != casync ] || continue
		least_add="$least_add $2" least_get="$least_get $4"
	done
	percent=$(calc "100 * $size / $raw")
	row "store: $work, % of raw" "$percent" "${sizes# }" \
		"$percent (<= $target)"
	row "store: $work, add, s (CPU)" "$add ($add_cpu)" "${adds# }" \
		"$(faster "$add" "$least_add")"
	row "store: $work, get, s (CPU)" "$get ($get_cpu)" "${gets# }" \
		"$(faster "$get" "$least_get")"
	# one by one, as a training leaves them
	rm -rf repo && ckpt-store init repo
	for f in in/*; do
		ckpt-store add repo "$f" > log || exit 2
	done
	percent=$(calc "100 * $(du -sb repo | cut -f 1) / $raw")
	row "store: $work, added one by one, % of raw" "$percent" "" \
		"$percent (<= $target)"
}
# faster OURS THEIRS...: how many times faster than the fastest
faster() {
	echo "$2" | awk -v own="$1" '{
		for (i = 1; i <= NF; i++) if (best == 0 || $i < best) best = $i
		if (NF > 0) printf "%.1f (>= 3 times faster)", best / own }'
}

collection "8 checkpoints of a training" 72 "$data"/step-*.safetensors
collection "13 files, 5 copies or heads" 45 "$data"/mixed/*.safetensors
