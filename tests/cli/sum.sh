#!/bin/sh
# ckpt-sum: lines, lists, statuses.
. "$srcdir/tests/cli/cli.sh"

cd "$fixtures" || exit 99
tgz=mnist-optunet-0-1023.tgz
mkdir "$scratch/x"
tar -xzf "$tgz" -C "$scratch/x"

# the same models by any way, and by any number of threads
ckpt-sum "$tgz" > "$scratch/sums"
[ "$(wc -l < "$scratch/sums")" = 1024 ] || fail "1024 lines are expected"
(cd "$scratch/x" && ckpt-sum mnist-optunet-0-1023) |
	cmp - "$scratch/sums" || fail "the directory has other IDs"
ckpt-cat "$tgz" | ckpt-sum | cmp - "$scratch/sums" ||
	fail "the stream has other IDs"
ckpt-cat --codec=none "$tgz" | ckpt-sum -j 1 - | cmp - "$scratch/sums" ||
	fail "the plain stream has other IDs"
for type in model tensor record release orbit; do
	ckpt-sum -q -j 1 -t $type --arch=optunet "$tgz" > "$scratch/a"
	ckpt-sum -q -j 3 -t $type --arch=optunet "$tgz" > "$scratch/b"
	cmp "$scratch/a" "$scratch/b" || fail "-t $type depends on -j"
done
ckpt-sum -j 2 mlp > "$scratch/a"
ckpt-sum -j 1 < mlp/0.safetensors | cut -c 1-64 > "$scratch/b"
head -n 1 "$scratch/a" | cut -c 1-64 | cmp - "$scratch/b" ||
	fail "random access and a stream differ"
ckpt-cat mlp | ckpt-sum -j 2 | cmp - "$scratch/a" ||
	fail "models of over 1 MiB on a pipe have other IDs"
ckpt-sum -t tensor lenet5-tanh/0.safetensors > "$scratch/a"
[ "$(cut -f 2 "$scratch/a" | tr '\n' ' ')" = "conv1.bias conv1.weight\
 conv2.bias conv2.weight fc1.bias fc1.weight fc2.bias fc2.weight fc3.bias\
 fc3.weight " ] || fail "tensors are not sorted by name"

# the releases are what their description says
sed -n '/^## IDs/,/^## /s/^\([0-9a-f]\{64\}\)  /\1 /p' README.md \
	> "$scratch/releases"
[ "$(wc -l < "$scratch/releases")" = 7 ] || fail "7 releases are described"
while read -r id name; do
	[ "$(ckpt-sum -t release "$name")" = "$id  (release)" ] ||
		fail "$name is another release than described"
done < "$scratch/releases"

# checking
expect 0 ckpt-sum -c "$scratch/sums" "$tgz"
prints '^mnist-optunet-0-1023/version_77.safetensors: OK$'
[ "$(grep -c ': OK$' "$scratch/out")" = 1024 ] || fail "not all are OK"
expect 0 ckpt-sum -q -c "$scratch/sums" "$tgz"
[ ! -s "$scratch/out" ] || fail "-q prints lines that are OK"
expect 0 ckpt-sum -c - "$tgz" < "$scratch/sums"
sed '5s/^./x/;5s/^x/0/;5s/^0\(.\)/f\1/' "$scratch/sums" > "$scratch/bad"
cmp -s "$scratch/bad" "$scratch/sums" && fail "the test does not damage"
expect 1 ckpt-sum -c "$scratch/bad" "$tgz"
[ "$(grep -c ': FAILED$' "$scratch/out")" = 1 ] || fail "one must fail"
says 'did NOT match'
expect 1 ckpt-sum --status -c "$scratch/bad" "$tgz"
[ ! -s "$scratch/out" ] && [ ! -s "$scratch/err" ] ||
	fail "--status prints"
sed 's/$/x/' "$scratch/sums" | tail -n 3 > "$scratch/more"
cat "$scratch/sums" "$scratch/more" > "$scratch/missing"
expect 1 ckpt-sum -c "$scratch/missing" "$tgz"
[ "$(grep -c ': missing$' "$scratch/out")" = 3 ] || fail "three are missing"
expect 0 ckpt-sum --ignore-missing -c "$scratch/missing" "$tgz"
head -n 1 "$scratch/sums" > "$scratch/one"
expect 0 ckpt-sum -c "$scratch/one" "$tgz"
says '1023 labels are not in the list'

# labels that need escapes, both ways, and a label that stands twice
mkdir "$scratch/odd"
nl='
'
cp lenet5-tanh/0.safetensors "$scratch/odd/a\\b"
cp lenet5-tanh/1.safetensors "$scratch/odd/c${nl}d"
(cd "$scratch" && ckpt-sum odd) > "$scratch/odd.sums"
[ "$(grep -c '^\\' "$scratch/odd.sums")" = 2 ] || fail "escapes"
(cd "$scratch" && expect 0 ckpt-sum -c odd.sums odd; exit $failures) ||
	fail "escaped labels"
cat lenet5-tanh/0.safetensors | ckpt-cat - > "$scratch/p0"
cat lenet5-tanh/1.safetensors | ckpt-cat - > "$scratch/p1"
cat "$scratch/p0" "$scratch/p1" > "$scratch/twice.ckpk"
ckpt-sum "$scratch/twice.ckpk" > "$scratch/twice.sums"
expect 0 ckpt-sum -c "$scratch/twice.sums" "$scratch/twice.ckpk"
cat "$scratch/p1" "$scratch/p0" > "$scratch/swapped.ckpk"
expect 1 ckpt-sum -c "$scratch/twice.sums" "$scratch/swapped.ckpk"

# bad lists and bad inputs
for line in '' 'x' "$(printf '%064d' 0) x" "$(printf '%064d' 0)  " \
	"$(printf '%063d' 0)  x" "$(printf '%064d' 0 | tr 0 A)  x" \
	"\\$(printf '%064d' 0)  a\\q"; do
	{ head -n 2 "$scratch/sums"; printf '%s\n' "$line"; } > "$scratch/l"
	expect 2 ckpt-sum -c "$scratch/l" "$tgz"
	one_line
	says 'l: line 3: '
done
: > "$scratch/empty"
expect 2 ckpt-sum -c "$scratch/empty" "$tgz"
says 'the list is empty'
expect 2 ckpt-sum -c "$scratch/none" "$tgz"
says 'cannot open'
expect 2 ckpt-sum "$scratch/none"
one_line
expect 2 ckpt-sum -t nothing "$tgz"
expect 2 ckpt-sum --status "$tgz"
head -c 3000 mlp/0.safetensors > "$scratch/cut"
expect 2 ckpt-sum "$scratch/cut"
one_line
says 'byte'

# outputs that fail
expect 2 sh -c 'ckpt-sum "$1" > /dev/full' - "$tgz"
expect 2 sh -c 'ckpt-sum "$1" >&-' - "$tgz"
done_testing
