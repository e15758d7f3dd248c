#!/bin/sh
# The programs in doc/examples have under 60 lines, build against the
# installed interface alone, and do what they say.
set -u
command -v pkg-config >/dev/null || { echo "pkg-config is missing"; exit 77; }
command -v cc >/dev/null || { echo "cc is missing"; exit 77; }
libs=$builddir/lib/.libs
[ -e "$libs/libckpt.so" ] || { echo "no shared library"; exit 77; }
nm -D "$libs/libckpt.so" | grep -q '__asan' &&
	{ echo "needs the sanitizers' runtime"; exit 77; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ckpt-test.XXXXXX") || exit 99
trap 'rm -rf "$scratch"' EXIT

for f in "$srcdir"/doc/examples/*.c; do
	name=$(basename "$f" .c)
	[ "$(wc -l < "$f")" -lt 60 ] || { echo "$f is too long"; exit 1; }
	cc -Wall -Wextra -Werror -I"$srcdir/lib" -o "$scratch/$name" "$f" \
		-L"$libs" -lckpt || exit 1
done
LD_LIBRARY_PATH=$libs
export LD_LIBRARY_PATH
for i in 1 2; do # the second time it is there already
	[ "$("$scratch/store" "$scratch/s")" = "one: 1 tensors" ] ||
		{ echo "doc/examples/store.c, run $i"; exit 1; }
done
[ "$(ckpt-store ls "$scratch/s" | wc -l)" = 2 ] ||
	{ echo "ckpt-store does not see it"; exit 1; }
ckpt-cat -o "$scratch/mlp.ckpk" < "$srcdir/fixtures/mlp/0.safetensors" ||
	exit 1
ckpt-cat --to=safetensors -C "$scratch/want" --head=1 --tensor=fc1.bias \
	"$scratch/mlp.ckpk" || exit 1
label=$(ckpt-cat -l "$scratch/mlp.ckpk" | sed -n '2s/	.*//p')
"$scratch/select" "$scratch/mlp.ckpk" "$label" fc1.bias > "$scratch/got" ||
	exit 1
find "$scratch/want" -type f -exec tail -c 1024 {} + |
	cmp - "$scratch/got" || { echo "doc/examples/select.c"; exit 1; }
"$scratch/select" "$scratch/mlp.ckpk" "$label" no 2> /dev/null && exit 1
touch "$scratch/file"
"$scratch/store" "$scratch/file" 2> "$scratch/err" && exit 1
[ "$(wc -l < "$scratch/err")" = 1 ]
