#!/bin/sh
# Random collections as archives: the same bytes whatever the threads and the
# way in, every ID and byte back by every way out, and never larger than the
# pack of the same models by more than 0.1 % and 64 bytes a tensor; thin ones
# too.
# CKPT_SEED chooses others, CKPT_CASES how many.
. "$srcdir/tests/cli/cli.sh"
/usr/bin/python3 -c 'import numpy' 2> /dev/null || {
	echo "python3-numpy is missing"; exit 77; }
PYTHONIOENCODING=utf-8
export PYTHONIOENCODING
seed=${CKPT_SEED:-1}
last=$((seed + ${CKPT_CASES:-4} - 1))

size() { wc -c < "$1"; }

# ids COMMAND: that list of tensors is the wanted one
ids() {
	tail -n +2 | cmp -s - ../wanted || fail "seed $seed: IDs, $1"
}

while [ "$seed" -le "$last" ]; do
	mkdir "$scratch/in" && cd "$scratch/in" || exit 99
	/usr/bin/python3 -B "$srcdir/tests/prop/random_collection.py" . \
		"$seed" > ../wanted || exit 99
	a=../a.ckpk
	ckpt-cat --archive -j1 -o $a ./* || fail "seed $seed: archive"
	for threads in 2 3; do
		ckpt-cat --archive -j$threads -o ../b.ckpk ./* &&
			cmp $a ../b.ckpk || fail "seed $seed: -j$threads"
	done
	tar -cf - ./* | ckpt-cat --archive -o ../b.ckpk - &&
		cmp $a ../b.ckpk || fail "seed $seed: from a tar on a pipe"
	ckpt-cat ./* | ckpt-cat --archive -o ../b.ckpk &&
		cmp $a ../b.ckpk || fail "seed $seed: from a pack on a pipe"
	ckpt-cat -o ../plain.ckpk ./* || fail "seed $seed: pack"
	most=$(($(size ../plain.ckpk) * 1001 / 1000 +
		64 * $(wc -l < ../wanted)))
	[ "$(size $a)" -le $most ] ||
		fail "seed $seed: $(size $a) bytes, pack $(size ../plain.ckpk)"

	sed 's,^,./,' ../wanted > ../w && mv ../w ../wanted
	ckpt-cat -ll $a | ids "by file"
	ckpt-cat -ll < $a | ids "by standard input"
	# shellcheck disable=SC2002
	cat $a | ckpt-cat -ll -j2 | ids "by a pipe"
	ckpt-cat --keep-going -ll $a | ids "by salvage"
	ckpt-cat $a | ckpt-cat -ll | ids "from the stream of it"
	ckpt-cat --to=safetensors -C ../out $a || fail "seed $seed: files"
	diff -r . ../out > /dev/null || fail "seed $seed: other files"
	# at random places, by the index
	# shellcheck disable=SC2094
	sort -R --random-source=../wanted ../wanted | head -n 6 |
	while IFS="$(printf '\t')" read -r label name id rest; do
		ckpt-cat --select="$label" --tensor="$name" -ll $a |
			grep -qF "$id" || echo "$label $name" >> ../lost
	done
	[ ! -e ../lost ] || fail "seed $seed: $(cat ../lost)"
	# thin: the rest, given the first eight as they are or as an archive
	set -- 000-* 001-* 002-* 003-* 004-* 005-* 006-* 007-*
	ckpt-cat --archive -o ../base.ckpk "$@" || fail "seed $seed: base"
	mkdir ../first && mv "$@" ../first
	ckpt-cat --archive -j1 --base=../base.ckpk -o $a ./* &&
		ckpt-cat --archive -j2 --base=../first -o ../b.ckpk ./* &&
		cmp $a ../b.ckpk || fail "seed $seed: thin, -j2, bases as files"
	ckpt-cat -o ../plain.ckpk ./* || fail "seed $seed: pack of the rest"
	most=$(($(size ../plain.ckpk) * 1001 / 1000 +
		64 * $(wc -l < ../wanted)))
	[ "$(size $a)" -le $most ] ||
		fail "seed $seed: thin $(size $a), pack $(size ../plain.ckpk)"
	grep -v '^[.]/00[0-7]-' ../wanted > ../w && mv ../w ../wanted
	ckpt-cat --base=../base.ckpk -ll $a | ids "thin, by file"
	# shellcheck disable=SC2002
	cat $a | ckpt-cat --base=../first -ll -j2 | ids "thin, by a pipe"
	cat ../base.ckpk $a > ../both.ckpk
	ckpt-cat --base=../both.ckpk -ll $a | ids "thin, by a base of parts"
	cd .. && rm -rf in out lost first
	seed=$((seed + 1))
done
done_testing
