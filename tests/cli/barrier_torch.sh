#!/bin/sh
# ckpt-align --barrier --repair against PyTorch: running statistics reset and
# taken again in train mode from one batch of all images, layer by layer.
. "$srcdir/tests/cli/cli.sh"
tool="$srcdir/tests/cli/barrier_torch.py"
for python in python3 /usr/bin/python3; do
	"$python" -c "import torch" 2> /dev/null && break
done || {
	echo "PyTorch is missing"
	exit 77
}
images=$fixtures/fashion/t2k-images-idx3-ubyte.gz
labels=$fixtures/fashion/t2k-labels-idx1-ubyte.gz
mnist=$fixtures/mnist/t10k-images-idx3-ubyte.gz
"$python" "$tool" make "$scratch" || exit 99

# check REPAIR OPTION
check() {
	expect 0 ckpt-align -q --barrier="$scratch/b.safetensors" \
		--arch="$scratch/net.arch" --data="$images,$labels" \
		--limit=400 --points=5 "$2" "$scratch/a.safetensors"
	cp "$scratch/out" "$scratch/table"
	"$python" "$tool" check "$scratch" "$images" "$labels" "$1" 400 \
		"$scratch/table" || fail "$2: PyTorch says otherwise"
}
check "$images" --repair
check "$mnist" --repair="$mnist"
expect 0 ckpt-align -q -j 1 --barrier="$scratch/b.safetensors" \
	--arch="$scratch/net.arch" --data="$images,$labels" --limit=400 \
	--points=5 --repair="$mnist" "$scratch/a.safetensors"
cmp "$scratch/out" "$scratch/table" || fail "threads matter"
done_testing
