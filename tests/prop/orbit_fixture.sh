#!/bin/sh
# 1,000 members of the orbit of each of 32 OptuNets, and fewer of the larger
# networks: see orbit_fixture.c.
set -eu
: "${srcdir:=.}"
fix=$srcdir/fixtures
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=${MEMBERS:-1000}

tar -xzf "$fix/mnist-optunet-0-1023.tgz" -C "$tmp"
set --
i=0
while [ $i -lt 1024 ]; do
	set -- "$@" "$tmp/mnist-optunet-0-1023/version_$i.safetensors"
	i=$((i + 32))
done
tests/prop/orbit_fixture optunet "$n" "$@"
for arch in lenet5-relu lenet5-tanh; do
	tests/prop/orbit_fixture $arch $((n / 100)) "$fix/$arch"/*.safetensors
done
tests/prop/orbit_fixture mlp-784-512 4 "$fix"/mlp/*.safetensors
