#!/bin/sh
# ckpt-cat of the archive of 1,024 models to a pack, 50 times, against tar
# unpacking it to memory.
. "$srcdir/tests/bench/bench.sh"

tgz=$fixtures/mnist-optunet-0-1023.tgz
tmpfs=$(mktemp -d /dev/shm/ckpt-bench.XXXXXX) || exit 2
trap 'rm -rf "$scratch" "$tmpfs"' EXIT
fifty='for i in 1 2 3 4 5 6 7 8 9 10; do for k in 1 2 3 4 5; do'

peer=$(wall "$fifty tar -xzf $tgz -C $tmpfs; done; done")
ours=$(wall "$fifty ckpt-cat $tgz > $tmpfs/x.ckpk; done; done")
one=$(wall "$fifty ckpt-cat -j1 $tgz > $tmpfs/x.ckpk; done; done")
row "ckpt-cat, .tgz of 1,024 models, 50 times" "$ours s (-j1 $one s)" \
	"tar -xzf to tmpfs $peer s" "$(calc "$ours / $peer") of tar (<= 2)"
