#!/bin/sh
# The examples of the man page of ckpt-fetch work, with a real server in the
# place of https://host.
set -u
. "$srcdir/tests/cli/fetch_lib.sh"

mkdir -p "$work/www" "$work/cwd"
cp "$srcdir/fixtures/mnist-optunet-0-1023.tgz" "$work/www/nets.tgz"
ckpt-cat "$work/www/nets.tgz" >"$work/www/nets.ckpk" || fail "ckpt-cat"
hash=$(sha256 "$work/www/nets.tgz")
label=mnist-optunet-0-1023/version_7.safetensors
start_nginx

sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/s/^\.Dl \(ckpt-fetch .*\)/\1/p' \
	"$srcdir/tools/ckpt-fetch.1" | sed "s|https://host|$nginx|
	s|file:///srv|file://$work/www|; s|HEX|$hash|; s|LABEL|$label|" \
	>"$work/examples"
[ "$(wc -l <"$work/examples")" -ge 4 ] || fail "no examples found"
cd "$work/cwd" || exit 99
while read -r line; do
	sh -ec "$line" >"$work/printed" 2>"$work/err" || fail "status of: $line"
done <"$work/examples"
cmp nets.tgz "$work/www/nets.tgz" || fail "--raw differs"
[ "$(ckpt-cat -l canon.ckpk | wc -l)" -eq 1025 ] || fail "not 1024 models"
ckpt-cat -ll one.ckpk | grep -q 'fc1.weight' || fail "no tensor"
exit 0
