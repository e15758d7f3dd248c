#!/bin/sh
# ckpt-cat --archive: what is stored already costs next to nothing, and every
# model comes back byte for byte, by each way of reading.
. "$srcdir/tests/cli/cli.sh"
cd "$scratch" || exit 99

size() { wc -c < "$1"; }

# limit NAME FIRST-SIZE BOTH-SIZE MODEL: at most 0.1 % of the model was added
limit() {
	added=$(($3 - $2))
	[ $((added * 1000)) -le "$4" ] ||
		fail "$1: $added bytes for a copy of $4"
}

# same ARCHIVE INPUT...: every model of the inputs, as a file and by a pipe
same() {
	archive=$1
	shift
	ckpt-sum "$@" | cut -d' ' -f1 > ids || fail "ids of $*"
	ckpt-sum "$archive" | cut -d' ' -f1 | cmp -s - ids ||
		fail "IDs of $archive"
	ckpt-cat < "$archive" | ckpt-sum | cut -d' ' -f1 | cmp -s - ids ||
		fail "IDs of $archive through a pipe"
	cat "$archive" | ckpt-sum | cut -d' ' -f1 | cmp -s - ids ||
		fail "IDs of $archive from a pipe"
	ckpt-cat --keep-going "$archive" | ckpt-sum | cut -d' ' -f1 |
		cmp -s - ids || fail "IDs of $archive by salvage"
}

# every fixture, also twice: the second time costs less
for f in "$fixtures"/*.tgz "$fixtures"/resnet20 "$fixtures"/lenet5-relu \
    "$fixtures"/mlp; do
	[ -e "$f" ] || continue
	name=$(basename "$f")
	expect 0 ckpt-cat --archive -o "$name.1.ckpk" "$f"
	expect 0 ckpt-cat --archive -j1 -o "$name.2.ckpk" "$f" "$f"
	same "$name.1.ckpk" "$f"
	same "$name.2.ckpk" "$f" "$f"
	expect 0 ckpt-cat --archive -j2 -o again.ckpk "$f" "$f"
	cmp -s again.ckpk "$name.2.ckpk" || fail "$name: threads matter"
	# an archive of an archive is the same one
	expect 0 ckpt-cat --archive -o again.ckpk "$name.2.ckpk"
	cmp -s again.ckpk "$name.2.ckpk" || fail "$name: not the same again"
done
rm -f ./*.ckpk

# a pipe cannot be read again; a file that was there stays if something fails
expect 2 ckpt-cat --archive "$fixtures/mlp"
says '--archive needs -o FILE'
ckpt-cat --archive -o /dev/full "$fixtures/mlp" 2> err
[ $? = 2 ] || fail "to a device"
says 'to a file'
echo old > old.ckpk
expect 2 ckpt-cat --archive -o old.ckpk "$fixtures/mlp" missing.safetensors
[ "$(cat old.ckpk)" = old ] || fail "the old output is lost"
(ulimit -f 8; trap '' XFSZ
ckpt-cat --archive -o old.ckpk "$fixtures/resnet20" 2> err)
[ $? = 2 ] || fail "beyond the limit of a file"
[ "$(cat old.ckpk)" = old ] || fail "the old output is lost to a full disk"
[ "$(find . -name '*.tmp*')" = "" ] || fail "a temporary file is left"

/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	echo "python3-numpy is missing"; exit 77; }
/usr/bin/python3 -B "$srcdir/tests/cli/archive_models.py" . || exit 99

expect 0 ckpt-cat --archive -o a.ckpk a.safetensors
for other in moved head; do
	expect 0 ckpt-cat --archive -o $other.ckpk a.safetensors \
	    $other.safetensors
	same $other.ckpk a.safetensors $other.safetensors
done
limit moved "$(size a.ckpk)" "$(size moved.ckpk)" "$(size a.safetensors)"
# beside the head itself, 204,800 bytes
limit head "$(size a.ckpk)" $(($(size head.ckpk) - 204800)) \
    "$(size a.safetensors)"
expect 0 ckpt-cat --archive -o half.ckpk half.safetensors
expect 0 ckpt-cat --archive -o turned.ckpk half.safetensors turned.safetensors
same turned.ckpk half.safetensors turned.safetensors
added=$(($(size turned.ckpk) - $(size half.ckpk)))
[ $((added * 500)) -le "$(size half.safetensors)" ] ||
	fail "turned: $added bytes"

# from a pipe through a file in TMPDIR, not elsewhere
TMPDIR=$scratch/none ckpt-cat -l < turned.ckpk > out 2> err ||
	fail "a file was spooled"
# shellcheck disable=SC2002
cat turned.ckpk | TMPDIR=$scratch/none ckpt-cat -l > out 2> err &&
	fail "TMPDIR is not used"
says 'temporary file'

# what each coding saves, and that the table adds up to the file
expect 0 ckpt-cat --stats moved.ckpk
prints '^f32	planes	'
prints '^f32	orbit	'
prints '^i64	same	\|^i64	none	'
awk -F'\t' -v size="$(size moved.ckpk)" 'NR > 1 && $2 !~ /total|bound/ {
	raw += $4; stored += $5; saved += $6 }
	$2 == "total" { bad = raw != $4 || stored != $5 || stored != size ||
		saved != $6 || raw - stored != saved; n++ }
	END { exit bad || n != 1 }' out || fail "stats do not add up"
expect 2 ckpt-cat --stats a.safetensors
one_line
expect 2 ckpt-cat --stats -l moved.ckpk
expect 2 ckpt-cat --stats

# files come back byte for byte, one by its label alone too
expect 0 ckpt-cat --to=safetensors -C back moved.ckpk
cmp a.safetensors back/a.safetensors || fail "a"
cmp moved.safetensors back/moved.safetensors || fail "moved"
expect 0 ckpt-cat --select=moved.safetensors --to=safetensors -C one moved.ckpk
cmp moved.safetensors one/moved.safetensors || fail "one"
expect 0 ckpt-cat --select=moved.safetensors --tensor='*conv2*' -o some.ckpk \
    moved.ckpk
ckpt-cat --tensor='*conv2*' moved.safetensors | ckpt-sum > ids
ckpt-sum some.ckpk | cmp - ids || fail "tensors of one"

# rows appended; the tied head is the embedding again
expect 0 ckpt-cat --archive -o words.ckpk words.safetensors
expect 0 ckpt-cat --archive -o more.ckpk words.safetensors more.safetensors
same more.ckpk words.safetensors more.safetensors
added=$(($(size more.ckpk) - $(size words.ckpk)))
[ $added -le $((1000 * 512 + 65536 + 4096)) ] || fail "rows: $added bytes"

# 50 copies, and a part that refers to its own pages alone
set --
for i in 1 2 3 4 5 6 7 8 9 10; do
	set -- "$@" a.safetensors a.safetensors a.safetensors a.safetensors \
	    a.safetensors
done
expect 0 ckpt-cat --archive -o fifty.ckpk "$@"
added=$(($(size fifty.ckpk) - $(size a.ckpk)))
[ $((added * 1000)) -le $((49 * $(size a.safetensors))) ] ||
	fail "50 copies: $added bytes"
cat words.ckpk moved.ckpk more.ckpk > parts.ckpk
same parts.ckpk words.safetensors a.safetensors moved.safetensors \
    words.safetensors more.safetensors

# a damaged page costs what depends on it, and all of that is named
/usr/bin/python3 - moved.ckpk <<'X'
import sys
d = bytearray(open(sys.argv[1], 'rb').read())
d[d.index(b'PAGE') + 100] ^= 1  # conv1.weight of the first model
open('bad.ckpk', 'wb').write(d)
X
ckpt-cat --keep-going -ll bad.ckpk > out 2> err
[ $? = 2 ] || fail "damage is no trouble"
[ "$(grep -c 'tensor conv1.weight' err)" = 2 ] || fail "lost: $(cat err)"
[ "$(grep -c lost err)" = 2 ] || fail "more is lost"
expect 2 ckpt-cat -l --select=moved.safetensors bad.ckpk
done_testing
