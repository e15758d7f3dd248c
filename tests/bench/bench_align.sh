#!/bin/sh
# ckpt-align on one thread: 40,960 OptuNets (40 parts of a pack) to canonical
# form, from pack to pack, and back; matched to a reference.
. "$srcdir/tests/bench/bench.sh"

ckpt-cat "$fixtures/mnist-optunet-0-1023.tgz" > "$scratch/one.ckpk" || exit 2
i=0
while [ "$i" -lt 40 ]; do
	cat "$scratch/one.ckpk"
	i=$((i + 1))
done > "$scratch/all.ckpk"

# speed OPTION...: models a second
speed() {
	t=$(wall "ckpt-align -q -j1 $* > $scratch/out.ckpk") || exit 2
	calc "40960 / $t"
}
ckpt-align -q --canonical=exact "$scratch/all.ckpk" > "$scratch/can.ckpk" ||
	exit 2
row "ckpt-align --canonical=exact, OptuNet, -j1" \
	"$(speed --canonical=exact "$scratch/all.ckpk") models/s" "" \
	">= 5,000 models/s"
row "ckpt-align --restore, OptuNet, -j1" \
	"$(speed --restore "$scratch/can.ckpk") models/s" "" ""
row "ckpt-align --canonical=paper, OptuNet, -j1" \
	"$(speed --canonical=paper "$scratch/all.ckpk") models/s" "" ""
to="--to=$scratch/one.ckpk --scale=pow2"
row "ckpt-align --to=REF --scale=pow2, OptuNet, -j1" \
	"$(speed "$to" "$scratch/all.ckpk") models/s" "" ""

# matching a wide network
t=$(wall --runs=3 "ckpt-align -q -j1 --arch=mlp-784-512 \
	--to=$fixtures/mlp/0.safetensors $fixtures/mlp/1.safetensors \
	> $scratch/out.ckpk") || exit 2
row "ckpt-align --to=REF, MLP 784-512-512-512-10, -j1" "$t s a model" "" ""
