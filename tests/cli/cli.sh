# What the tests of the tools share. Sourced, not run.

fixtures=$srcdir/fixtures
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ckpt-test.XXXXXX") || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' INT TERM HUP
failures=0

# fail TEXT: notes a failure and goes on.
fail() {
	echo "FAIL: $*"
	failures=$((failures + 1))
}

# expect STATUS COMMAND...: runs it with stdout in $scratch/out and stderr in
# $scratch/err, and compares the exit status.
expect() {
	wanted=$1
	shift
	"$@" > "$scratch/out" 2> "$scratch/err"
	found=$?
	[ "$found" = "$wanted" ] || {
		fail "status $found, expected $wanted: $*"
		sed 's/^/	/' "$scratch/err"
	}
}

# says PATTERN: the last command's stderr has a line that matches.
says() {
	grep -q -e "$1" "$scratch/err" || {
		fail "stderr does not say: $1"
		sed 's/^/	/' "$scratch/err"
	}
}

# prints PATTERN: the last command's stdout has a line that matches.
prints() {
	grep -q -e "$1" "$scratch/out" || fail "stdout does not say: $1"
}

# one_line: bad input gave one line on stderr.
one_line() {
	[ "$(wc -l < "$scratch/err")" = 1 ] || {
		fail "expected one line on stderr"
		sed 's/^/	/' "$scratch/err"
	}
}

# done_testing: exits with the result.
done_testing() {
	[ "$failures" = 0 ] || echo "$failures failures"
	[ "$failures" = 0 ]
	exit
}
