#!/bin/sh
# ckpt-cat that is told to die leaves nothing behind, and what was there
# before stays. All files appear, or none.
. "$srcdir/tests/cli/cli.sh"
cd "$scratch" || exit 99
net=$fixtures/lenet5-relu
cp "$net/0.safetensors" net.safetensors
ckpt-cat -o net.ckpk net.safetensors
mkfifo fifo

# until_there PATTERN: waits for a file of that name.
until_there() {
	tries=0
	until ls -A . dir 2> /dev/null | grep -q "$1"; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || { fail "no $1"; return; }
		sleep 0.1
	done
}

# stops SIGNAL TEMPORARY OPTION...: runs ckpt-cat on a pack that does not end
stops() {
	signal=$1
	temporary=$2
	shift 2
	mkdir -p dir
	echo old > out
	# sh starts background jobs with SIGINT ignored, nohup with SIGHUP
	python3 -c 'import os, signal, sys
for s in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
    signal.signal(s, signal.SIG_DFL)
os.execvp("ckpt-cat", ["ckpt-cat"] + sys.argv[1:])' "$@" fifo 2> err &
	pid=$!
	exec 3> fifo
	cat net.ckpk >&3
	until_there "$temporary"
	kill -"$signal" $pid
	wait $pid
	status=$?
	exec 3>&-
	[ "$status" -gt 128 ] || fail "SIG$signal: status $status"
	[ ! -s err ] || fail "SIG$signal: $(cat err)"
	[ "$(cat out)" = old ] || fail "SIG$signal: out is not what it was"
	[ -z "$(ls -A dir)" ] || fail "SIG$signal: left: $(ls -A dir)"
	ls | grep 'out.' && fail "SIG$signal: a temporary file is left"
}
for signal in INT TERM HUP; do
	stops $signal 'out[.]tmp' -o out
	stops $signal 'out[.]tmp' --to=npy -o out
	stops $signal '^[.]ckpt-' --to=safetensors -C dir
done

# a signal that is ignored stays so
(
	trap '' TERM
	exec ckpt-cat -o ignored.ckpk fifo
) &
pid=$!
exec 3> fifo
until_there 'ignored[.]ckpk[.]tmp'
kill -TERM $pid
cat net.ckpk >&3
exec 3>&-
wait $pid || fail "an ignored signal: status $?"

# Something stands in the way of one file: none appears.
mkdir tree
for i in a b c; do
	cp "$net/0.safetensors" tree/$i.safetensors
done
mkdir -p place/tree/b.safetensors
expect 2 ckpt-cat --to=safetensors -C place tree
one_line
says 'cannot replace b.safetensors by a file: Is a directory'
[ "$(find place -type f -o -name '.ckpt*')" = "" ] ||
	fail "there are: $(find place)"
mkdir link && rm -r place/tree && ln -s ../link place/tree
expect 2 ckpt-cat --to=safetensors -C place tree
one_line
says 'links are not followed'
[ -z "$(ls -A link)" ] || fail "a link was followed"
done_testing
