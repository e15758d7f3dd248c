#!/bin/sh
# ckpt-fetch: the models of what was fetched, as a pack stream: as ckpt-cat
# gives them, complete or marked as incomplete.
set -u
. "$srcdir/tests/cli/fetch_lib.sh"

tgz=$srcdir/fixtures/mnist-optunet-0-1023.tgz
mkdir -p "$work/www"
cp "$tgz" "$work/www/nets.tgz"
tar -xzf "$tgz" -C "$work" mnist-optunet-0-1023/version_7.safetensors
cp "$work/mnist-optunet-0-1023/version_7.safetensors" \
	"$work/www/one.safetensors"
(cd "$work/www" && ckpt-cat one.safetensors >one.ckpk) || fail "ckpt-cat"
start_nginx
ckpt-cat "$tgz" >"$work/nets.ckpk"

# An archive, a single file, a pack; to a pipe and to a file.
fetch "$nginx/nets.tgz" 2>"$work/err" | cmp - "$work/nets.ckpk" ||
	fail "the archive's models differ"
fetch -o "$work/out.ckpk" "file://$tgz" 2>"$work/err" ||
	fail "status of a file: URL"
cmp "$work/out.ckpk" "$work/nets.ckpk" || fail "-o FILE differs"
fetch "$nginx/one.safetensors" | cmp - "$work/www/one.ckpk" ||
	fail "one file differs"
fetch "$nginx/one.ckpk" | cmp - "$work/www/one.ckpk" || fail "a pack differs"
cache_is_empty || fail "the cache is not empty after success"

# Several URLs make one stream, in their order.
fetch "$nginx/one.ckpk" "$nginx/nets.tgz" | ckpt-cat -l | cut -f 2 >"$work/ids"
{ ckpt-cat -l "$work/www/one.ckpk"; ckpt-cat -l "$tgz" | tail -n +2; } |
	cut -f 2 | cmp - "$work/ids" || fail "two URLs, other models"

# If the second fails, the stream has no end.
fetch "$nginx/one.ckpk" "$nginx/nothing" >"$work/pipe" 2>"$work/err"
[ $? -eq 2 ] || fail "status of a second URL that fails"
grep -q "nothing: the server answered 404" "$work/err" || fail "no 404 named"
ckpt-cat -l "$work/pipe" >/dev/null 2>"$work/err2" &&
	fail "an incomplete stream is taken for whole"
[ -e "$cache/$(printf %s "$nginx/one.ckpk" | sha256sum | cut -c 1-64).part" ] ||
	fail "the first file is not kept for the next run"
fetch -o "$work/half" "$nginx/one.ckpk" "$nginx/nothing" 2>"$work/err"
[ $? -eq 2 ] || fail "status of a second URL that fails"
[ -z "$(ls "$work" | grep half)" ] || fail "half an output is there"
rm -r "$cache"

# A selection.
fetch --select='*/version_7.safetensors' --tensor='fc1.*' "$nginx/nets.tgz" |
	ckpt-cat -ll >"$work/list" || fail "a selection"
[ "$(grep -c version_7.safetensors "$work/list")" -eq 2 ] ||
	fail "not two tensors"
fetch --select=nobody "$nginx/nets.tgz" >"$work/pipe"
[ $? -eq 1 ] || fail "status if nothing is selected"
ckpt-cat "$work/pipe" | cmp - "$work/pipe" || fail "an empty pack"

# What holds no models, or broken ones, is said and not kept.
start_bad "$work/www/nets.tgz" "$work/www/one.ckpk"
not_models() {
	fetch -o "$work/out2" "$2" 2>"$work/err"
	[ $? -eq 2 ] || fail "no status 2 for $2"
	grep -q -e "$1" "$work/err" || fail "no \"$1\" for $2"
	grep -qF "$2" "$work/err" || fail "the URL is not named for $2"
	[ "$(wc -l <"$work/err")" -eq 1 ] || fail "not one line for $2"
	[ -z "$(ls "$work" | grep out2)" ] || fail "output of a failed $2"
	cache_is_empty || fail "the cache keeps $2"
}
not_models "HTML page" "$bad/html/0"
head -c 5000 /dev/urandom >"$work/www/junk"
not_models "not a pack" "$nginx/junk"
head -c 20000 "$work/nets.ckpk" >"$work/www/cut.ckpk"
not_models "byte 20000" "$nginx/cut.ckpk"
head -c 20000 "$tgz" >"$work/www/cut.tgz"
not_models "cut.tgz" "$nginx/cut.tgz"
exit 0
