#!/bin/sh
# ckpt-sum of a 1 GB safetensors file of 8 equal tensors against the SHA-256
# of openssl speed on one core, for one thread and for two.
. "$srcdir/tests/bench/bench.sh"

file=$scratch/1g.safetensors
python3 - "$file" <<'END'
import json, random, struct, sys
n = 134217728
header = {f"layer{i}.weight": {"dtype": "F32", "shape": [n // 4096, 1024],
          "data_offsets": [i * n, (i + 1) * n]} for i in range(8)}
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
block = random.Random(1).randbytes(1 << 20)
with open(sys.argv[1], "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text)
    for _ in range(n * 8 >> 20):
        f.write(block)
END
ckpt-sum "$file" > /dev/null || exit 2   # into the page cache

openssl speed -evp sha256 -bytes 16384 -seconds 3 > "$scratch/speed" 2>&1
peer=$(awk '/^(sha256|SHA256)/ { sub(/k$/, "", $NF); print $NF / 1e6 }' \
	"$scratch/speed")
for j in 1 2; do
	# CPU time tells what a core does also where others use the machine
	set -- $($measure --runs=5 "ckpt-sum -j$j $file > /dev/null")
	speed=$(calc "1.073741824 / $1")
	row "ckpt-sum, 1 GB of 8 tensors, -j$j" \
		"$speed GB/s ($(calc "1.073741824 / $2") a CPU s)" \
		"openssl $peer GB/s a core" \
		"$(calc "$speed / $peer / $j") of openssl (>= 0.8)"
done
