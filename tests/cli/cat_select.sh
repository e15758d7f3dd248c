#!/bin/sh
# ckpt-cat: selections, metadata and lists, of files and of pipes.
. "$srcdir/tests/cli/cli.sh"
tgz=$fixtures/mnist-optunet-0-1023.tgz
label=mnist-optunet-0-1023/version_
pack=$scratch/a.ckpk
ckpt-cat -o "$pack" "$tgz" || fail "no pack"
ckpt-cat -l "$pack" | tail -n +2 > "$scratch/all"

# same NAME EXPECTED OPTION...: a selection is the same whatever it is from
same() {
	expected=$1
	shift
	ckpt-cat -l "$@" "$pack" | tail -n +2 | cmp - "$expected" ||
		fail "of a pack: $*"
	cat "$pack" | ckpt-cat -l "$@" | tail -n +2 | cmp - "$expected" ||
		fail "of a pack in a pipe: $*"
	ckpt-cat -l "$@" < "$pack" | tail -n +2 | cmp - "$expected" ||
		fail "of a pack on stdin: $*"
	ckpt-cat -l "$@" "$tgz" | tail -n +2 | cmp - "$expected" ||
		fail "of an archive: $*"
	ckpt-cat "$@" "$pack" | ckpt-cat -l | tail -n +2 |
		cmp - "$expected" || fail "copied: $*"
}

grep "^${label}10[0-9][.]" "$scratch/all" > "$scratch/some"
[ "$(wc -l < "$scratch/some")" = 10 ] || fail "10 models expected"
same "$scratch/some" --select='*/version_10?.safetensors'
head -n 3 "$scratch/some" > "$scratch/three"
same "$scratch/three" --select='*/version_10?.safetensors' --head=3
head -n 5 "$scratch/all" > "$scratch/five"
same "$scratch/five" --head=5
grep "^${label}1000[.]" "$scratch/all" > "$scratch/one"
same "$scratch/one" --select="${label}1000.safetensors"

# by ID, also beside labels
id=$(cut -f 2 "$scratch/one")
same "$scratch/one" --select="$id"
same "$scratch/one" --select="$(echo "$id" | cut -c 1-8)"
sed -n '4p;1001p' "$scratch/all" > "$scratch/two"
same "$scratch/two" --select="$id" --select="${label}3.*"
# seven digits are no prefix
expect 1 ckpt-cat -l --select="$(echo "$id" | cut -c 1-7)" "$pack"
expect 1 ckpt-cat -o "$scratch/none.ckpk" --select='nothing*' "$pack"
expect 0 ckpt-cat -l "$scratch/none.ckpk"
# a model larger than the memory goes through a temporary file
mlp=$(ckpt-cat -l "$fixtures/mlp/0.safetensors" | cut -f 2 | tail -n 1)
mkdir "$scratch/tmp"
cat "$fixtures/mlp/1.safetensors" | expect 1 ckpt-cat --memory=1M \
	--select="$mlp"
cat "$fixtures/mlp/0.safetensors" | TMPDIR=$scratch/tmp expect 0 ckpt-cat \
	--memory=1M --select="$mlp" --to=safetensors -C "$scratch/mlp"
cmp "$scratch/mlp/-.safetensors" "$fixtures/mlp/0.safetensors" ||
	fail "the model differs after the temporary file"
[ -z "$(ls "$scratch/tmp")" ] || fail "a temporary file is left"
cat "$fixtures/mlp/0.safetensors" | TMPDIR=$scratch/absent expect 2 \
	ckpt-cat --memory=1M --select="$mlp"

# tensors: the IDs are those of the tensors alone
ckpt-cat -ll "$pack" | tail -n +2 > "$scratch/tensors"
[ "$(wc -l < "$scratch/tensors")" = 4096 ] || fail "4,096 tensors expected"
awk -F '\t' '$2 ~ /^fc1/' "$scratch/tensors" > "$scratch/fc1"
ckpt-cat --tensors --tensor='fc1.*' "$pack" | tail -n +2 |
	cmp - "$scratch/fc1" || fail "--tensor of a pack"
ckpt-cat -ll --tensor='fc1.*' "$tgz" | tail -n +2 |
	cmp - "$scratch/fc1" || fail "--tensor of an archive"
ckpt-cat --tensor=fc1.bias --tensor=fc1.weight "$pack" | ckpt-cat -ll |
	tail -n +2 | cmp - "$scratch/fc1" || fail "--tensor copied"
ckpt-cat --tensor='fc1.*' "$tgz" | ckpt-cat -ll | tail -n +2 |
	cmp - "$scratch/fc1" || fail "--tensor copied of an archive"
cat "$pack" | ckpt-cat --tensor='fc1.*' | ckpt-cat -ll | tail -n +2 |
	cmp - "$scratch/fc1" || fail "--tensor copied of a pipe"
for f in "$fixtures"/lenet5-relu/*; do
	ckpt-cat -ll "$f" | awk -F '\t' 'NR == 1 || $2 ~ /bias$/'
done > "$scratch/biases"
for f in "$fixtures"/lenet5-relu/*; do
	ckpt-cat -ll --tensor='*bias' "$f"
done | cmp - "$scratch/biases" || fail "--tensor of files"
for f in "$fixtures"/lenet5-relu/*; do
	ckpt-cat --tensor='*bias' "$f" | ckpt-cat -ll
done | cmp - "$scratch/biases" || fail "--tensor copied of files"
expect 1 ckpt-cat -l --tensor=absent "$pack"
expect 1 ckpt-cat -l --tensor=absent "$tgz"

# the model ID of a selection of tensors is that of the model that they make
printf 'ckpt model 1\n' > "$scratch/preimage"
head -n 2 "$scratch/fc1" | awk -F '\t' '{ print $3 "  " $2 }' \
	>> "$scratch/preimage"
[ "$(ckpt-cat -l --tensor='fc1.*' --head=1 "$tgz" | tail -n 1 |
	cut -f 2)" = "$(sha256sum < "$scratch/preimage" | cut -c 1-64)" ] ||
	fail "the ID of a selection of tensors"

# the schema's short ID can be had with sort and sha256sum
sed -n '1,4p' "$scratch/tensors" | awk -F '\t' '{ print $4, $5, $2 }' |
	sort -k 3 | sha256sum | cut -c 1-12 > "$scratch/schema"
cut -f 3 "$scratch/one" | cmp - "$scratch/schema" || fail "the schema's ID"

# metadata
ckpt-cat --head=1 --set=arch=optunet --set='note=a=b c' "$tgz" \
	> "$scratch/set.ckpk" || fail "--set"
if command -v ckpt-sum > /dev/null; then
	[ "$(ckpt-sum -t record "$scratch/set.ckpk" | cut -c 1-64)" = "$(
	printf 'ckpt record 1\nmodel %s\nlabel %s\nmeta %s\nmeta %s\n' \
	"$(head -n 1 "$scratch/all" | cut -f 2)" "${label}0.safetensors" \
	'arch optunet' 'note a=b c' | sha256sum | cut -c 1-64)" ] ||
	fail "the record's ID after --set"
fi
expect 2 ckpt-cat -l --set=Arch=x "$tgz"
expect 2 ckpt-cat -l --set=arch "$tgz"

# JSON says the same
ckpt-cat -l --json --head=2 "$pack" > "$scratch/json"
python3 - "$scratch/json" "$scratch/all" << 'END' || fail "--json"
import json, sys
rows = [line.rstrip("\n").split("\t") for line in open(sys.argv[2])]
for line, row in zip(open(sys.argv[1]), rows):
    o = json.loads(line)
    assert list(o) == ["label", "model", "schema", "parameters", "dtype",
                       "bytes"]
    assert [str(v) for v in o.values()] == row
END
ckpt-cat -ll --json --head=1 "$pack" | python3 -c '
import json, sys
o = [json.loads(line) for line in sys.stdin]
assert [t["tensor"] for t in o] == ["conv1.weight", "conv2.weight",
    "fc1.bias", "fc1.weight"]
assert o[1]["shape"] == [10, 1, 5, 5] and o[1]["bytes"] == 500
' || fail "-ll --json"

# what a label holds is escaped as sha256sum does
nl=$(printf 'a\\b\nc')
cp "$fixtures/mlp/0.safetensors" "$scratch/$nl.safetensors"
(cd "$scratch" && ckpt-cat -l "$nl.safetensors") | tail -n 1 |
	grep -q '^a\\\\b\\nc[.]safetensors	' || fail "escapes"
cd "$scratch" || exit 99
# a label is itself, also where it looks like a pattern
cp "$fixtures/lenet5-relu/0.safetensors" 'm[0].safetensors'
ckpt-cat -o odd.ckpk 'm[0].safetensors'
expect 0 ckpt-cat -l --select='m[0].safetensors' odd.ckpk
expect 0 ckpt-cat -l --select='m[0].safetensors' 'm[0].safetensors'

# standard input is not the file "-"
cp odd.ckpk ./-
ckpt-cat --set=stdin=yes odd.ckpk > other.ckpk
[ "$(ckpt-cat --select='m*' - < other.ckpk | ckpt-sum -t record)" = \
	"$(ckpt-sum -t record other.ckpk)" ] || fail "the file - was read"
rm ./-
done_testing
