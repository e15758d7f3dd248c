#!/bin/sh
# Sizes and speeds of archives: checkpoints of one training, the same among
# copies and other heads, pairs of states, 1,024 small models, and a ResNet-18
# moved by its symmetries. Each beside the bound computed from the data and
# what general compressors make of the same files. CKPT_TRAJECTORY names a
# directory that trajectory.py has written before; it trains for a minute.
. "$srcdir/tests/bench/bench.sh"
/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	row "archives" "python3-numpy is missing" "" ""
	exit 0
}
bounds="/usr/bin/python3 -B $srcdir/tests/bench/bounds.py"
data=${CKPT_TRAJECTORY:-$scratch/trajectory}
[ -d "$data" ] || /usr/bin/python3 "$srcdir/tests/bench/trajectory.py" \
	"$data" || exit 2
cd "$scratch" || exit 2

# size FILE...: bytes of all
size() {
	cat "$@" | wc -c
}

# percent N: of the raw bytes
percent() {
	calc "100 * $1 / $raw"
}

# peers FILE...: tar and zstd, in percent of raw
peers() {
	command -v zstd > /dev/null || { echo "zstd is missing"; return; }
	echo "tar+zstd -3 $(percent "$(tar -cf - "$@" 2> tar.err |
		zstd -q -3 -c | wc -c)"), --long $(percent "$(tar -cf - "$@" \
		2> tar.err | zstd -q -3 --long=27 -c | wc -c)")"
}

# collection WORK TARGET FILE...: size and speeds of an archive, whose peer
# are tar and zstd
collection() {
	work=$1 target=$2
	shift 2
	# shellcheck disable=SC2086
	set -- $($bounds --differences "$@" | cut -d ' ' -f 1,3) "$@"
	raw=$1 bound=$2
	shift 2
	encode=$(wall --runs=1 "ckpt-cat -j1 --archive -o x.ckpk $*")
	encode2=$(wall --runs=1 "ckpt-cat -j2 --archive -o x2.ckpk $*")
	cmp x.ckpk x2.ckpk || exit 2
	decode=$(wall "ckpt-cat -j1 --codec=none x.ckpk > /dev/null")
	n=$(size x.ckpk)
	row "archive: $work, % of raw" "$(percent "$n") (bound $bound)" \
		"$(peers "$@")" "$(percent "$n") (<= $target)"
	row "archive: $work, encode" "$(calc "$raw / 1e6 / $encode") MB/s" "" \
		"SHA-256 and reading included"
	row "archive: $work, encode, -j2" \
		"$(calc "$raw / 1e6 / $encode2") MB/s" "the same bytes" \
		"$(calc "$encode / $encode2") (>= 1.8 x -j1)"
	row "archive: $work, decode" "$(calc "$raw / 1e6 / $decode") MB/s" "" \
		"SHA-256 included"
}

# network NAME FILE: a pack of one model, its pages of floats against their
# bound, and all against xz
network() {
	ckpt-cat --stats -o one.ckpk "$2" > stats.tsv || exit 2
	# shellcheck disable=SC2046
	set -- "$1" "$2" $($bounds "$2" | cut -d ' ' -f 1,3) $(awk -F '\t' '
		$1 !~ /f/ { next }
		$2 == "bound" { b += $5; next }
		{ s += $5 }
		END { print s / b }' stats.tsv)
	raw=$3
	row "a pack: $1, % of raw" \
		"$(percent "$(size one.ckpk)") (bound $4)" \
		"xz -6 $(percent "$(xz -6 -c "$2" | wc -c)")" \
		"pages $(calc "$5") (<= 1.004) of the bound"
}

# pair NAME DTYPE TARGET: what the second state adds to an archive of the
# first, against the bound of it
pair() {
	a=$data/pairs/$1-$2-a.safetensors b=$data/pairs/$1-$2-b.safetensors
	ckpt-cat --archive -o one.ckpk "$a" || exit 2
	ckpt-cat --archive -o two.ckpk "$a" "$b" || exit 2
	raw=$($bounds "$b" | cut -d ' ' -f 1)
	one=$($bounds "$a" | cut -d ' ' -f 2)
	bound=$(($($bounds --differences "$a" "$b" | cut -d ' ' -f 2) - one))
	n=$(($(size two.ckpk) - $(size one.ckpk)))
	row "archive: $2, $1 later, % of raw" \
		"$(percent $n) (bound $(percent $bound))" "" \
		"$(calc "$n / $bound") (<= $3) of the bound"
}

collection "8 checkpoints of a training" 72 "$data"/step-*.safetensors
collection "13 files, 5 copies or heads" 45 "$data"/mixed/*.safetensors
network "trained MLP, f32" "$data/step-1200.safetensors"
network "trained MLP, bf16" "$data/pairs/fine-tune-bf16-a.safetensors"
network "ResNet-20, f16" "$fixtures/resnet20/0.safetensors"
for name in one-step 100-steps fine-tune; do
	pair $name bf16 1.05
	pair $name f32 1.02
done

# 1,024 models of 784 bytes: the peer is xz of their weights alone
tgz=$fixtures/mnist-optunet-0-1023.tgz
mkdir optunets && tar -xzf "$tgz" -C optunets || exit 2
find optunets -name '*.safetensors' > names
# shellcheck disable=SC2046
set -- $($bounds $(cat names) | cut -d ' ' -f 1,3)
raw=$1 bound=$2
encode=$(wall "ckpt-cat -j1 --archive -o x.ckpk $tgz")
decode=$(wall "ckpt-cat -j1 --codec=none x.ckpk > /dev/null")
ckpt-cat --to=npy -o weights.npy "$tgz" || exit 2
/usr/bin/python3 - <<'END' || exit 2
import numpy
numpy.load('weights.npy').astype(numpy.float16).tofile('weights')
END
[ "$(size weights)" = "$raw" ] || exit 2
n=$(size x.ckpk)
row "archive: 1,024 OptuNets, part of the fp16 weights" \
	"$(calc "$n / $raw") (bound $(calc "$bound / 100"))" \
	".tgz $(calc "$(size "$tgz") / $raw"), xz -6 of the weights $(calc \
	"$(xz -6 -c weights | wc -c) / $raw")" "$(calc "$n / $raw") (<= 0.87)"
row "archive: 1,024 OptuNets, encode and decode" \
	"$encode s, $decode s" "" ""

/usr/bin/python3 -B "$srcdir/tests/cli/archive_models.py" . || exit 2
ckpt-cat --archive -o one.ckpk a.safetensors || exit 2
time=$(wall "ckpt-cat --archive -o two.ckpk a.safetensors moved.safetensors")
raw=$(size moved.safetensors)
n=$(($(size two.ckpk) - $(size one.ckpk)))
peer="zstd is missing"
if command -v zstd > /dev/null; then
	one=$(zstd -q -1 --long=27 -c a.safetensors | wc -c)
	two=$(cat a.safetensors moved.safetensors |
		zstd -q -1 --long=27 -c | wc -c)
	peer="zstd --long $(percent $((two - one))) %"
fi
row "archive: a ResNet-18 moved by its symmetries" \
	"$(percent $n) % (both $time s)" "$peer" "$(percent $n) % (<= 0.1)"
