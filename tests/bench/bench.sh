# What the benches share: a scratch directory, the measuring, the table's row.
# Sourced, not run. Each row: work, measured, peer, target, verdict.

export LC_ALL=C
measure="python3 $srcdir/tests/bench/measure.py"
fixtures=$srcdir/fixtures
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ckpt-bench.XXXXXX") || exit 2
trap 'rm -rf "$scratch"' EXIT
trap 'exit 2' INT TERM HUP

# row WORK MEASURED PEER TARGET: one line of the table.
row() {
	printf '%-52s  %-22s  %-30s  %s\n' "$1" "$2" "$3" "$4"
}

# wall [--runs=N] COMMAND: median wall seconds.
wall() {
	$measure "$@" | cut -d ' ' -f 1
}

# calc EXPRESSION: a number to four digits.
calc() {
	awk "BEGIN { printf \"%.4g\", $1 }"
}
