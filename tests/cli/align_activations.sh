#!/bin/sh
# ckpt-align --method=activations: the assignments of an independent program;
# undone bit for bit; what makes no sense is refused.
. "$srcdir/tests/cli/cli.sh"
data=$fixtures/mnist/t10k-images-idx3-ubyte.gz
to=--to=$fixtures/lenet5-tanh/0.safetensors
model=$fixtures/lenet5-tanh/1.safetensors

expect 2 ckpt-align $to --method=guess "$model"
expect 2 ckpt-align $to --method=activations "$model"
expect 2 ckpt-align $to --method=activations --data="$data" --scale=pow2 \
	"$model"
expect 2 ckpt-align $to --method=activations --data="$data" --restarts=1 \
	"$model"
expect 2 ckpt-align --canonical=exact --method=weights "$model"
expect 2 ckpt-align --arch=lenet5-tanh $to --method=activations \
	--data="$fixtures/mnist/t10k-labels-idx1-ubyte.gz" "$model"

# a tanh network: units and their signs; the table tells the method
expect 0 ckpt-align --arch=lenet5-tanh $to --method=activations \
	--data="$data" --report="$scratch/report" -o "$scratch/a.ckpk" "$model"
[ "$(sed -n 2p "$scratch/report" | cut -f 2)" = activations ] ||
	fail "report: $(cat "$scratch/report")"
ckpt-cat -l "$model" | cut -f 1 > "$scratch/before"
ckpt-align --restore "$scratch/a.ckpk" | ckpt-cat -l | cut -f 1 |
	cmp -s - "$scratch/before" || fail "restore"
expect 0 ckpt-align -j1 --arch=lenet5-tanh $to --method=activations \
	--data="$data" -o "$scratch/b.ckpk" "$model"
cmp -s "$scratch/a.ckpk" "$scratch/b.ckpk" || fail "threads"

python3=python3
/usr/bin/python3 -c 'import scipy' 2>/dev/null && python3=/usr/bin/python3
"$python3" "$srcdir/tests/cli/align_activations.py" "$scratch"
status=$?
[ "$status" -eq 0 ] || [ "$status" -eq 77 ] || fail "the comparison"
[ "$status" -ne 77 ] || [ "$failures" -ne 0 ] || {
	echo "SciPy is missing: nothing to compare with"
	exit 77
}
done_testing
