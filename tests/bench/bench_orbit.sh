#!/bin/sh
# The exact canonical form and the orbit ID of a ResNet-18 (44 MB of f32, ten
# classes) on one thread, beside SHA-256 alone; its peak memory; and the
# properties of every architecture at full width (16 networks of up to 138
# million parameters in double: minutes, and 16 GiB for VGG-16).
. "$srcdir/tests/bench/bench.sh"

cp "$srcdir/arch/resnet18-cifar.arch" "$scratch" || exit 2
"$builddir/tests/prop/arch_model" "$scratch/resnet18-cifar.arch" 1 1 \
	"$scratch/m" || exit 2
model=$(find "$scratch/m" -type f | head -n 1)

row "ckpt-sum -t orbit, ResNet-18, -j1" \
	"$(wall --runs=5 "ckpt-sum -q -j1 -t orbit $model > /dev/null") s" \
	"openssl sha256 $(wall --runs=5 "openssl sha256 $model >/dev/null")" \
	"<= 0.35 s"
row "ckpt-align --canonical=exact, ResNet-18, to a pack, -j1" \
	"$(wall --runs=5 "ckpt-align -q -j1 --canonical=exact $model \
		> $scratch/out.ckpk") s" "" ""
RSS_LOG=$scratch/rss
export RSS_LOG
$measure --rss ckpt-sum -q -j1 -t orbit "$model" > /dev/null || exit 2
size=$(wc -c < "$model")
row "its peak memory, times the model" \
	"$(calc "$(cut -f 2 "$RSS_LOG") * 1048576 / $size")" "" "<= 3"
for arch in lenet5-relu lenet5-tanh mlp-784-512 optunet resnet20-fashion \
    resnet20-frn-silu-fashion resnet20 resnet20-frn-silu resnet18-cifar \
    resnet18 resnet50 vgg16-cifar vgg16-bn-cifar wrn28-10 ${BENCH_ALL:+vgg16 \
    vgg16-bn}; do
	row "all properties at full width, $arch" \
		"$(wall --runs=1 "$builddir/tests/prop/architectures 1 $arch \
			> /dev/null") s" "" ""
done
