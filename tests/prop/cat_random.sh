#!/bin/sh
# Random models: byte for byte the same after a round trip through a pack,
# with the tensor IDs that Python computes. CKPT_SEED chooses another case.
. "$srcdir/tests/cli/cli.sh"
seed=${CKPT_SEED:-1}
export PYTHONIOENCODING=utf-8 PYTHONDONTWRITEBYTECODE=1
last=$((seed + 4))
while [ "$seed" -le "$last" ]; do
	top=$scratch/$seed
	mkdir "$top"
	python3 "$srcdir/tests/prop/random_models.py" "$top" "$seed" 60 \
		> "$top.wanted" || exit 99
	cd "$top" || exit 99
	ckpt-cat -ll . | tail -n +2 | sed 's,^[.]/,,' | sort > "$top.found"
	sort "$top.wanted" | cmp - "$top.found" || fail "IDs, seed $seed"
	for codec in none zstd; do
		ckpt-cat --codec=$codec --group=7 ./* > "$top.ckpk" ||
			fail "to a pack, seed $seed"
		ckpt-cat "$top.ckpk" |
			ckpt-cat --to=safetensors -C "$top.$codec" ||
			fail "from a pack, seed $seed"
		diff -r "$top" "$top.$codec" > /dev/null ||
			fail "not the same files, seed $seed, $codec"
	done
	tar -cf "$top.tar" ./*
	ckpt-cat --to=safetensors -C "$top.tarred" "$top.tar" ||
		fail "from a tar file, seed $seed"
	diff -r "$top" "$top.tarred" > /dev/null ||
		fail "not the same files, seed $seed, tar"
	seed=$((seed + 1))
done
done_testing
