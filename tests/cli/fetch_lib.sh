# Sourced by fetch_*.sh: a scratch directory, servers, checks. What is
# started here is stopped when the test ends.

fail() {
	echo "FAIL: $*" >&2
	[ ! -s "$work/err" ] || sed 's/^/  stderr: /' "$work/err" >&2
	exit 1
}

need() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || {
			echo "$tool is missing"
			exit 77
		}
	done
}

cleanup() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	rm -rf "$work"
}

PATH=$PATH:/usr/sbin
pids=
work=$(mktemp -d) || exit 99
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
XDG_CACHE_HOME=$work/cache
export XDG_CACHE_HOME
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
unset CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
cache=$work/cache/ckpt

# Quick retries: the delays are those of a test.
fetch() {
	ckpt-fetch --retry-delay=0.02 "$@"
}

# fetch_ok ARGS: fetched, and equal to $want.
fetch_ok() {
	rm -f "$work/out"
	fetch --raw -o "$work/out" "$@" 2>"$work/err" ||
		fail "status $? of ckpt-fetch $*"
	cmp "$want" "$work/out" || fail "other bytes from ckpt-fetch $*"
}

# fetch_bad TEXT ARGS: status 2, a message with TEXT, and no output.
fetch_bad() {
	text=$1
	shift
	rm -f "$work/out"
	fetch --raw -o "$work/out" "$@" 2>"$work/err"
	[ $? -eq 2 ] || fail "no status 2 of ckpt-fetch $*"
	grep -qF -e "$text" "$work/err" ||
		fail "no \"$text\" from ckpt-fetch $*"
	[ ! -e "$work/out" ] || fail "output of a failed ckpt-fetch $*"
	ls "$work" | grep -q 'out\.tmp' && fail "a temporary file is left"
	return 0
}

sha256() {
	sha256sum "$1" | cut -c 1-64
}

cache_is_empty() {
	[ -z "$(ls -A "$cache" 2>/dev/null)" ]
}

# until_true COMMAND: waits for it up to ten seconds.
until_true() {
	tries=0
	until "$@" 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 500 ] || fail "waited in vain for: $*"
		sleep 0.02
	done
}

free_port() {
	python3 -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_bad DATA OTHER: sets $bad to the URL of badserver.py; the requests
# are in $work/bad.log.
start_bad() {
	need python3
	rm -f "$work/bad.port"
	: >"$work/bad.log"
	python3 "$srcdir/tests/cli/badserver.py" "$work/bad.port" \
		"$work/bad.log" "$1" "$2" &
	pids="$pids $!"
	until_true test -s "$work/bad.port"
	port=$(cat "$work/bad.port")
	bad=http://127.0.0.1:$port
}

# bad_log PATH: the requests of that path, without it.
bad_log() {
	sed -n "s|^$1 ||p" "$work/bad.log"
}

# start_nginx [LINE]: serves $work/www at $nginx, with further lines of
# configuration for the server; requests are in $work/nginx.log.
start_nginx() {
	need nginx python3
	mkdir -p "$work/www" "$work/nginx"
	user=
	[ "$(id -u)" -ne 0 ] || user="user root;"
	for try in 1 2 3 4 5; do
		port=$(free_port)
		tls_port=$(free_port)
		printf '%s\n' "$user" "daemon off; worker_processes 1;" \
		    "pid $work/nginx/pid; error_log $work/nginx/error info;" \
		    "events { worker_connections 256; }" \
		    "http {" \
		    "log_format t '\$uri \$status \$body_bytes_sent '" \
		    "'\$http_range \$http_if_match';" \
		    "access_log $work/nginx.log t;" \
		    "client_body_temp_path $work/nginx/body;" \
		    "proxy_temp_path $work/nginx/proxy;" \
		    "fastcgi_temp_path $work/nginx/fastcgi;" \
		    "uwsgi_temp_path $work/nginx/uwsgi;" \
		    "scgi_temp_path $work/nginx/scgi;" \
		    "server { listen 127.0.0.1:$port; root $work/www;" \
		    "${1:-}" "}" \
		    "$(printf '%s' "${2:-}" | sed "s/TLS_PORT/$tls_port/")" \
		    "}" >"$work/nginx/conf"
		nginx -p "$work/nginx" -c "$work/nginx/conf" \
			-e "$work/nginx/error" &
		nginx_pid=$!
		tries=0
		while kill -0 $nginx_pid 2>/dev/null; do
			[ ! -s "$work/nginx/pid" ] || break
			tries=$((tries + 1))
			[ $tries -lt 500 ] || break
			sleep 0.02
		done
		if [ -s "$work/nginx/pid" ]; then
			pids="$pids $nginx_pid"
			nginx=http://127.0.0.1:$port
			tls=https://127.0.0.1:$tls_port
			return 0
		fi
	done
	cat "$work/nginx/error" >&2
	fail "nginx does not start"
}
