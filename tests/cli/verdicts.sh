#!/bin/sh
# Of each vector of the pack ckpt-sum says what the vectors' README does: not
# a pack, newer, corrupt or truncated, in one line.
. "$srcdir/tests/cli/cli.sh"
vectors=$srcdir/format-spec/vectors
sed -n 's/^| \([a-z0-9-]*\.ckpk\) | \([a-z-]*\) |.*/\1 \2/p' \
	"$vectors/README.md" > "$scratch/list"
[ "$(wc -l < "$scratch/list")" -gt 90 ] || fail "no list of vectors"
while read -r file verdict; do
	base=$(sed -n "s/^| $file |.*, with \([a-z0-9-]*\.ckpk\) |.*/\1/p" \
	    "$vectors/README.md")
	if [ -n "$base" ]; then
		expect 2 ckpt-sum "$vectors/$file"
		says 'base tensor [0-9a-f]\{64\}: \|(corrupt; ckpt-pack '
	fi
	if [ "$verdict" = good ] && [ -n "$base" ]; then
		expect 0 ckpt-cat --base="$vectors/$base" -o "$scratch/whole" \
		    "$vectors/$file"
		continue
	fi
	if [ "$verdict" = good ]; then
		expect 0 ckpt-sum "$vectors/$file"
		continue
	fi
	expect 2 ckpt-sum "$vectors/$file"
	one_line
	case $verdict in
	not-a-pack) says ': not a pack' ;;
	newer | unsupported)
		says ': byte [0-9]*: .*(made by a newer version; ckpt-pack ' ;;
	corrupt) says ': byte [0-9]*: .*(corrupt; ckpt-pack ' ;;
	mismatch) says ': byte [0-9]*: .*ID' ;;
	truncated) says ': byte [0-9]*: .*\(cut off\|is empty\)' ;;
	*) fail "$file: the verdict $verdict" ;;
	esac
done < "$scratch/list"
done_testing
