#!/bin/sh
# A program that knows only ckpt.h and `pkg-config libckpt` builds and runs.
set -u
command -v pkg-config >/dev/null || { echo "pkg-config is missing"; exit 77; }
command -v cc >/dev/null || { echo "cc is missing"; exit 77; }
libs=$builddir/lib/.libs
[ -e "$libs/libckpt.so" ] || { echo "no shared library"; exit 77; }
nm -D "$libs/libckpt.so" | grep -q '__asan' &&
	{ echo "needs the sanitizers' runtime"; exit 77; }
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ckpt-test.XXXXXX") || exit 99
trap 'rm -rf "$scratch"' EXIT

PKG_CONFIG_PATH=$builddir/lib${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
flags=$(pkg-config --define-variable=includedir="$srcdir/lib" \
	--define-variable=libdir="$libs" --cflags --libs libckpt) ||
	{ echo "pkg-config does not know libckpt"; exit 1; }
cat > "$scratch/use.c" <<'END'
#include <ckpt.h>
#include <stdio.h>
#include <unistd.h>

int
main(void)
{
	const uint64_t dims[1] = { 2 };
	const float data[2] = { 1, 2 };
	const struct ckpt_tensor t = { "w", CKPT_F32, 1, dims, 0 };
	struct ckpt_error err = { CKPT_OK };
	struct ckpt_writer *w;

	if (ckpt_writer_open(STDOUT_FILENO, 1, &w, &err) != CKPT_OK)
		return (1);
	if (ckpt_writer_begin(w, "one", &t, 1, NULL, NULL, 0, &err) !=
	    CKPT_OK || ckpt_writer_write(w, data, sizeof(data), &err) !=
	    CKPT_OK || ckpt_writer_end(w, &err) != CKPT_OK) {
		ckpt_writer_abort(w);
		return (1);
	}
	if (ckpt_writer_close(w, &err) != CKPT_OK)
		return (1);
	(void)fprintf(stderr, "%s\n", ckpt_version());
	return (0);
}
END
# shellcheck disable=SC2086 # the flags are words
cc -Wall -Werror -o "$scratch/use" "$scratch/use.c" $flags || exit 1
LD_LIBRARY_PATH=$libs "$scratch/use" > "$scratch/one.ckpk" \
	2> "$scratch/version" || exit 1
[ "$(cat "$scratch/version")" = "$(pkg-config --modversion libckpt)" ] ||
	{ echo "another version than pkg-config says"; exit 1; }
id=$({ printf 'ckpt model 1\n%s  w\n' "$({ printf 'ckpt tensor 1\nf32\n2\n'
	printf '\0\0\200\77\0\0\0\100'; } | sha256sum | cut -c 1-64)"
	} | sha256sum | cut -c 1-64)
[ "$(ckpt-sum "$scratch/one.ckpk")" = "$id  one" ] ||
	{ echo "ckpt-sum: $(ckpt-sum "$scratch/one.ckpk")"; exit 1; }
