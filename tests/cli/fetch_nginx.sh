#!/bin/sh
# ckpt-fetch from a real nginx: whole files, resuming after kill -9, a file
# that changes, the cache, https, a proxy, and file: URLs.
set -u
. "$srcdir/tests/cli/fetch_lib.sh"
need nginx openssl

mkdir -p "$work/www"
head -c 3000000 /dev/urandom >"$work/www/data"
want=$work/www/data
hash=$(sha256 "$want")
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
	-addext subjectAltName=IP:127.0.0.1 -keyout "$work/key" \
	-out "$work/cert" 2>/dev/null || fail "no certificate"
start_nginx "" "server { listen 127.0.0.1:TLS_PORT ssl; root $work/www;
	ssl_certificate $work/cert; ssl_certificate_key $work/key; }"

# The whole, to a file and to a pipe.
fetch_ok "$nginx/data"
cache_is_empty || fail "the cache is not empty after success"
fetch --raw "$nginx/data" "$nginx/data" | cat >"$work/twice"
cat "$want" "$want" | cmp - "$work/twice" || fail "two URLs, other bytes"
: >"$work/www/none"
want=$work/www/none
fetch_ok "$nginx/none"
want=$work/www/data

# kill -9 in the middle: only the rest is asked for, if it is the same file.
start_and_kill() {
	rm -f "$work/out"
	ckpt-fetch --raw --limit-rate=400K -o "$work/out" "$nginx/data" \
		2>"$work/err" &
	pid=$!
	until_true sh -c "[ \$(cat '$cache'/*.part | wc -c) -ge 100000 ]"
	kill -9 $pid
	wait $pid 2>/dev/null
	[ ! -e "$work/out" ] || fail "output before the file is complete"
	done=$(cat "$cache"/*.part | wc -c)
	[ "$done" -lt 3000000 ] || fail "killed too late for this test"
	cmp -n "$done" "$want" "$cache"/*.part || fail "wrong partial file"
}
start_and_kill
fetch_ok --sha256="$hash" "$nginx/data"
tail -n 1 "$work/nginx.log" | grep -q \
	"^/data 206 $((3000000 - done)) bytes=$done- .x22" ||
	fail "not the rest after byte $done: $(tail -n 1 "$work/nginx.log")"
cache_is_empty || fail "the cache is not empty after success"

# After a crash of the system only what was synced is believed.
start_and_kill
sed -i 's/"boot": .*/"boot": "another",/; s/"bytes": .*/"bytes": 1000,/' \
	"$cache"/*.json
head -c 1000 "$want" >"$work/part"
tail -c +1001 "$cache"/*.part | tr '\000-\377' '\000' >>"$work/part"
cat "$work/part" >"$(ls "$cache"/*.part)"
fetch_ok "$nginx/data"
tail -n 1 "$work/nginx.log" | grep -q ' 206 2999000 bytes=1000- ' ||
	fail "bytes that were not synced are believed"

start_and_kill
head -c 2500000 /dev/urandom >"$work/www/data"
fetch_ok "$nginx/data"
tail -n 2 "$work/nginx.log" | cut -d' ' -f2 | tr '\n' ' ' |
	grep -q '^412 200 ' || fail "no restart on 412"
start_and_kill
grep -q '"etag"' "$cache"/*.json || fail "no validator is kept"
printf '{"version": 1, "url": ' >"$cache"/$(ls "$cache" | grep json)
fetch_ok "$nginx/data"

# A complete entry: proved by its hash without a request, or by the server.
hash=$(sha256 "$want")
fetch_ok --keep-cache "$nginx/data"
grep -q '"bytes": 2500000' "$cache"/*.json || fail "not settled"
cache_is_empty && fail "--keep-cache keeps nothing"
n=$(wc -l <"$work/nginx.log")
fetch_ok --keep-cache --sha256="$hash" "$nginx/data"
[ "$(wc -l <"$work/nginx.log")" -eq "$n" ] || fail "a needless request"
fetch_ok --keep-cache "$nginx/data"
tail -n 1 "$work/nginx.log" | grep -q '^/data 304 0 ' || fail "no 304"
head -c 2000000 /dev/urandom >"$work/www/data"
fetch_ok "$nginx/data"
cache_is_empty || fail "the cache is not empty after success"

# A file that is not there, and one not complete: nothing on the pipe.
fetch_bad "the server answered 404 Not Found" "$nginx/nothing"
fetch --raw "$nginx/data" "$nginx/nothing" >"$work/pipe" 2>"$work/err"
[ $? -eq 2 ] || fail "status of a second URL that fails"
cmp "$want" "$work/pipe" || fail "the first of two files is not given out"
fetch --raw --sha256="$hash" "$nginx/data" >"$work/pipe" 2>"$work/err"
[ $? -eq 2 ] || fail "status of a wrong hash"
[ ! -s "$work/pipe" ] || fail "bytes with a wrong hash are given out"

# https: refused without the certificate, as curl.
fetch_bad "certificate" "$tls/data"
fetch_ok --cacert="$work/cert" "$tls/data"
fetch_ok -k "$tls/data"
mkdir "$work/capath"
cp "$work/cert" \
	"$work/capath/$(openssl x509 -hash -noout -in "$work/cert").0"
fetch_ok --capath="$work/capath" "$tls/data"
CURL_CA_BUNDLE=$work/cert
export CURL_CA_BUNDLE
fetch_ok "$tls/data"
unset CURL_CA_BUNDLE

# Through a proxy: nginx is given a whole URL and does not mind.
before=$(wc -l <"$work/nginx.log")
fetch_ok -x "$nginx" "http://nowhere.invalid/data"
http_proxy=$nginx fetch_ok "http://nowhere.invalid/data"
[ "$(wc -l <"$work/nginx.log")" -eq $((before + 2)) ] ||
	fail "the proxy was not used"
http_proxy=http://127.0.0.1:1 fetch_ok --noproxy=127.0.0.1 "$nginx/data"

# The rate is limited.
start=$(date +%s%N)
fetch_ok --limit-rate=1M "$nginx/data"
[ $(($(date +%s%N) - start)) -ge 500000000 ] || fail "--limit-rate is ignored"

# file: URLs, in place.
hash=$(sha256 "$want")
cp "$want" "$work/a b"
fetch_ok "file://$work/a%20b#sha256=$hash"
[ -e "$work/a b" ] || fail "the file of a file: URL is removed"
wrong=$(sha256 "$work/cert")
fetch_bad "the SHA-256 is $hash, expected $wrong" --sha256="$wrong" \
	"file://$work/a%20b"
fetch_bad "No such file" "file://$work/nothing"
fetch_bad "not a regular file" "file://$work"

# What is no URL is refused with a hint.
fetch_bad "is read by ckpt-cat" "$work/a b"
fetch_bad "s3: is not supported; expected a file:, http: or https: URL" \
	s3://bucket/key
fetch_bad "expected 64 lower-case hex digits" --sha256=abc "$nginx/data"
fetch_bad "1 --sha256 for 2 URLs" --sha256="$hash" "$nginx/a" "$nginx/b"
exit 0
