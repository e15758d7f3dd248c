#!/bin/sh
# ckpt-fetch reads a part of a pack in place: one tensor of one model costs
# three requests.
set -u
. "$srcdir/tests/cli/fetch_lib.sh"
need nginx python3

# 40 models of 192 KiB of noise, which fill more than the tail.
mkdir -p "$work/www" "$work/models"
python3 - "$work/models" <<'PY'
import json, os, struct, sys
for i in range(40):
    header, at = {}, 0
    for name, n in (("a.weight", 32768), ("b.weight", 16384)):
        header[name] = {"dtype": "F32", "shape": [n],
                        "data_offsets": [at, at + 4 * n]}
        at += 4 * n
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open("%s/m%d.safetensors" % (sys.argv[1], i), "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + os.urandom(at))
PY
(cd "$work/models" && ckpt-cat --group=4 . >"$work/www/all.ckpk") ||
	fail "ckpt-cat"
start_nginx

# requests COMMAND: runs it, and leaves its requests in $work/requests.
requests() {
	before=$(wc -l <"$work/nginx.log")
	"$@" >"$work/got" 2>"$work/err" || fail "status $? of $*"
	tail -n +$((before + 1)) "$work/nginx.log" >"$work/requests"
}

label=$(ckpt-cat -l "$work/www/all.ckpk" | sed -n 14p | cut -f 1)
ckpt-cat --select="$label" --tensor=b.weight "$work/www/all.ckpk" \
	>"$work/expected"
requests fetch --select="$label" --tensor=b.weight "$nginx/all.ckpk"
cmp "$work/expected" "$work/got" || fail "another tensor"
[ "$(wc -l <"$work/requests")" -eq 3 ] ||
	fail "not three requests: $(cat "$work/requests")"
head -n 1 "$work/requests" | grep -q '^/all.ckpk 206 1048576 bytes=-1048576 ' ||
	fail "the first is not of the tail: $(head -n 1 "$work/requests")"
cut -d' ' -f2 "$work/requests" | grep -v 206 && fail "not by ranges"
[ "$(tail -n 2 "$work/requests" | grep -c x22)" -eq 2 ] ||
	fail "the ranges are not conditional"
n=$(awk '{ n += $3 } END { print n - 1048576 }' "$work/requests")
[ "$n" -le 300000 ] || fail "$n bytes for a tensor of 65536"
cache_is_empty || fail "ranges fill the cache"

# By glob, by model ID, a tensor of all: as ckpt-cat selects.
id=$(ckpt-cat -l "$work/www/all.ckpk" | sed -n 30p | cut -f 2 | cut -c 1-12)
for options in "--select=*3.safetensors" "--select=$id" \
    "--select=$id --tensor=a.*" "--tensor=b.weight" "--select=*/m1* --tensor=a*"
do
	ckpt-cat $options "$work/www/all.ckpk" >"$work/expected"
	requests fetch $options "$nginx/all.ckpk"
	cmp "$work/expected" "$work/got" || fail "$options: another selection"
	cut -d' ' -f2 "$work/requests" | grep -v 206 &&
		fail "$options: not by ranges"
done
fetch --select=nobody "$nginx/all.ckpk" >"$work/got" 2>"$work/err"
[ $? -eq 1 ] || fail "status if nothing is selected"
fetch --select="$label" "file://$work/www/all.ckpk" >"$work/got" ||
	fail "a selection of a file: URL"
ckpt-cat --select="$label" "$work/www/all.ckpk" | cmp - "$work/got" ||
	fail "a file: URL gives another selection"

# With a hash the whole is fetched; so it is from who serves no ranges, and
# if it is no pack.
ckpt-cat --select="$label" "$work/www/all.ckpk" >"$work/expected"
requests fetch --select="$label" \
	--sha256="$(sha256 "$work/www/all.ckpk")" "$nginx/all.ckpk"
grep -q '^/all.ckpk 200 ' "$work/requests" || fail "a hash of a part"
cmp "$work/expected" "$work/got" || fail "with a hash: another selection"
start_bad "$work/www/all.ckpk" "$work/expected"
fetch --select="$label" "$bad/ignores/100" 2>"$work/err" |
	cmp - "$work/expected" || fail "a server without ranges"
[ "$(bad_log /ignores/100 | wc -l)" -eq 2 ] || fail "not two requests"
(cd "$work/models" && tar -cf "$work/www/all.tar" ./*)
fetch --select="./${label#./}" --select="$label" "$nginx/all.tar" |
	ckpt-cat -l >"$work/list" || fail "a selection of an archive"
[ "$(wc -l <"$work/list")" -eq 2 ] || fail "not one model of an archive"

# The file changes while it is read; a request fails now and then.
fetch --select="$label" "$bad/ranges-change/0" >"$work/got" 2>"$work/err"
[ $? -eq 2 ] || fail "a change is not noticed"
grep -q 'changed on the server while it was read' "$work/err" ||
	fail "no word of a change"
fetch --select="$label" "$bad/ranges-unwell/0" 2>"$work/err" |
	cmp - "$work/expected" || fail "a server that is unwell"
[ "$(grep -c 'answered 503' "$work/err")" -eq 3 ] || fail "no retries"
exit 0
