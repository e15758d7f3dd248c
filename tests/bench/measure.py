#!/usr/bin/env python3
"""Measures commands.

measure.py [--runs=N] COMMAND
    runs a shell command line N times (default 3); prints the median wall
    time and the median CPU time in seconds
measure.py --rss PROGRAM ARG...
    runs a program on the given standard descriptors, appends its name and
    its peak resident memory in MiB to the file that RSS_LOG names
"""
import os
import statistics
import subprocess
import sys
import time


def rss(argv):
    pid = os.fork()
    if pid == 0:
        try:
            os.execvp(argv[0], argv)
        finally:
            os._exit(127)
    _, status, usage = os.wait4(pid, 0)
    with open(os.environ["RSS_LOG"], "a", encoding="utf-8") as f:
        f.write(f"{os.path.basename(argv[0])}\t{usage.ru_maxrss / 1024:.1f}\n")
    return os.waitstatus_to_exitcode(status)


def main(argv):
    runs = 3
    if argv and argv[0] == "--rss":
        return rss(argv[1:])
    if argv and argv[0].startswith("--runs="):
        runs = int(argv.pop(0)[7:])
    wall, cpu = [], []
    for _ in range(runs):
        before = os.times()
        start = time.perf_counter()
        if subprocess.call(["sh", "-c", argv[0]]) != 0:
            sys.exit(f"measure: failed: {argv[0]}")
        wall.append(time.perf_counter() - start)
        after = os.times()
        cpu.append(after.children_user + after.children_system -
                   before.children_user - before.children_system)
    print(f"{statistics.median(wall):.4f} {statistics.median(cpu):.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
