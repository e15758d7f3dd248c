#!/bin/sh
# ckpt-cat: the examples of its man page work as they stand there.
. "$srcdir/tests/cli/cli.sh"
mkdir "$scratch/e" && cd "$scratch/e" || exit 99
cp "$fixtures/mnist-optunet-0-1023.tgz" .
sed -n '/^\.Sh EXAMPLES/,$s/^\$ //p' "$srcdir/tools/ckpt-cat.1" > examples
[ "$(wc -l < examples)" = 5 ] || fail "the man page has 5 commands"
expect 0 sh -e examples
[ ! -s "$scratch/err" ] || fail "they say something on stderr"
prints '^mnist-optunet-0-1023/version_1.safetensors	'
[ "$(find out -name '*.safetensors' | wc -l)" = 3 ] || fail "three files"
[ "$(wc -c < weights.npy)" = $((192 + 1024 * 392 * 4)) ] ||
	fail "the matrix's size"
# 2 models of the pack, then one layer of all 1,024, each below a header
[ "$(sh -e examples | wc -l)" = 1028 ] || fail "the lists' lengths"
done_testing
