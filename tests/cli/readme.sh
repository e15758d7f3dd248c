#!/bin/sh
# The commands that the README shows print what it shows.
. "$srcdir/tests/cli/cli.sh"

command -v python3 > /dev/null || { echo "python3 is missing"; exit 77; }
mkdir "$scratch/x" "$scratch/cache"
ln -s "$fixtures"/* "$scratch/x"
ln -s "$srcdir/arch" "$scratch/arch"
XDG_CACHE_HOME=$scratch/cache
export XDG_CACHE_HOME
python3 "$srcdir/tests/cli/session.py" "$srcdir/README.md" "$scratch/x" ||
	fail "the README shows something else"
done_testing
