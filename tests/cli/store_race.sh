#!/bin/sh
# ckpt-store: eight writers, two collectors that add and remove, at once; and
# writers that are stopped in the middle of an add, while what they refer to is
# removed and collected. CKPT_LONG=1: the first for a whole minute.
. "$srcdir/tests/cli/cli.sh"
cd "$scratch" || exit 99
ckpt-cat "$fixtures/mnist-optunet-0-1023.tgz" --head=40 > all.ckpk
ckpt-store init s || exit 99

# state FILE K: of it, one byte is K, so that it is stored as differences
state() {
	cp "$fixtures/lenet5-relu/0.safetensors" "$1"
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\$(printf %o "$2")" | dd of="$1" bs=1 conv=notrunc \
		seek=$(($(wc -c < "$1") - 2000)) 2> /dev/null
}
began=$(date +%s)
# again ROUND: whether to go on
again() {
	if [ -n "${CKPT_LONG-}" ]; then
		[ $(($(date +%s) - began)) -lt 60 ]
	else
		[ "$1" -le 3 ]
	fi
}
# writer I: the models again and again under labels of its own, and each time
# another state of a larger one
writer() {
	round=1
	mkdir "w$1"
	while again $round; do
		state "w$1/$1.$round.safetensors" $((1 + round * 8 % 240 + $1))
		{ ckpt-cat --set=writer="$1" --set=round=$round all.ckpk
		ckpt-cat --set=writer="$1" \
			"w$1/$1.$round.safetensors"; } |
			ckpt-store -j1 add s > /dev/null 2>> errors &&
			echo "$1 $round" >> "acknowledged.$1"
		ckpt-store get s --meta=writer="$1" 2>> errors |
			ckpt-sum > "ids.$1" 2>> errors
		[ "$(wc -l < "ids.$1")" = $((41 * round)) ] ||
			echo "writer $1 round $round: lost models" >> errors
		round=$((round + 1))
	done
}
# collector I: each time a state that writers may refer to, gone the next time
collector() {
	mkdir "c$1"
	k=0
	while [ ! -e done ]; do
		ckpt-store -j1 gc s > /dev/null 2>> errors ||
			echo "gc failed" >> errors
		k=$((k + 1))
		state "c$1/p.safetensors" $((k % 250))
		{ ckpt-cat --set=passing="$1" all.ckpk
		ckpt-cat --set=passing="$1" "c$1/p.safetensors"; } |
			ckpt-store -j1 add s > /dev/null 2>> errors
		ckpt-store rm s --meta=passing="$1" > /dev/null 2>> errors
		sleep 0.1
	done
}
: > errors
for i in 1 2; do
	collector $i &
	collectors="${collectors-} $!"
done
for i in 1 2 3 4 5 6 7 8; do
	writer $i &
	writers="${writers-} $!"
done
# shellcheck disable=SC2086 # words
wait $writers
: > done
# shellcheck disable=SC2086
wait $collectors
[ ! -s errors ] || { fail "errors:"; sort errors | uniq -c | head -n 20; }
n=$(cat acknowledged.* | wc -l)
echo "$n adds"
[ -n "${CKPT_LONG-}" ] || [ "$n" = 24 ] || fail "24 adds expected"
[ "$(cat w*/*.safetensors | wc -c)" = $((n * $(wc -c < \
	"$fixtures/lenet5-relu/0.safetensors"))) ] || fail "not all $n adds"
expect 0 ckpt-store fsck s
[ ! -s "$scratch/out" ] || { fail "fsck:"; cat "$scratch/out"; }
expect 0 ckpt-store gc s
expect 0 ckpt-store fsck s
[ ! -s "$scratch/out" ] || { fail "fsck after gc:"; cat "$scratch/out"; }
[ "$(ckpt-store ls s | wc -l)" = $((41 * n + 1)) ] ||
	fail "$((41 * n)) records expected"
ckpt-sum all.ckpk w*/*.safetensors | cut -c 1-64 | sort > wanted
ckpt-store get s | ckpt-sum | cut -c 1-64 | sort -u > found
sort -u wanted | cmp - found || fail "weights are lost"
[ -z "$(ls s/tmp)" ] || fail "temporaries are left"
[ "$(ckpt-store stat s | tail -n 1 | cut -f 8)" -gt 1000000 ] ||
	fail "nothing was referred to"

# stopped in mid-add: it has pinned the weights of `one`, which are removed
# and collected before it goes on
rm -rf s
cp "$fixtures/lenet5-relu/0.safetensors" one.safetensors
cp one.safetensors two.safetensors
ckpt-store init s && ckpt-store add s one.safetensors > out || exit 99
mkfifo pipe
ckpt-store -j1 add s < pipe > added 2> err &
pid=$!
exec 9> pipe
ckpt-cat two.safetensors > two.ckpk
ckpt-cat "$fixtures/lenet5-tanh/0.safetensors" > other.ckpk
cat two.ckpk >&9
until ls s/tmp/*.pins > /dev/null 2>&1; do
	kill -0 $pid 2> /dev/null || { fail "the writer ended"; break; }
	sleep 0.05
done
kill -STOP $pid
expect 0 ckpt-store rm s one.safetensors
expect 0 ckpt-store gc s
expect 0 ckpt-store gc s
[ "$(ls s/tmp | wc -l)" = 2 ] || fail "gc took a living temporary"
kill -CONT $pid
cat other.ckpk >&9
exec 9>&-
wait $pid || { fail "the writer failed"; cat err; }
ckpt-store get s | ckpt-sum | cut -c 1-64 > found
ckpt-sum two.ckpk other.ckpk | cut -c 1-64 | cmp - found ||
	fail "what was stopped is lost"
expect 0 ckpt-store fsck s
expect 0 ckpt-store gc s
ckpt-store get s | ckpt-sum | cut -c 1-64 | cmp - found ||
	fail "what was stopped is lost later"

# the same with differences: it has pinned the pack of `one`, whose record is
# removed and collected before it goes on
rm -rf s
state near.safetensors 3
ckpt-cat near.safetensors > near.ckpk
ckpt-store init s && ckpt-store add s one.safetensors > out || exit 99
ckpt-store -j1 add s < pipe > added 2> err &
pid=$!
exec 9> pipe
cat near.ckpk >&9
until ls s/tmp/*.pins > /dev/null 2>&1; do
	kill -0 $pid 2> /dev/null || { fail "the writer ended"; break; }
	sleep 0.05
done
kill -STOP $pid
pack=$(ls s/packs)
expect 0 ckpt-store rm s one.safetensors
expect 0 ckpt-store gc s
expect 0 ckpt-store gc s
[ "$(ls s/packs)" = "$pack" ] || fail "gc took a pack that is pinned"
kill -CONT $pid
cat other.ckpk >&9
exec 9>&-
wait $pid || { fail "the writer failed"; cat err; }
[ "$(tail -n 1 added | cut -f 5)" -lt "$(cat near.ckpk other.ckpk |
	wc -c)" ] || fail "nothing was referred to"
ckpt-sum near.ckpk other.ckpk | cut -c 1-64 > wanted
for i in 1 2 3; do
	ckpt-store get s | ckpt-sum | cut -c 1-64 | cmp - wanted ||
		fail "what was stopped is lost"
	expect 0 ckpt-store fsck s
	[ ! -s out ] || fail "fsck: $(cat out)"
	expect 0 ckpt-store gc s
done
[ "$(ls s/packs | wc -l)" = 1 ] || fail "the base stays for ever"

# one that is killed leaves a temporary, which goes
ckpt-store -j1 add s < pipe > added 2> err &
pid=$!
exec 9> pipe
cat other.ckpk >&9
until [ -n "$(ls s/tmp)" ]; do
	kill -0 $pid 2> /dev/null || break
	sleep 0.05
done
kill -KILL $pid
exec 9>&-
wait $pid
[ -n "$(ls s/tmp)" ] || fail "no temporary"
expect 0 ckpt-store gc s
[ -z "$(ls s/tmp)" ] || fail "a temporary of a killed writer stays"
done_testing
