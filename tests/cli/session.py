#!/usr/bin/env python3
"""Runs the ```console blocks of a Markdown file and compares their output.

usage: session.py FILE.md DIRECTORY

All blocks run in one shell, in DIRECTORY. A line "$ COMMAND" is a command
(continued by lines that begin with "> "); the lines up to the next one are
what it prints, stdout and stderr together. "..." stands for any number of
lines. Numbers with a decimal point may differ by one in 10^4: the last digits
depend on the processor.
"""
import re
import subprocess
import sys

NUMBER = re.compile(r"[-+]?\d+\.\d+(?:e[-+]?\d+)?")


def blocks(text):
    """(line number, command, expected lines) of each command."""
    commands, inside = [], False
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            commands.append((number, line[2:], []))
        elif inside and line.startswith("> ") and not commands[-1][2]:
            n, command, out = commands[-1]
            commands[-1] = (n, command + "\n" + line[2:], out)
        elif inside:
            commands[-1][2].append(line)
    return commands


def same_line(a, b):
    if NUMBER.sub("#", a) != NUMBER.sub("#", b):
        return False
    for x, y in zip(NUMBER.findall(a), NUMBER.findall(b)):
        if abs(float(x) - float(y)) > 1e-4 * max(0.1, abs(float(x))):
            return False
    return True


def same(expected, found):
    if not expected:
        return not found
    if expected[0] == "...":
        return any(same(expected[1:], found[i:])
                   for i in range(len(found) + 1))
    return bool(found) and same_line(expected[0], found[0]) and \
        same(expected[1:], found[1:])


def main(path, directory):
    with open(path, encoding="utf-8") as f:
        commands = blocks(f.read())
    mark = "end of command 7461"
    script = "".join(f"{c}\necho '{mark}'\n" for _, c, _ in commands)
    run = subprocess.run(["sh"], input=script, cwd=directory, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    outputs = run.stdout.split(mark + "\n")
    bad = 0
    for (number, command, expected), out in zip(commands, outputs):
        found = out.split("\n")[:-1]
        if not same(expected, found):
            bad += 1
            print(f"{path}:{number}: $ {command}\nprints\n{out}")
    print(f"{len(commands)} commands, {bad} differ")
    return 1 if bad or not commands or len(outputs) <= len(commands) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
