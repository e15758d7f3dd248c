#!/bin/sh
# ckpt-cat --keep-going: one damaged page costs the tensors that lie in it, of
# the models that have them there; everything else comes whole.
. "$srcdir/tests/cli/cli.sh"

cd "$fixtures" || exit 99
ckpt-cat --codec=none --group=1 lenet5-tanh > "$scratch/whole.ckpk"
ckpt-sum -t tensor "$scratch/whole.ckpk" > "$scratch/sums"

# one byte in the middle of fc1.weight of the second model: its f16 weights
# begin at the first place where their bytes stand
python3 - "$scratch/whole.ckpk" lenet5-tanh/1.safetensors \
	"$scratch/bad.ckpk" <<'END' || { echo "python3 is missing"; exit 77; }
import json, sys
pack = bytearray(open(sys.argv[1], "rb").read())
model = open(sys.argv[2], "rb").read()
n = int.from_bytes(model[:8], "little")
begin, end = json.loads(model[8:8 + n])["fc1.weight"]["data_offsets"]
weights = model[8 + n + begin:8 + n + end]
at = pack.find(weights)
assert at > 0
pack[at + len(weights) // 2] ^= 1
open(sys.argv[3], "wb").write(pack)
END

expect 2 ckpt-cat -o "$scratch/out.ckpk" "$scratch/bad.ckpk"
one_line
[ ! -e "$scratch/out.ckpk" ] || fail "an output appears without the option"
expect 2 ckpt-cat --keep-going -o "$scratch/out.ckpk" "$scratch/bad.ckpk"
one_line
says 'bad.ckpk: .*fc1.weight of model lenet5-tanh/1.safetensors'
grep -v 'lenet5-tanh/1.safetensors	fc1.weight$' "$scratch/sums" \
	> "$scratch/left"
ckpt-sum -t tensor "$scratch/out.ckpk" | cmp - "$scratch/left" ||
	fail "more or less than one tensor is lost"
expect 0 ckpt-cat --tensor='conv*' -o "$scratch/conv.ckpk" "$scratch/bad.ckpk"
expect 0 ckpt-cat --keep-going -o "$scratch/out.ckpk" "$scratch/whole.ckpk"
ckpt-sum -t tensor "$scratch/out.ckpk" | cmp - "$scratch/sums" ||
	fail "a whole pack loses something"
expect 2 sh -c 'cat "$1" | ckpt-cat --keep-going -l -' - "$scratch/bad.ckpk"
done_testing
