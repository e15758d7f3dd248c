#!/usr/bin/env python3
"""A server that misbehaves in the ways that ckpt-fetch must bear.

badserver.py PORT_FILE LOG DATA OTHER

Serves the bytes of DATA (OTHER, for what changes) on a free loopback port,
which it writes to PORT_FILE, until it is killed. The first part of the path
says how it misbehaves, the second is a number (bytes after which the
connection is cut, or failures before success); what follows is only a name,
so that each test has a state of its own. LOG gets a line a request:

    PATH STATUS RANGE CONDITION AUTHORIZATION
"""
import datetime
import email.utils
import http.server
import os
import sys
import threading
import time

PORT_FILE, LOG, DATA, OTHER = sys.argv[1:5]
with open(DATA, "rb") as f:
    DATA = f.read()
with open(OTHER, "rb") as f:
    OTHER = f.read()
OLD_DATE = "Mon, 02 Jan 2023 03:04:05 GMT"
counts = {}
lock = threading.Lock()


class Cut(Exception):
    pass


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    status = 0

    def log_message(self, *args):
        pass

    def log_line(self):
        h = self.headers
        conditions = [k + ":" + h[k] for k in (
            "If-Match", "If-Unmodified-Since", "If-None-Match",
            "If-Modified-Since") if h[k]]
        fields = [self.path, str(self.status), h["Range"] or "-",
                  (conditions or ["-"])[0], h["Authorization"] or "-"]
        with lock, open(LOG, "a") as f:
            f.write(" ".join(x.replace(" ", "_") for x in fields) + "\n")

    def head(self, status, headers):
        self.status = status
        self.log_line()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def body(self, data, cut=None):
        self.wfile.write(data if cut is None else data[:cut])
        self.wfile.flush()
        if cut is not None and cut < len(data):
            raise Cut

    def error(self, status, *headers):
        text = b"<html><body>no</body></html>\n"
        self.head(status, [("Content-Length", str(len(text))),
                           ("Content-Type", "text/html")] + list(headers))
        self.body(text)

    def range(self):
        """The first byte of "bytes=N-", or None."""
        r = self.headers["Range"]
        if r is None or not r.startswith("bytes=") or not r.endswith("-"):
            return None
        return int(r[6:-1])

    def serve(self, data, validators=(), cut=None, shift=0, total=None,
              ranges=True):
        first = self.range() if ranges else None
        validators = list(validators)
        if first is None:
            self.head(200, [("Content-Length", str(len(data)))] + validators)
            self.body(data, cut)
            return
        total = len(data) if total is None else total
        if first >= len(data):
            self.head(416, [("Content-Length", "0"),
                            ("Content-Range", "bytes */%d" % total)])
            return
        first += shift
        self.head(206, [("Content-Length", str(len(data) - first)), (
            "Content-Range", "bytes %d-%d/%d" % (
                first, len(data) - 1, total))] + validators)
        self.body(data[first:], cut)

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        number = int(parts[1]) if len(parts) > 1 else 0
        with lock:
            n = counts[self.path] = counts.get(self.path, 0) + 1
        try:
            getattr(self, "on_" + parts[0].replace("-", "_"))(number, n)
        except (Cut, BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def part(self, etag):
        """Any single range, as "bytes=1-5", "bytes=1-" or "bytes=-5"."""
        first, last = self.headers["Range"][6:].split("-")
        if first == "":
            first, last = max(0, len(DATA) - int(last)), len(DATA) - 1
        first, last = int(first), int(last or len(DATA) - 1)
        self.head(206, [("Content-Length", str(last - first + 1)), (
            "Content-Range", "bytes %d-%d/%d" % (first, last, len(DATA))),
            ("ETag", etag)])
        self.body(DATA[first:last + 1])

    # n is 1 for the first request of this path.

    def on_good(self, number, n):
        self.serve(DATA, [("ETag", '"v1"')])

    def on_cut(self, number, n):            # every response
        self.serve(DATA, [("ETag", '"v1"')], number)

    def on_cut_once(self, number, n):
        self.serve(DATA, [("ETag", '"v1"')], number if n == 1 else None)

    def on_ignores(self, number, n):        # the Range header
        self.serve(DATA, [("ETag", '"v1"')], number if n == 1 else None,
                   ranges=False)

    def on_bare(self, number, n):           # no validator
        self.serve(DATA, [], number if n == 1 else None)

    def on_weak(self, number, n):
        self.serve(DATA, [("ETag", 'W/"v1"')], number if n == 1 else None)

    def on_dated(self, number, n):
        self.serve(DATA, [("Last-Modified", OLD_DATE)],
                   number if n == 1 else None)

    def on_fresh(self, number, n):          # a date too new to be sure of
        self.serve(DATA, [("Last-Modified", email.utils.formatdate(
            usegmt=True))], number if n == 1 else None)

    def on_changes(self, number, n):
        if n == 1:
            self.serve(DATA, [("ETag", '"v1"')], number)
        elif self.headers["If-Match"] == '"v1"':
            self.error(412)
        else:
            self.serve(OTHER, [("ETag", '"v2"')])

    def on_changes_deaf(self, number, n):   # If-Match is ignored
        if n == 1:
            self.serve(DATA, [("ETag", '"v1"')], number)
        else:
            self.serve(OTHER, [("ETag", '"v2"')])

    def on_changes_mute(self, number, n):   # nothing tells
        if n == 1:
            self.serve(DATA, [], number)
        else:
            self.serve(OTHER, [])

    def on_lies(self, number, n):           # the rest is of another file
        if self.range() is None:
            self.serve(DATA, [("ETag", '"v1"')], number)
        else:
            self.serve(OTHER, [("ETag", '"v1"')])

    def on_shifted(self, number, n):        # 206 from another byte on
        self.serve(DATA, [("ETag", '"v1"')], number if n == 1 else None,
                   shift=7 if n == 2 else 0)

    def on_total(self, number, n):          # 206 of another length
        self.serve(DATA, [("ETag", '"v1"')], number if n == 1 else None,
                   total=len(DATA) + 9 if n == 2 else None)

    def on_unasked(self, number, n):        # 206 without a Range header
        if n == 1:
            self.head(206, [("Content-Length", "5"), (
                "Content-Range", "bytes 0-4/%d" % len(DATA))])
            self.body(DATA[:5])
        else:
            self.serve(DATA, [("ETag", '"v1"')])

    def on_long(self, number, n):           # announces more than it has
        first = self.range()
        if first is not None and first >= len(DATA):
            self.head(416, [("Content-Length", "0"), (
                "Content-Range", "bytes */%d" % len(DATA))])
            return
        self.head(200, [("Content-Length", str(len(DATA) + number)),
                        ("ETag", '"v1"')])
        self.body(DATA)
        raise Cut

    def on_short(self, number, n):          # announces less than it has
        self.head(200, [("Content-Length", str(len(DATA) - number)),
                        ("ETag", '"v1"'), ("Connection", "close")])
        self.body(DATA)
        raise Cut

    def on_chunked(self, number, n):
        first = self.range()
        data = DATA[first or 0:]
        headers = [("Transfer-Encoding", "chunked"), ("ETag", '"v1"')]
        if first is not None:
            if first >= len(DATA):
                self.serve(DATA)
                return
            headers.append(("Content-Range", "bytes %d-%d/*" % (
                first, len(DATA) - 1)))
        self.head(200 if first is None else 206, headers)
        cut = number if n == 1 else len(data)
        self.wfile.write(b"%x\r\n" % len(data) + data[:cut])
        if cut < len(data):
            raise Cut
        self.wfile.write(b"\r\n0\r\n\r\n")

    def on_endless(self, number, n):        # the end is the connection's
        self.head(200, [("Connection", "close")])
        self.body(DATA)
        raise Cut

    def on_status(self, number, n):
        self.error(number)

    def on_unwell(self, number, n):         # `number` times, each another
        if n <= number:
            self.error((503, 500, 502, 504, 408, 425, 429)[(n - 1) % 7])
        else:
            self.serve(DATA, [("ETag", '"v1"')])

    def on_later(self, number, n):          # Retry-After in seconds
        if n == 1:
            self.error(429, ("Retry-After", str(number)))
        else:
            self.serve(DATA, [("ETag", '"v1"')])

    def on_later_date(self, number, n):     # the same as a date
        if n == 1:
            now = datetime.datetime.now(datetime.timezone.utc)
            self.error(503, ("Retry-After", email.utils.format_datetime(
                now + datetime.timedelta(seconds=number + 0.99),
                usegmt=True)))
        else:
            self.serve(DATA, [("ETag", '"v1"')])

    def on_html(self, number, n):
        text = b"<!DOCTYPE html>\n<html><body>Sorry!</body></html>\n" * 50
        self.head(200, [("Content-Length", str(len(text))),
                        ("Content-Type", "text/html"), ("ETag", '"h"')])
        self.body(text)

    def on_trickle(self, number, n):        # a stall on the first try
        if n > 1:
            self.serve(DATA, [("ETag", '"v1"')])
            return
        self.head(200, [("Content-Length", str(len(DATA))),
                        ("ETag", '"v1"')])
        self.body(DATA[:number])
        for i in range(100):
            time.sleep(0.1)
            self.body(DATA[number + i:number + i + 1])

    def on_garbage(self, number, n):        # no HTTP at all
        self.log_line()
        self.wfile.write(b"\x00\x01 what?\r\n\r\n")
        raise Cut

    def on_empty(self, number, n):          # no answer at first
        self.log_line()
        if n == 1:
            raise Cut
        self.serve(DATA, [("ETag", '"v1"')])

    def on_ranges_change(self, number, n):
        self.part('"v%d"' % n)

    def on_ranges_unwell(self, number, n):  # each other time
        if n % 2 == 1:
            self.error(503)
        else:
            self.part('"v1"')

    def on_loop(self, number, n):
        self.error(302, ("Location", self.path))

    def on_file(self, number, n):
        self.error(302, ("Location", "file:///etc/passwd"))

    def on_away(self, number, n):           # to the same, as localhost
        self.error(302, ("Location", "http://localhost:%d/good" % number))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass                                # clients may go away


server = Server(("127.0.0.1", 0), Handler)
with open(PORT_FILE + ".tmp", "w") as f:
    f.write("%d\n" % server.server_address[1])
os.rename(PORT_FILE + ".tmp", PORT_FILE)
server.serve_forever()
