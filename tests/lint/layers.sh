#!/bin/sh
# Each folder of lib/ includes only what stands left of it, and of another
# folder only its one public header.
set -u
cd "$srcdir/lib" || exit 99

allowed() {
	case $1 in
	base) echo base ;;
	id) echo base id ;;
	codec) echo base id codec ;;
	graph) echo base id codec graph ;;
	sym) echo base id codec graph sym ;;
	pack) echo base id codec graph sym pack ;;
	store) echo base id codec graph sym pack store ;;
	foreign) echo base id foreign ;;
	match) echo base id codec graph sym match ;;
	nn) echo base id codec graph sym nn ;;
	stats) echo base stats ;;
	remote) echo base id codec graph sym pack store remote ;;
	*) echo ;;
	esac
}

bad=$(for dir in */; do
	dir=${dir%/}
	ok=" $(allowed "$dir") "
	grep -Hn '^#include "' "$dir"/*.[ch] 2>/dev/null |
	while IFS=: read -r file line include; do
		header=$(printf '%s' "$include" | cut -d'"' -f2)
		case $header in
		ckpt.h | config.h) continue ;;
		*/*) ;;
		*) echo "$file:$line: $header is named without its folder"
		   continue ;;
		esac
		from=${header%%/*}
		case $ok in
		*" $from "*) ;;
		*) echo "$file:$line: $dir may not include $header" ;;
		esac
		[ "$from" = "$dir" ] || [ "$header" = "$from/$from.h" ] ||
			echo "$file:$line: $header is private to $from"
	done
done)
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
