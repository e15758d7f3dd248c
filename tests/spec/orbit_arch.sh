#!/bin/sh
# The architectures that are shipped, an eighth as wide, with random weights
# (ties, dead and equal units, NaN): tables and orbit IDs of the library, as
# ckpt-sum prints them, are those of tests/spec/orbit.py. And the residual
# network of format-spec/ckpt-arch.md is read, with the tensors that it lists.
set -eu
: "${srcdir:=.}"
command -v python3 >/dev/null || exit 77
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

orbit() {
	python3 -B "$srcdir/tests/spec/orbit.py" "$@"
}

# Tables at full width.
for arch in "$srcdir"/arch/*.arch; do
	orbit --table "$arch" >"$tmp/a"
	ckpt-align --table --arch="$arch" >"$tmp/b"
	diff "$tmp/a" "$tmp/b"
done

# Fixtures stand for the small ones (orbit.sh).
sh "$srcdir/tests/prop/narrow.sh" "$tmp" >"$tmp/names"
set -- $(grep -v -e optunet -e lenet5 -e mlp "$tmp/names")
[ $# -ge 12 ]
tests/prop/orbit_cases "$tmp" "${SEED:-1}" "$@" >"$tmp/cases"
for name; do
	# of the large ones one model: seconds each
	second=$tmp/$name-member.safetensors
	case $name in
	resnet50 | vgg16* | wrn*) second= ;;
	esac
	orbit "$tmp/$name.arch" "$tmp/$name.safetensors" $second
done >"$tmp/other"
[ "$(sort "$tmp/cases" "$tmp/other" | uniq -d | wc -l)" -eq \
    "$(wc -l <"$tmp/other")" ]
for name; do
	ckpt-sum -t orbit --arch="$tmp/$name.arch" \
	    "$tmp/$name.safetensors" "$tmp/$name-member.safetensors"
done >"$tmp/sums"
sort "$tmp/sums" >"$tmp/a"
sort "$tmp/cases" >"$tmp/b"
diff "$tmp/a" "$tmp/b"

# The example of the specification.
text=$srcdir/format-spec/ckpt-arch.md
awk '/^    ckpt-arch 1$/ { on = 1; s = "" }
	on && !/^    / && !/^$/ { on = 0 }
	on { sub(/^    /, ""); s = s $0 "\n" }
	/^output$/ && on && s ~ /name tiny-resnet/ { printf "%s", s }' \
    "$text" >"$tmp/tiny.arch"
ckpt-align --table --arch="$tmp/tiny.arch" >"$tmp/a"
orbit --table "$tmp/tiny.arch" >"$tmp/b"
diff "$tmp/a" "$tmp/b"
orbit --tensors "$tmp/tiny.arch" >"$tmp/tensors"
sed -n '/^Its tensors/,/^What the lines/p' "$text" |
    awk '/^    / && !/likewise/ { for (i = 1; i < NF; i++) if ($i != "...")
	print $i, $NF }' >"$tmp/listed"
[ "$(wc -l <"$tmp/listed")" -ge 15 ]
sort "$tmp/tensors" >"$tmp/a"
sort "$tmp/listed" >"$tmp/b"
[ -z "$(comm -13 "$tmp/a" "$tmp/b")" ]
