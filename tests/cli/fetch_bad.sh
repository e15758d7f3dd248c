#!/bin/sh
# ckpt-fetch against a server that misbehaves: what passes is borne, what
# does not is said, and nothing wrong is ever given out.
set -u
. "$srcdir/tests/cli/fetch_lib.sh"

head -c 100000 /dev/urandom >"$work/data"
head -c 100000 /dev/urandom >"$work/other"
want=$work/data
start_bad "$work/data" "$work/other"
hash=$(sha256 "$work/data")

# The connection is cut: the rest is asked for, and only that.
fetch_ok "$bad/cut-once/30000/a"
[ "$(bad_log /cut-once/30000/a)" = '200 - - -
206 bytes=30000- If-Match:"v1" -' ] || fail "not resumed with If-Match"
cache_is_empty || fail "the cache is not empty after success"

# Each response is cut; what was gained stays between two runs.
fetch_bad "(2 tries)" --retry=1 "$bad/cut/30000/b"
[ "$(cat "$cache"/*.part | wc -c)" -eq 60000 ] || fail "no 60000 bytes kept"
fetch_ok --retry=1 "$bad/cut/30000/b"
[ "$(bad_log /cut/30000/b | tail -n 1)" = \
	'206 bytes=90000- If-Match:"v1" -' ] || fail "not resumed at 90000"

# A Last-Modified that can be trusted does instead of an ETag.
fetch_ok "$bad/dated/30000/c"
bad_log /dated/30000/c | grep -q \
	'^206 bytes=30000- If-Unmodified-Since:Mon,_02_Jan' ||
	fail "not resumed with If-Unmodified-Since"

# Without a validator nothing is resumed, unless the hash proves it.
for how in bare weak fresh; do
	fetch_ok "$bad/$how/30000/d"
	[ "$(bad_log /$how/30000/d)" = '200 - - -
200 - - -' ] || fail "$how: resumed blindly"
	fetch_ok --sha256="$hash" "$bad/$how/30000/e"
	[ "$(bad_log /$how/30000/e)" = '200 - - -
206 bytes=30000- - -' ] || fail "$how: not resumed with a hash"
done

# Ranges are ignored: from the start again.
fetch_ok "$bad/ignores/30000/f"

# The file changes between two tries.
want=$work/other
fetch_ok "$bad/changes/30000/g"
[ "$(bad_log /changes/30000/g | cut -d' ' -f1 | tr '\n' ' ')" = \
	'200 412 200 ' ] || fail "no restart on 412"
fetch_ok "$bad/changes-deaf/30000/h"
[ "$(bad_log /changes-deaf/30000/h | cut -d' ' -f1 | tr '\n' ' ')" = \
	'200 206 200 ' ] || fail "another ETag is not noticed"
fetch_ok --sha256="$(sha256 "$work/other")" "$bad/changes-mute/30000/i"
[ "$(bad_log /changes-mute/30000/i | cut -d' ' -f1 | tr '\n' ' ')" = \
	'200 206 200 ' ] || fail "the hash does not show the change"
want=$work/data

# The rest is always wrong: once more from the start, and no more than that.
fetch_bad "the SHA-256 is" --sha256="$hash" "$bad/lies/30000/x"
[ "$(bad_log /lies/30000/x | cut -d' ' -f1 | tr '\n' ' ')" = \
	'200 206 200 206 ' ] || fail "wrong parts are fetched for ever"
cache_is_empty || fail "parts that do not fit are kept"

# A 206 of another part, of another file, or out of the blue.
fetch_ok "$bad/shifted/30000/j"
fetch_ok "$bad/total/30000/k"
[ "$(bad_log /total/30000/k | cut -d' ' -f1 | tr '\n' ' ')" = \
	'200 206 200 ' ] || fail "another length is not noticed"
fetch_ok "$bad/unasked/0/l"

# Wrong lengths.
fetch_bad "announced 100005 bytes and has 100000" --retry=3 "$bad/long/5/m"
fetch_bad "the SHA-256 is" --sha256="$hash" "$bad/short/5/n"
cache_is_empty || fail "what has a wrong hash is kept"
fetch_ok "$bad/chunked/30000/o"
fetch_ok "$bad/endless/0/p"
grep -q 'states no length' "$work/err" || fail "no word of a missing length"

# The hash is wrong: both are named, the entry goes, nothing comes out.
wrong=$(sha256 "$work/other")
fetch_bad "the SHA-256 is $hash, expected $wrong" --sha256="$wrong" \
	"$bad/good"
cache_is_empty || fail "what has a wrong hash is kept"
fetch_bad "expected $wrong" "$bad/good#sha256=$wrong"
fetch_ok "$bad/good#sha256=$hash"
fetch_bad "(what came is an HTML page)" --sha256="$hash" "$bad/html/0"
cache_is_empty || fail "an HTML page is kept"
fetch_bad "this is an HTML page" "$bad/html/0"
cache_is_empty || fail "an HTML page is kept"
fetch --raw "$bad/html/0/page.html" | grep -q Sorry ||
	fail "a page that was asked for"

# Statuses: what may pass is tried again, what does not is said at once.
for status in 400 401 403 404 410 416 451 501; do
	fetch_bad "answered $status" "$bad/status/$status"
	[ "$(bad_log /status/$status | wc -l)" -eq 1 ] ||
		fail "$status is tried again"
done
fetch_ok --retry=7 "$bad/unwell/7/q"
[ "$(bad_log /unwell/7/q | wc -l)" -eq 8 ] || fail "not 8 tries"
fetch_bad "answered 500 Internal Server Error (2 tries)" --retry=1 \
	"$bad/unwell/7/r"
fetch_bad "answered 503 Service Unavailable" --retry=0 "$bad/unwell/7/s"
cache_is_empty || fail "an entry without bytes is kept"
fetch_ok "$bad/empty/0/t"
fetch_bad "HTTP/0.9" "$bad/garbage/0/t"

# Retry-After, in seconds and as a date; not beyond --retry-max-time.
for how in later later-date; do
	start=$(date +%s%N)
	fetch_ok "$bad/$how/1/u"
	[ $(($(date +%s%N) - start)) -ge 950000000 ] ||
		fail "$how: Retry-After is ignored"
done
fetch_bad "the next try would be in 100 s" --retry-max-time=5 \
	"$bad/later/100/v"

# A stall is a failure like others.
fetch_ok --speed-limit=1000 --speed-time=1 "$bad/trickle/300/w"
bad_log /trickle/300/w | grep -q '^206 bytes=3' || fail "stall: no resume"

# Redirects: no loop, no other protocol, no password for others.
fetch_bad "redirects" "$bad/loop/0"
[ "$(bad_log /loop/0 | wc -l)" -eq 11 ] || fail "not ten redirects"
fetch_bad "rotocol \"file\"" "$bad/file/0"
fetch_ok -u me:secret -H "Authorization: Bearer token" "$bad/away/$port"
grep -q "^/away/$port 302 - - Bearer_token" "$work/bad.log" ||
	fail "no Authorization for the server that was named"
grep -q '^/good 200 - - -$' "$work/bad.log" ||
	fail "Authorization for another server"
grep '^/good .*token' "$work/bad.log" && fail "the token went to another"

# Nobody listens.
closed=$(free_port)
fetch_bad "(3 tries)" --retry=2 "http://127.0.0.1:$closed/x"
cache_is_empty || fail "something is left in the cache"
exit 0
