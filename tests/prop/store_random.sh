#!/bin/sh
# Random stores of near states: all that was not removed comes back, whatever
# is removed, collected, rebuilt and merged. CKPT_SEED chooses another case,
# CKPT_CASES how many.
. "$srcdir/tests/cli/cli.sh"
seed=${CKPT_SEED:-1}
last=$((seed + ${CKPT_CASES:-2} - 1))
# shellcheck disable=SC2046
python3 -B "$srcdir/tests/prop/store_random.py" "$(command -v ckpt-store)" \
	"$scratch/top" $(seq "$seed" "$last") || fail "see above"
done_testing
