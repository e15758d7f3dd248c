#!/bin/sh
# The orbit IDs of the library are those of the second implementation,
# tests/spec/orbit.py, which follows format-spec/ckpt-orbits.md and shares no
# line with it: on every family of fixtures, on other members of their
# orbits, and on random small networks full of ties.
set -eu
: "${srcdir:=.}"
command -v python3 >/dev/null || exit 77
fix=$srcdir/fixtures
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

orbit() {
	python3 -B "$srcdir/tests/spec/orbit.py" "$@"
}

# A table of symmetries; orbit_arch.sh has the others.
orbit --table "$srcdir/arch/optunet.arch" >"$tmp/table"
grep -qx 'axis 1 0 1 2 in 2 conv2.weight' "$tmp/table"

# Random networks: 400 of them, two members of each orbit.
tests/prop/orbit_cases "$tmp" "${SEED:-1}" 400 >"$tmp/cases"
orbit --beside "$tmp"/*.safetensors >"$tmp/other"
sort "$tmp/cases" >"$tmp/a"
sort "$tmp/other" >"$tmp/b"
diff "$tmp/a" "$tmp/b"

# Real networks. The perceptron takes ten seconds, so there is one.
same() {
	arch=$1
	shift
	ckpt-sum -t orbit --arch="$arch" "$@" >"$tmp/a"
	orbit "$srcdir/arch/$arch.arch" "$@" >"$tmp/b"
	diff "$tmp/a" "$tmp/b"
}
tar -xzf "$fix/mnist-optunet-0-1023.tgz" -C "$tmp"
set --
i=0
while [ $i -lt 1024 ]; do
	set -- "$@" "$tmp/mnist-optunet-0-1023/version_$i.safetensors"
	i=$((i + 32))
done
same optunet "$@"
same lenet5-relu "$fix"/lenet5-relu/[01].safetensors
same lenet5-tanh "$fix"/lenet5-tanh/[01].safetensors
same mlp-784-512 "$fix"/mlp/0.safetensors

# All OptuNets are different networks.
ckpt-sum -t orbit --arch=optunet "$fix/mnist-optunet-0-1023.tgz" |
    cut -c 1-64 | sort -u >"$tmp/ids"
[ "$(wc -l <"$tmp/ids")" -eq 1024 ]
