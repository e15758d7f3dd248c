#!/bin/sh
# Of each vector of the pack ckpt-sum says what the vectors' README does: not
# a pack, newer, corrupt or truncated, in one line.
. "$srcdir/tests/cli/cli.sh"
vectors=$srcdir/format-spec/vectors
sed -n 's/^| \([a-z0-9-]*\.ckpk\) | \([a-z-]*\) |.*/\1 \2/p' \
	"$vectors/README.md" > "$scratch/list"
[ "$(wc -l < "$scratch/list")" -gt 90 ] || fail "no list of vectors"
while read -r file verdict; do
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
