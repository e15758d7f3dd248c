#!/bin/sh
# ckpt-fetch that is interrupted, that finds the entry locked, the disk full
# or the reader gone.
set -u
. "$srcdir/tests/cli/fetch_lib.sh"

mkdir -p "$work/www"
head -c 3000000 /dev/urandom >"$work/www/data"
want=$work/www/data
start_nginx

has_part() {
	[ "$(cat "$cache"/*.part | wc -c)" -ge "$1" ]
}

# A signal while it fetches: it dies of it, the partial file stays.
for signal in INT TERM HUP; do
	# sh starts background jobs with SIGINT ignored, nohup with SIGHUP
	python3 -c 'import os, signal, sys
for s in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(s, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' ckpt-fetch --raw \
		--limit-rate=400K -o "$work/out" "$nginx/data" 2>"$work/err" &
	pid=$!
	pids="$pids $pid"
	until_true has_part 100000
	kill -$signal $pid
	wait $pid
	status=$?
	[ $((status - 128)) -eq "$(kill -l $signal 2>/dev/null ||
		echo $((status - 128)))" ] || fail "SIG$signal: status $status"
	[ $status -gt 128 ] || fail "SIG$signal: status $status"
	[ -z "$(ls "$work" | grep out)" ] || fail "SIG$signal: an output"
	done=$(cat "$cache"/*.part | wc -c)
	[ "$done" -ge 100000 ] || fail "SIG$signal: the partial file is gone"
	grep -q "\"bytes\": $done" "$cache"/*.json ||
		fail "SIG$signal: the number of bytes is not kept"
	fetch_ok "$nginx/data"
	grep -q " 206 [0-9]* bytes=$done-" "$work/nginx.log" ||
		fail "SIG$signal: not resumed"
	rm "$work/out"
done

# A signal where output waits for a slow reader: at once, and no core of it.
mkfifo "$work/fifo"
ckpt-fetch --raw "$nginx/data" >"$work/fifo" 2>"$work/err" &
pid=$!
pids="$pids $pid"
exec 3<"$work/fifo"
until_true has_part 3000000
sleep 0.2
kill -TERM $pid
wait $pid
[ $? -eq 143 ] || fail "SIGTERM while it writes"
exec 3<&-

# The reader goes away: SIGPIPE, and the complete file stays.
{
	ckpt-fetch --raw "$nginx/data" 2>"$work/err"
	echo $? >"$work/status"
} | head -c 10 >/dev/null
[ "$(cat "$work/status")" -eq 141 ] || fail "no SIGPIPE"
[ -s "$work/err" ] && fail "a message after SIGPIPE"
[ "$(cat "$cache"/*.part | wc -c)" -eq 3000000 ] || fail "not kept"
fetch_ok "$nginx/data"
tail -n 1 "$work/nginx.log" | grep -q '^/data 304 0 ' ||
	fail "fetched once more"

# Two at once: one waits, and finds what the other has kept.
before=$(wc -l <"$work/nginx.log")
ckpt-fetch --raw --keep-cache --limit-rate=1M -o "$work/first" "$nginx/data" &
pid=$!
pids="$pids $pid"
until_true has_part 1
fetch --raw -o "$work/second" "$nginx/data" 2>"$work/err" || fail "the second"
wait $pid || fail "the first of two"
grep -q 'waiting for another process' "$work/err" || fail "did not wait"
cmp "$want" "$work/first" && cmp "$want" "$work/second" || fail "two at once"
tail -n +$((before + 1)) "$work/nginx.log" | cut -d' ' -f2 | tr '\n' ' ' |
	grep -q '^200 304 $' || fail "both have fetched"
# one keeps the entry and one removes it: the last wins
cache_is_empty || [ -s "$cache"/*.part ] || fail "a lock is left behind"
rm -rf "$cache"

# Two that are read side by side do not wait for each other.
mkfifo "$work/a" "$work/b"
fetch --raw "$nginx/data" >"$work/a" &
fetch --raw "$nginx/data" >"$work/b" &
cmp "$work/a" "$work/b" || fail "side by side"
wait $! || fail "the last of two side by side"

# No room for the partial file: said, and resumed when there is.
(
	trap '' XFSZ
	ulimit -f 1000
	fetch --raw -o /dev/null "$nginx/data" 2>"$work/err"
	[ $? -eq 2 ] || fail "status with a full disk"
) || exit 1
grep -q 'cannot write .*fetched so far stay.*: File too large' "$work/err" ||
	fail "no word of a full disk"
done=$(cat "$cache"/*.part | wc -c)
[ "$done" -gt 400000 ] || fail "nothing stays after a full disk"
fetch_ok "$nginx/data"
tail -n 1 "$work/nginx.log" | grep -q " bytes=$done-" || fail "not resumed"

# No place for the cache at all.
: >"$work/file"
XDG_CACHE_HOME=$work/file fetch_bad "cannot make" "$nginx/data"
XDG_CACHE_HOME= HOME= fetch_bad "no place for partial" "$nginx/data"

# A full device, a closed output.
if [ -w /dev/full ]; then
	fetch --raw "$nginx/data" >/dev/full 2>"$work/err"
	[ $? -eq 2 ] || fail "status with /dev/full"
fi
fetch --raw "$nginx/data" >&- 2>"$work/err"
[ $? -eq 2 ] || fail "status with a closed output"

# On a terminal there is a line of progress; not with -q.
python3 - "$nginx/data" "$work/tty" <<'PY' || fail "no terminal"
import os, pty, sys
url, out = sys.argv[1:]
def run(*options):
    seen = b""
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp("ckpt-fetch", ("ckpt-fetch", "--raw", "-o", out) + options
                  + (url,))
    while True:
        try:
            data = os.read(fd, 4096)
        except OSError:
            data = b""
        if not data:
            break
        seen += data
    assert os.waitpid(pid, 0)[1] == 0
    return seen
line = run("--limit-rate=3M")
assert b"data" in line and b"100%" in line and b"/s" in line, line
assert all(len(x) < 80 for x in line.replace(b"\n", b"\r").split(b"\r")), line
assert run("-q") == b""
PY
exit 0
