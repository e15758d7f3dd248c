#!/bin/sh
# Every tool has a man page that names exactly the options of its --help, and
# mandoc finds nothing wrong with it; --help fits in 80 columns.
set -u

bad=$(for source in "$srcdir"/tools/ckpt-*.c; do
	tool=$(basename "$source" .c)
	page=$srcdir/tools/$tool.1
	[ -r "$page" ] || { echo "$tool has no man page"; continue; }
	help=$("$builddir/tools/$tool" --help) || {
		echo "$tool --help fails"; continue; }
	printf '%s\n' "$help" | awk -v t="$tool" 'length($0) > 80 {
		print t " --help: a line of " length($0) " columns" }'
	in_help=$(printf '%s\n' "$help" |
		grep -o '^  *\(-[a-zA-Z], \)\?--[a-z0-9-]*' |
		grep -o -e '--[a-z0-9-]*' | sort -u)
	in_page=$(sed -n 's/^\.It Fl.* Fl -\([a-z0-9-]*\).*$/--\1/p
		s/^\.It Fl -\([a-z0-9-]*\).*$/--\1/p' "$page" | sort -u)
	[ "$in_help" = "$in_page" ] || echo "$tool: --help and the man page" \
		"differ in: $(printf '%s\n' "$in_help" "$in_page" |
		sort | uniq -u | tr '\n' ' ')"
	if command -v mandoc >/dev/null; then
		mandoc -T lint -W warning "$page" || echo "$tool.1: mandoc"
	fi
done)
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
