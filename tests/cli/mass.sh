#!/bin/sh
# ckpt-eval --mass and ckpt-align --scale=min-mass: columns, the result's own
# mass, threads, dead units, weights that are not finite, usage.
. "$srcdir/tests/cli/cli.sh"
tgz=$fixtures/mnist-optunet-0-1023.tgz
mlp=$fixtures/mlp
tool="python3 $srcdir/tests/cli/align_tool.py"
tab=$(printf '\t')

# the table of the collection: every model has a certificate, and a mass that
# lies some percent above the least
expect 0 ckpt-eval -q --mass "$tgz"
cp "$scratch/out" "$scratch/before"
awk -F '\t' 'NR == 1 { exit $0 != "label\tmass\tleast_mass\texcess_percent" \
	"\tcertificate" }' "$scratch/before" || fail "the columns"
awk -F '\t' 'NR > 1 && (NF != 5 || !($5 <= 1e-9) || !($4 > 0) || \
	!($3 < $2) || !($4 - 100 * ($2 / $3 - 1) < 1e-5)) { print; bad = 1 }
	END { exit bad || NR != 1025 }' "$scratch/before" ||
	fail "the numbers"

# the plot
expect 0 ckpt-eval -q --mass --plot="$scratch/mass.svg" "$tgz"
cmp "$scratch/out" "$scratch/before" || fail "--plot: another table"
python3 "$srcdir/tests/cli/stats_tool.py" svg "$scratch/mass.svg" ||
	fail "not well-formed XML"
grep -q '1,024 models' "$scratch/mass.svg" || fail "not all are drawn"

# rescaled to their least masses: the same least, and nothing above it
expect 0 ckpt-align -q --scale=min-mass -o "$scratch/least.ckpk" \
	--report="$scratch/report" "$tgz"
expect 0 ckpt-eval -q --mass "$scratch/least.ckpk"
cut -f 3 "$scratch/before" > "$scratch/a"
paste "$scratch/out" "$scratch/a" | awk -F '\t' 'NR > 1 && \
	(!($4 < 1e-9) || !($2 <= $6 * (1 + 1e-6)) || \
	!($2 >= $6 * (1 - 1e-6))) { print; bad = 1 }
	END { exit bad || NR != 1025 }' || fail "the least is not reached"
awk -F '\t' 'NR > 1 && ($2 != "min-mass" || $6 > 1e-4 * (1 + $8)) {
	print; bad = 1 } END { exit bad || NR != 1025 }' "$scratch/report" ||
	fail "the function changes"
paste "$scratch/before" "$scratch/report" | awk -F '\t' 'NR > 1 && \
	($2 != $9 || $3 != $10) { print; bad = 1 } END { exit bad }' ||
	fail "the report's masses are others"

# it rounds: no way back
rm -f "$scratch/none.ckpk"
expect 2 ckpt-align --restore -o "$scratch/none.ckpk" "$scratch/least.ckpk"
one_line
says 'scale=min-mass rounds'
[ ! -e "$scratch/none.ckpk" ] || fail "a refused output is there"

# any number of threads
for j in 1 3; do
	ckpt-eval -q -j$j --mass --by-layer "$tgz" > "$scratch/t$j" ||
		fail "-j$j"
	ckpt-align -q -j$j --scale=min-mass "$tgz" > "$scratch/p$j" ||
		fail "-j$j"
done
cmp "$scratch/t1" "$scratch/t3" || fail "-j changes the table"
cmp "$scratch/p1" "$scratch/p3" || fail "-j changes the models"

# by layer: in a chain all layers come to weigh the same; they sum up
expect 0 ckpt-eval -q --mass --by-layer "$mlp"
awk -F '\t' '
	NR == 1 { next }
	$2 == "(all)" { check(); all = $3; least = $4; m = l = n = 0; next }
	{ m += $3; l += $4; n++; if ($4 / least > 0.2500001 || \
	    $4 / least < 0.2499999) { print; bad = 1 } }
	function check() {
		if (all != "" && (n != 4 || m / all > 1.0000001 || \
		    m / all < 0.9999999 || l / least > 1.0000001)) {
			print "sums of " m " and " l; bad = 1 }
	}
	END { check(); exit bad || NR != 11 }' "$scratch/out" ||
	fail "--by-layer"

# biases: they count on request, and weigh something
ckpt-eval -q --mass "$mlp" | cut -f 2,3 > "$scratch/a"
ckpt-eval -q --mass --with-bias "$mlp" | cut -f 2,3 > "$scratch/b"
paste "$scratch/a" "$scratch/b" | awk -F '\t' 'NR > 1 && \
	(!($3 > $1) || !($4 > $2)) { print; bad = 1 } END { exit bad }' ||
	fail "--with-bias"
expect 0 ckpt-align -q --scale=min-mass --with-bias -o "$scratch/b.ckpk" \
	"$mlp"
ckpt-eval -q --mass --with-bias "$scratch/b.ckpk" |
	awk -F '\t' 'NR > 1 && !($4 < 1e-9) { print; bad = 1 }
	END { exit bad }' || fail "--with-bias is not at its least"

# with the paper's order
expect 0 ckpt-align -q --canonical=paper --scale=min-mass \
	-o "$scratch/p.ckpk" "$mlp"
expect 0 ckpt-eval -q --mass "$scratch/p.ckpk"
awk -F '\t' 'NR > 1 && !($4 < 1e-9) { bad = 1 } END { exit bad }' \
	"$scratch/out" || fail "the paper's order is not at the least mass"
ckpt-cat -l "$scratch/p.ckpk" | cut -f 1,2 > "$scratch/a"
ckpt-align -q --canonical=paper --scale=none "$scratch/p.ckpk" |
	ckpt-cat -l | cut -f 1,2 | cmp - "$scratch/a" ||
	fail "the paper's order is not the order"

# tanh admits no scale: the mass is the least
expect 0 ckpt-eval -q --mass --arch=lenet5-tanh "$fixtures/lenet5-tanh"
awk -F '\t' 'NR > 1 && ($4 != "0" || $5 != "0") { print; bad = 1 }
	END { exit bad || NR != 5 }' "$scratch/out" || fail "tanh"

# a dead unit: named, as it was, and not counted as live
mkdir "$scratch/one"
tar -xzf "$tgz" -C "$scratch/one" --strip-components=1 --wildcards \
	'*/version_7.safetensors'
v7=$scratch/one/version_7.safetensors
$tool fill "$v7" "$scratch/dead.safetensors" conv2.weight 50 25 0
expect 0 ckpt-eval --mass --arch=optunet "$scratch/dead.safetensors"
one_line
says 'dead.safetensors: 1 of 12 units .*: conv2.weight\[2\]$'
awk -F '\t' 'NR == 2 { exit !($5 <= 1e-9 && $4 > 0) }' "$scratch/out" ||
	fail "a dead unit spoils the rest"
expect 0 ckpt-align --scale=min-mass --arch=optunet \
	-o "$scratch/d.ckpk" "$scratch/dead.safetensors"
says 'conv2.weight\[2\]$'
ckpt-eval -q --mass "$scratch/d.ckpk" |
	awk -F '\t' 'NR == 2 { exit !($4 < 1e-9) }' ||
	fail "with a dead unit the least is not reached"

# not finite: named; no row of numbers, no model
for value in nan inf; do
	$tool set "$v7" "$scratch/bad.safetensors" fc1.weight 17 $value
	expect 1 ckpt-eval --mass --arch=optunet "$scratch/bad.safetensors" \
		"$v7"
	one_line
	says 'bad.safetensors: element 17 of the tensor "fc1.weight"'
	[ "$(grep -c "${tab}nan${tab}nan${tab}nan${tab}nan$" \
		"$scratch/out")" = 1 ] || fail "a row of nan is expected"
	[ "$(wc -l < "$scratch/out")" = 3 ] || fail "the others go on"
	expect 2 ckpt-align --scale=min-mass --arch=optunet \
		-o "$scratch/none.ckpk" "$scratch/bad.safetensors"
	one_line
	says 'bad.safetensors: element 17 of the tensor "fc1.weight"'
	[ ! -e "$scratch/none.ckpk" ] || fail "a refused output is there"
	# a bias takes no part
	$tool set "$v7" "$scratch/bias.safetensors" fc1.bias 1 $value
	expect 0 ckpt-eval -q --mass --arch=optunet \
		"$scratch/bias.safetensors"
	expect 1 ckpt-eval --mass --with-bias --arch=optunet \
		"$scratch/bias.safetensors"
	says 'element 1 of the tensor "fc1.bias"'
done

# several schemas in a stream; JSON; no models
expect 0 ckpt-eval -q --mass --json "$v7" "$mlp"
python3 -c 'import json, sys
rows = [json.loads(line) for line in sys.stdin]
assert len(rows) == 3 and list(rows[0]) == ["label", "mass", "least_mass",
    "excess_percent", "certificate"], rows
assert all(0 < r["least_mass"] < r["mass"] for r in rows), rows' \
	< "$scratch/out" || fail "--json"
: > "$scratch/empty.tar"
expect 2 ckpt-eval -q --mass "$scratch/empty.tar"

# usage
expect 2 ckpt-eval --mass --ensemble "$v7"
expect 2 ckpt-eval --mass --order "$v7"
expect 2 ckpt-eval --by-layer "$v7"
expect 2 ckpt-align --canonical=exact --scale=min-mass "$v7"
expect 2 ckpt-align --to="$v7" --scale=min-mass "$v7"
expect 2 ckpt-align --canonical=paper --with-bias "$v7"
done_testing
