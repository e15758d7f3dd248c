#!/bin/sh
# ckpt-align: forms that round, of networks with batch normalisation: filters
# have unit norm, the function stays, nothing undoes them.
. "$srcdir/tests/cli/cli.sh"
fixtures=$(cd "$fixtures" && pwd)
cp "$fixtures/resnet20/0.safetensors" "$scratch" || exit 99
cd "$scratch" || exit 99
model=0.safetensors

# norms FILE: least and largest norm of the first filters, and the least
# variance behind them
norms() {
	python3 - "$1" <<-'END'
	import json, struct, sys
	b = open(sys.argv[1], "rb").read()
	n, = struct.unpack("<Q", b[:8])
	head = json.loads(b[8:8 + n])
	def tensor(name):
	    first, last = head[name]["data_offsets"]
	    return struct.unpack(f"<{(last - first) // 4}f",
	                         b[8 + n + first:8 + n + last])
	w = tensor("layer1.0.conv1.weight")
	rows = [sum(x * x for x in w[i:i + 144]) ** .5
	        for i in range(0, len(w), 144)]
	print(f"{min(rows):.5f} {max(rows):.5f}",
	      min(tensor("layer1.0.bn1.running_var")) > 0)
	END
}

# change REPORT COLUMN: a number of its only model
change() {
	sed -n 2p "$1" | cut -f "$2"
}

for form in --canonical=paper --scale=unit --scale=min-mass; do
	expect 0 ckpt-align -q $form --report="$scratch/report" \
		-o "$scratch/x.ckpk" "$model"
	ckpt-cat -q --to=safetensors -C "$scratch/x" "$scratch/x.ckpk"
	file=$(find "$scratch/x" -type f)
	[ "$(norms "$file")" = "1.00000 1.00000 True" ] ||
		fail "$form: norms of filters: $(norms "$file")"
	awk "BEGIN { exit !($(change "$scratch/report" 6) <= 1e-4 * \
	    $(change "$scratch/report" 8)) }" ||
		fail "$form: the logits change by $(change "$scratch/report" 6)"
	rm -r "$scratch/x"
	expect 2 ckpt-align --restore "$scratch/x.ckpk"
done

# the softmax's translation: predictions stay, columns sum to nothing
expect 0 ckpt-align -q --softmax=center -o "$scratch/s.ckpk" "$model"
data=$fixtures/fashion/t2k-images-idx3-ubyte.gz
labels=$fixtures/fashion/t2k-labels-idx1-ubyte.gz
for f in "$model" "$scratch/s.ckpk"; do
	ckpt-eval -q --limit=200 --data="$data,$labels" "$f" |
		cut -f 2-4 > "$scratch/scores.$(basename "$f")"
done
cmp -s "$scratch/scores.0.safetensors" "$scratch/scores.s.ckpk" || {
	paste "$scratch/scores.0.safetensors" "$scratch/scores.s.ckpk" |
	awk 'NR > 1 { for (i = 1; i <= 3; i++)
		if (($i - $(i + 3)) ^ 2 > 1e-10) exit 1 }' ||
	fail "--softmax=center changes the scores"
}
expect 0 ckpt-align -q --softmax=center --check=f64 \
	--report="$scratch/report" -o "$scratch/s2.ckpk" "$model"
ckpt-cat -q --tensor='linear.*' --to=npy -o "$scratch/l.npy" "$scratch/s.ckpk"
python3 - "$scratch/l.npy" <<-'END' || fail "the last layer is not centred"
	import array, struct, sys
	b = open(sys.argv[1], "rb").read()
	n, = struct.unpack("<H", b[8:10])
	x = array.array("f", b[10 + n:])
	assert len(x) == 650
	for k in range(64):
	    assert abs(sum(x[10 + k::64])) < 1e-5, k
	assert abs(sum(x[:10])) < 1e-5
END
expect 2 ckpt-align --softmax=center --canonical=exact "$model"
says "rounds"
expect 2 ckpt-align --softmax=left "$model"
done_testing
