#!/bin/sh
# ckpt-cat: archive to pack, and back to files, byte for byte; streams.
. "$srcdir/tests/cli/cli.sh"
tgz=$fixtures/mnist-optunet-0-1023.tgz
mkdir "$scratch/files"
tar -xzf "$tgz" -C "$scratch/files"

expect 0 ckpt-cat -o "$scratch/a.ckpk" "$tgz"
expect 0 ckpt-cat --to=safetensors -C "$scratch/back" "$scratch/a.ckpk"
diff -r "$scratch/files" "$scratch/back" > /dev/null ||
	fail "the files differ after a round trip"
[ -z "$(find "$scratch/back" -name '.ckpt-*')" ] || fail "staging is left"

# the same models whatever the container and the way
ckpt-cat -l "$tgz" > "$scratch/list"
[ "$(wc -l < "$scratch/list")" = 1025 ] || fail "1,024 models expected"
(cd "$scratch/files" && ckpt-cat -l *) | cmp - "$scratch/list" ||
	fail "a directory lists differently"
ckpt-cat "$tgz" | ckpt-cat | ckpt-cat -l | cmp - "$scratch/list" ||
	fail "a pipe lists differently"
cat "$tgz" | ckpt-cat -l - | cmp - "$scratch/list" || fail "stdin differs"

# a pack is the same bytes from any container and with any threads
for j in 1 2 5; do
	ckpt-cat -j "$j" "$tgz" | cmp - "$scratch/a.ckpk" ||
		fail "-j $j gives other bytes"
done
(cd "$scratch/files" && ckpt-cat *) | cmp - "$scratch/a.ckpk" ||
	fail "the directory gives another pack"

# other networks: several dtypes, sizes and orders of tensors
for name in lenet5-relu lenet5-tanh mlp; do
	(cd "$fixtures" && ckpt-cat "$name") > "$scratch/b.ckpk" ||
		fail "$name"
	expect 0 ckpt-cat --to=safetensors -C "$scratch/nets" "$scratch/b.ckpk"
	(cd "$fixtures" && find "$name" -name '*.safetensors') |
	while read -r f; do
		cmp "$fixtures/$f" "$scratch/nets/$f" || echo bad
	done | grep -q . && fail "$name: not the same bytes"
done
done_testing
