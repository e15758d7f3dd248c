#!/bin/sh
# A file exports only its own prefix: the first word of its name, the name of
# its folder, or ckpt_; and libckpt.so exports what ckpt.h declares.
set -u
command -v nm >/dev/null || { echo "nm is missing"; exit 77; }

bad=$(find "$builddir/lib" "$builddir/tools" -name '*.o' ! -path '*/.libs/*' |
while read -r object; do
	name=$(basename "$object" .o)
	name=${name##*-}                      # libcore_la-buf.o
	case $object in
	*/tools/*) folder=cli ;;
	*) folder=$(basename "$(dirname "$object")") ;;
	esac
	nm -g --defined-only "$object" 2>/dev/null |
	awk -v own="${name%%_*}_" -v dir="${folder}_" -v object="$object" '
		NF == 3 && $3 != "main" && $3 !~ /^__(asan|odr|start|stop)/ &&
		$3 !~ /^_Z?N?_?(asan|ubsan)/ &&
		index($3, own) != 1 && index($3, dir) != 1 &&
		index($3, "ckpt_") != 1 {
			print object ": exports " $3 }'
done)

# Public functions: declared, defined and exported, all three.
so=$(find "$builddir/lib/.libs" -name 'libckpt.so' 2>/dev/null | head -n 1)
if [ -n "$so" ]; then
	declared=$(sed -n 's/^.*[ *]\(ckpt_[a-z0-9_]*\)(.*$/\1/p' \
		"$srcdir/lib/ckpt.h" | grep -v '^ckpt_status$' | sort -u)
	exported=$(nm -D --defined-only "$so" | awk '$2 == "T" {
		sub(/@.*/, "", $3); print $3 }' | sort -u)
	[ "$declared" = "$exported" ] || bad="$bad
ckpt.h declares and libckpt.so exports different functions:
$(printf '%s\n' "$declared" "$exported" | sort | uniq -u)"
fi
[ -z "$bad" ] || { printf '%s\n' "$bad"; exit 1; }
