# What the tests that make calls fail share. Sourced, not run.
shim=$builddir/tests/fault/.libs/shim.so

# needs_shim TOOL: skips the test where the shim cannot be preloaded.
needs_shim() {
	[ -r "$shim" ] || { echo "no shim"; exit 77; }
	# the sanitizers have an allocator of their own, which no shim replaces
	grep -q __asan_init "$(command -v "$1")" && no_malloc=1
	LD_PRELOAD=$shim "$1" --version > /dev/null 2>&1 ||
		{ echo "the shim cannot be preloaded"; exit 77; }
}
