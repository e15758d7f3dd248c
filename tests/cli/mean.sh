#!/bin/sh
# ckpt-align --to=mean: copies of one network become one again, whatever the
# order, the threads and where the models are read from; streams; what is
# refused.
. "$srcdir/tests/cli/cli.sh"
tgz=$fixtures/mnist-optunet-0-1023.tgz
tool="python3 $srcdir/tests/cli/align_tool.py"

# ids INPUT...: model IDs, one a line
ids() {
	ckpt-sum "$@" | cut -d ' ' -f 1
}

# same NAME A B: two files are equal
same() {
	cmp -s "$2" "$3" || fail "$1: $2 and $3 differ"
}

mkdir "$scratch/one"
tar -xzf "$tgz" -C "$scratch/one" --strip-components=1 --wildcards \
	'*/version_7.safetensors' '*/version_8.safetensors'
v7=$scratch/one/version_7.safetensors
v8=$scratch/one/version_8.safetensors

# copies with their units in other places: all become the same model, which
# is the mean; every way around a triple leads home
mkdir "$scratch/copies" "$scratch/noisy" "$scratch/members"
$tool plant 1 10 "$v7" "$scratch/copies" 0
expect 0 ckpt-align --to=mean -o "$scratch/c.ckpk" \
	--mean="$scratch/mean.ckpk" --cycles="$scratch/cycles.tsv" \
	"$scratch/copies"
says '10 models, .* passes: .* the mean has 100.00 % of the squares'
says '100.00 % of the units pairwise, 100.00 % by the mean, 16.67 % by ch'
[ "$(ids "$scratch/c.ckpk" "$scratch/mean.ckpk" | sort -u | wc -l)" = 1 ] ||
	fail "copies of one network differ after --to=mean"
awk -F '\t' 'NR > 1 && ($4 != 12 || $5 != 12 || $6 != 12) { bad = 1 }
	END { exit bad || NR != 11 }' "$scratch/cycles.tsv" ||
	fail "copies: ways around do not lead home"
ckpt-sum -t orbit --arch=optunet -q "$scratch/mean.ckpk" | cut -d ' ' -f 1 \
	> "$scratch/orbit.1"
# the same in another order, up to the order of the units
expect 0 ckpt-align -q --to=mean -o "$scratch/c.ckpk" \
	--mean="$scratch/mean.ckpk" \
	$(ls -r "$scratch"/copies/*.safetensors)
ckpt-sum -t orbit --arch=optunet -q "$scratch/mean.ckpk" | cut -d ' ' -f 1 \
	> "$scratch/orbit.2"
same "the order of the inputs" "$scratch/orbit.1" "$scratch/orbit.2"

# with powers of two, and dtypes of all kinds
$tool members 3 10 "$v7" "$scratch/members"
expect 0 ckpt-align --to=mean --scale=pow2 -o "$scratch/c.ckpk" \
	"$scratch/members" "$v7"
says '11 models, .* the mean has 100.00 % of the squares'

# with noise: the way around leads home still, the mean is near the network
$tool plant 2 16 "$v7" "$scratch/noisy" 0.05
expect 0 ckpt-align --to=mean -o "$scratch/c.ckpk" \
	--mean="$scratch/mean.ckpk" --cycles="$scratch/cycles.tsv" \
	--triples=5 --report="$scratch/r.tsv" "$scratch/noisy"
awk -F '\t' 'NR > 1 && ($4 != 12 || $5 != 12 || $6 != 12) { bad = 1 }
	END { exit bad || NR != 6 }' "$scratch/cycles.tsv" ||
	fail "noisy copies: ways around do not lead home"
awk -F '\t' 'NR > 1 && ($2 != "match" || $5 < $4 || $6 > 1e-4 * $8) {
	print; bad = 1 } END { exit bad || NR != 17 }' "$scratch/r.tsv" ||
	fail "the report of noisy copies"
ckpt-align -q --to="$v7" "$scratch/mean.ckpk" |
	ckpt-diff "$v7" - > "$scratch/out" 2>&1
[ $? -le 1 ] || fail "ckpt-diff: $(cat "$scratch/out")"

# nothing hangs on threads, on memory, or on the kind of file: with 1 MiB
# neither the models nor their records are all in memory
ckpt-cat --head=620 "$tgz" > "$scratch/620.ckpk"
in=$scratch/620.ckpk
# all NAME OPTION...: the four outputs as $scratch/NAME.*
all() {
	name=$scratch/$1
	shift
	expect 0 ckpt-align -q --to=mean --passes=5 -o "$name.ckpk" \
		--mean="$name.mean" --cycles="$name.cycles" \
		--report="$name.tsv" "$@"
}
# like A B: their outputs are the same
like() {
	for suffix in ckpk mean cycles tsv; do
		same "$2" "$scratch/$1.$suffix" "$scratch/$2.$suffix"
	done
}
for scale in none pow2 unit; do
	all j1 -j1 --scale=$scale "$in"
	all j2 -j2 --scale=$scale "$in"
	all j8 -j8 --scale=$scale "$in"
	like j1 j2
	like j1 j8
	all again -j2 --scale=$scale --memory=1M "$in"
	like j1 again
done
all j1 --restarts=2 --seed=3 "$in"
all again --restarts=2 --seed=3 --memory=1M "$in"
like j1 again
all j1 "$in"
all stdin --memory=1M < "$in"
like j1 stdin
cat "$in" | all pipe -
like j1 pipe

# a stream: the first models that fit, then the others as they pass
all window --window=30 "$in"
all jwindow -j1 --window=30 --memory=1M < "$in"
cat "$in" | all pwindow --window=30 -
like window jwindow
like window pwindow
cat "$in" | all small --memory=1M -
[ "$(ids "$scratch/small.ckpk" | wc -l)" = 620 ] ||
	fail "models of a stream are missing"
expect 0 ckpt-align -q --to=mean --window=1 -o "$scratch/c.ckpk" "$in"
expect 0 ckpt-align --to=mean --window=1000 -o "$scratch/c.ckpk" "$in"
says '620 models'

# what was done is undone
ids "$in" > "$scratch/before"
for name in j1 window small; do
	ckpt-align --restore "$scratch/$name.ckpk" | ids > "$scratch/after"
	same "--restore" "$scratch/before" "$scratch/after"
done
ckpt-align -q --to=mean --scale=pow2 "$in" | ckpt-align --restore | ids \
	> "$scratch/after"
same "--restore, pow2" "$scratch/before" "$scratch/after"
expect 0 ckpt-align -q --to=mean --scale=unit -o "$scratch/u.ckpk" "$in"
expect 2 ckpt-align --restore "$scratch/u.ckpk"
says 'to=mean:.* scale=unit .*rounds'

# more passes, no less of the objective
before=0
for passes in 1 2 3 5 8 100; do
	expect 0 ckpt-align --to=mean --passes=$passes -o "$scratch/c.ckpk" \
		"$in"
	after=$(sed -n 's/.*before, \([-0-9.e+]*\) after.*/\1/p' \
		"$scratch/err")
	awk "BEGIN { exit !($after >= $before) }" ||
		fail "the objective falls from $before to $after"
	before=$after
done
# more than one pass over these networks can do
expect 0 ckpt-align --to=mean --passes=1 -o "$scratch/c.ckpk" "$in"
after=$(sed -n 's/.*before, \([-0-9.e+]*\) after.*/\1/p' "$scratch/err")
awk "BEGIN { exit !($before > 1.01 * $after) }" ||
	fail "passes gain nothing: $after, $before"

# the mean and the objective are those that their definitions give: of the
# models as they came, as they are written, and behind a window
ckpt-cat --to=safetensors -C "$scratch/raw" "$in" || fail "ckpt-cat"
for options in --scale=none --scale=pow2 "--scale=none --window=100"; do
	squares=0
	[ "$options" != --scale=pow2 ] || squares=1
	expect 0 ckpt-align --to=mean $options -o "$scratch/c.ckpk" \
		--mean="$scratch/mean.ckpk" "$in"
	rm -rf "$scratch/aligned"
	ckpt-cat --to=safetensors -C "$scratch/aligned" "$scratch/c.ckpk" ||
		fail "ckpt-cat"
	before=$($tool mean "$scratch/raw" "$scratch/m.safetensors" $squares)
	after=$($tool mean "$scratch/aligned" "$scratch/m.safetensors" \
		$squares)
	says "objective $before before, $after after"
	ids "$scratch/mean.ckpk" > "$scratch/1"
	ids "$scratch/m.safetensors" > "$scratch/2"
	same "the mean, $options" "$scratch/1" "$scratch/2"
done

# trained residual networks: their functions stay, most units do not come
# home pairwise, all do by the mean
expect 0 ckpt-align --to=mean -o "$scratch/c.ckpk" \
	--cycles="$scratch/cycles.tsv" --report="$scratch/r.tsv" \
	"$fixtures/resnet20"
awk -F '\t' 'NR > 1 && ($4 != 448 || $5 > 224 || $6 != 448) { bad = 1 }
	END { exit bad || NR != 5 }' "$scratch/cycles.tsv" ||
	fail "resnet20: $(cat "$scratch/cycles.tsv")"
awk -F '\t' 'NR > 1 && ($5 < $4 || $6 > 1e-4 * $8) { print; bad = 1 }
	END { exit bad || NR != 5 }' "$scratch/r.tsv" ||
	fail "the report of resnet20"
ids "$fixtures/resnet20" > "$scratch/before"
ckpt-align --restore "$scratch/c.ckpk" | ids > "$scratch/after"
same "--restore, resnet20" "$scratch/before" "$scratch/after"

# few models
expect 0 ckpt-align --to=mean -o "$scratch/c.ckpk" \
	--cycles="$scratch/cycles.tsv" "$v7"
says 'a triple needs 3 models'
ids "$v7" > "$scratch/before"
ids "$scratch/c.ckpk" > "$scratch/after"
same "a single model" "$scratch/before" "$scratch/after"
expect 0 ckpt-align -q --to=mean -o "$scratch/c.ckpk" "$v7" "$v8" "$v7" \
	--cycles="$scratch/cycles.tsv"
[ "$(wc -l < "$scratch/cycles.tsv")" = 4 ] || fail "three triples expected"

# NaN is carried
$tool set "$v7" "$scratch/nan.safetensors" fc1.weight 17 nan
expect 0 ckpt-align --to=mean -o "$scratch/c.ckpk" \
	--mean="$scratch/mean.ckpk" "$v7" "$scratch/nan.safetensors" "$v8"
says 'nan.safetensors: NaN or infinite weights: 1'
ckpt-align --restore "$scratch/c.ckpk" | ids > "$scratch/after"
ids "$v7" "$scratch/nan.safetensors" "$v8" > "$scratch/before"
same "NaN" "$scratch/before" "$scratch/after"
expect 0 ckpt-align --to=mean -o "$scratch/c.ckpk" "$scratch/mean.ckpk"
grep -q NaN "$scratch/err" && fail "the mean has weights that are NaN"

# refused
rm -f "$scratch"/none.*
none="-o $scratch/none.ckpk --mean=$scratch/none.mean"
none="$none --cycles=$scratch/none.tsv"
expect 2 ckpt-align -q --to=mean $none "$v7" "$fixtures/mlp"
one_line
says 'not those of the first model.*version_7'
expect 2 ckpt-align -q --to=mean $none --window=1 "$v7" "$fixtures/mlp"
one_line
says 'not those of the first model.*version_7'
mkdir "$scratch/empty"
expect 2 ckpt-align -q --to=mean $none "$scratch/empty"
one_line
head -c 4000 "$in" > "$scratch/cut.ckpk"
expect 2 ckpt-align -q --to=mean $none "$scratch/cut.ckpk"
one_line
expect 2 ckpt-align -q --to=mean $none "$v7" "$scratch/missing"
for option in --mean=x --cycles=x --passes=2 --window=3; do
	expect 2 ckpt-align --to="$v7" $option "$v7"
	says 'go with --to=mean'
done
expect 2 ckpt-align --to=mean --triples=3 "$v7"
says 'goes with --cycles'
expect 2 ckpt-align --to=mean --mean=- "$v7"
says 'only one can be standard output'
expect 2 ckpt-align --to=mean --scale=min-mass "$v7"
expect 2 ckpt-align -q --to=mean $none --cycles=/dev/full "$v7" "$v8" "$v7"
[ -z "$(ls "$scratch" | grep '^none')" ] || fail "half an output is there"

# inputs that change while they are read: other models, fewer, more
ckpt-cat --head=619 "$tgz" > "$scratch/619.ckpk"
ckpt-align -q --canonical=exact "$in" > "$scratch/canonical.ckpk"
for other in 619 canonical; do
	cp "$in" "$scratch/live.ckpk"
	ckpt-align -q --to=mean $none --memory=1M "$scratch/live.ckpk" \
		2> "$scratch/err" &
	pid=$!
	# each pass opens one or the other
	while kill -0 $pid 2> /dev/null; do
		for file in $other 620; do
			cp "$scratch/$file.ckpk" "$scratch/new.ckpk"
			mv "$scratch/new.ckpk" "$scratch/live.ckpk"
		done
	done
	wait $pid
	[ $? = 2 ] || fail "inputs that change pass: $other"
	one_line
	says 'not the model that it was\|inputs have [a-z]* than the'
	[ -z "$(ls "$scratch" | grep '^none')" ] ||
		fail "half an output is there"
done
done_testing
