#!/bin/sh
# ckpt-store: eight writers, two collectors and a remover at once; and a writer
# that is stopped in the middle of an add, while what it refers to is removed
# and collected.
. "$srcdir/tests/cli/cli.sh"
cd "$scratch" || exit 99
ckpt-cat "$fixtures/mnist-optunet-0-1023.tgz" --head=40 > all.ckpk
ckpt-store init s || exit 99

# writer I: the models again and again under labels of its own
writer() {
	for round in 1 2 3; do
		ckpt-cat --set=writer="$1" --set=round=$round all.ckpk |
			ckpt-store -j1 add s > /dev/null 2>> errors &&
			echo "$1 $round" >> "acknowledged.$1"
		ckpt-store get s --meta=writer="$1" 2>> errors |
			ckpt-sum > "ids.$1" 2>> errors
		[ "$(wc -l < "ids.$1")" = $((40 * round)) ] ||
			echo "writer $1 round $round: lost models" >> errors
	done
}
collector() {
	while [ ! -e done ]; do
		ckpt-store -j1 gc s > /dev/null 2>> errors ||
			echo "gc failed" >> errors
		ckpt-cat --set=passing="$1" all.ckpk |
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
[ "$(cat acknowledged.* | wc -l)" = 24 ] || fail "24 adds expected"
expect 0 ckpt-store fsck s
[ ! -s "$scratch/out" ] || { fail "fsck:"; cat "$scratch/out"; }
expect 0 ckpt-store gc s
[ "$(ckpt-store ls s | wc -l)" = 961 ] || fail "960 records expected"
ckpt-sum all.ckpk | cut -c 1-64 | sort > wanted
ckpt-store get s | ckpt-sum | cut -c 1-64 | sort -u > found
sort -u wanted | cmp - found || fail "weights are lost"
[ -z "$(ls s/tmp)" ] || fail "temporaries are left"

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
