#!/bin/sh
# Peak memory of the tools on a stream of 1,024 models, and of ckpt-cat and
# ckpt-sum on one model of 2 GB through a pipe.
. "$srcdir/tests/bench/bench.sh"

tgz=$fixtures/mnist-optunet-0-1023.tgz
RSS_LOG=$scratch/rss
export RSS_LOG
rss="$measure --rss"

$rss ckpt-cat "$tgz" | $rss ckpt-align --canonical=exact |
	$rss ckpt-sum > /dev/null || exit 2
while IFS='	' read -r tool mib; do
	row "$tool, stream of 1,024 models, peak memory" "$mib MiB" "" \
		"<= 64 MiB"
done < "$RSS_LOG"

: > "$RSS_LOG"
python3 - <<'END' | $rss ckpt-cat - | $rss ckpt-cat --codec=none - |
import json, random, struct, sys
n = 268435456
header = {f"layer{i}.weight": {"dtype": "F32", "shape": [n // 4096, 1024],
          "data_offsets": [i * n, (i + 1) * n]} for i in range(8)}
text = json.dumps(header, separators=(",", ":")).encode()
text += b" " * (-len(text) % 8)
out = sys.stdout.buffer
out.write(struct.pack("<Q", len(text)) + text)
block = random.Random(1).randbytes(1 << 20)
for _ in range(n * 8 >> 20):
    out.write(block)
END
	$rss ckpt-sum > /dev/null || exit 2
while IFS='	' read -r tool mib; do
	row "$tool, one model of 2 GB through a pipe" "$mib MiB" "" \
		"<= 32 MiB and the program"
done < "$RSS_LOG"
