#!/bin/sh
# On every architecture that is shipped, an eighth as wide: members have one
# orbit ID and one form, whose form it is; every bit is restored; and members
# compute one function. Weights are random, with ties, dead and equal units.
set -eu
: "${srcdir:=.}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sh "$srcdir/tests/prop/narrow.sh" "$tmp" >"$tmp/names"
[ "$(wc -l <"$tmp/names")" -ge 16 ]
tests/prop/orbit "${SEED:-1}" "$tmp"/*.arch
tests/prop/orbit_logits "${SEED:-1}" "$tmp"/*.arch
