#!/bin/sh
# One tensor of 4 MiB that refers to nothing, out of an archive of 2 GB: its
# time, and the reads of the archive, counted by strace.
. "$srcdir/tests/bench/bench.sh"
cd "$scratch" || exit 2

/usr/bin/python3 - <<'END' || exit 2
import json
import random
import struct
r = random.Random(1)
for m in range(8):
    header, n = {}, 1 << 22
    for i in range(64):
        header['layer%d.weight' % i] = {
            'dtype': 'F32', 'shape': [1024, 1024],
            'data_offsets': [i * n, (i + 1) * n]}
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open('m%d.safetensors' % m, 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text)
        for i in range(64):
            f.write(r.randbytes(n))
END
ckpt-cat --archive -o big.ckpk m?.safetensors || exit 2
one="m5.safetensors layer37.weight"
timer=$builddir/tests/bench/one_time
# shellcheck disable=SC2086
time=$("$timer" big.ckpk $one) || exit 2
reads="strace is missing"
if command -v strace > /dev/null; then
	# shellcheck disable=SC2086
	strace -qq -P big.ckpk -e trace=read,pread64,readv,preadv,mmap \
		-o log "$timer" big.ckpk $one > /dev/null 2> strace.err ||
		exit 2
	reads="$(($(grep -c -E 'read|mmap' log) / 9)) reads"
fi
tool=$(wall --runs=9 "ckpt-cat --to=npy --select=m5.safetensors \
	--tensor=layer37.weight big.ckpk > one.npy")
peer=$(wall --runs=9 "dd if=m5.safetensors bs=4M skip=37 count=1 \
	of=/dev/null 2> dd.err")
row "one tensor of 4 MiB out of 2 GB" "$time ms, $reads" \
	"dd of as much $(calc "1000 * $peer") ms" "<= 20 ms, 3 reads"
row "the same by ckpt-cat --to=npy, SHA-256 included" \
	"$(calc "1000 * $tool") ms" "" ""
