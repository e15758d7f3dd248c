#!/usr/bin/env python3
"""Draws the joint and the single marginals of two weights over a collection,
before and after canonicalisation, as SVG.

usage: marginals.py --a=COLUMN:NAME --b=COLUMN:NAME RAW.npy CANONICAL.npy OUT

RAW and CANONICAL are matrices (models x parameters, f32 or f64) as written by
ckpt-cat --to=npy. Needs Python's standard library only.
"""
import array
import ast
import math
import struct
import sys

PANEL, STRIP, GAP, LEFT, TOP = 300, 54, 6, 62, 62
INK, MUTED, GRID, BAR = "#222222", "#666666", "#e4e4e4", "#3b6ea5"
# light to dark, evenly spaced in lightness (one hue: counts only grow)
SHADES = ["#deebf7", "#c6dbef", "#9ecae1", "#6baed6", "#4292c6", "#2171b5",
          "#08519c", "#08306b"]


def read_columns(path, columns):
    """The named columns of a .npy matrix, as lists of float."""
    with open(path, "rb") as f:
        if f.read(6) != b"\x93NUMPY":
            sys.exit(f"marginals: {path}: byte 0: expected a .npy file")
        major = f.read(2)[0]
        size = struct.unpack("<H" if major == 1 else "<I",
                             f.read(2 if major == 1 else 4))[0]
        header = ast.literal_eval(f.read(size).decode("latin-1"))
        code = {"<f4": "f", "<f8": "d"}.get(header["descr"])
        if code is None or len(header["shape"]) != 2:
            sys.exit(f"marginals: {path}: expected a matrix of f32 or f64")
        n_rows, n_columns = header["shape"]
        out = [[] for _ in columns]
        row = array.array(code)
        for _ in range(n_rows):
            del row[:]
            row.fromfile(f, n_columns)
            for values, c in zip(out, columns):
                values.append(row[c])
    return out


def nice_step(span):
    """A step of 1, 2 or 5 times a power of ten: 3 to 6 ticks."""
    power = 10.0 ** math.floor(math.log10(span / 3))
    for m in (5, 2, 1):
        if span / (m * power) >= 3:
            return m * power
    return power


def limits(values):
    """Range that holds all but the outermost half percent at each end."""
    s = sorted(values)
    k = len(s) // 200
    low, high = s[k], s[-1 - k]
    pad = 0.06 * (high - low) or 1.0
    return low - pad, high + pad


class Panel:
    """One hexbin with a histogram above it and one at its right."""

    def __init__(self, x, y, a, b, range_a, range_b):
        self.x, self.y, self.a, self.b = x, y, a, b
        self.range_a, self.range_b = range_a, range_b
        self.out = []

    def sx(self, v):
        low, high = self.range_a
        return self.x + (v - low) / (high - low) * PANEL

    def sy(self, v):
        low, high = self.range_b
        return self.y + PANEL - (v - low) / (high - low) * PANEL

    def text(self, x, y, s, anchor="middle", size=11, fill=MUTED, more=""):
        self.out.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
                        f'text-anchor="{anchor}" fill="{fill}"{more}>{s}'
                        '</text>')

    def line(self, x1, y1, x2, y2, colour):
        self.out.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
                        f'y2="{y2:.1f}" stroke="{colour}"/>')

    def axes(self, name_a, name_b):
        for (low, high), place, along_x in (
                (self.range_a, self.sx, True), (self.range_b, self.sy, False)):
            step = nice_step(high - low)
            for i in range(math.ceil(low / step), math.floor(high / step) + 1):
                v = place(i * step)
                label = f"{i * step:g}".replace("-", "\u2212")
                if along_x:
                    self.line(v, self.y, v, self.y + PANEL, GRID)
                    self.text(v, self.y + PANEL + 16, label)
                else:
                    self.line(self.x, v, self.x + PANEL, v, GRID)
                    self.text(self.x - 7, v + 4, label, "end")
        middle = self.y + PANEL / 2
        self.text(self.x + PANEL / 2, self.y + PANEL + 36, name_a, size=12,
                  fill=INK)
        self.text(self.x - 44, middle, name_b, size=12, fill=INK,
                  more=f' transform="rotate(-90 {self.x - 44:.1f} '
                       f'{middle:.1f})"')

    def hexbin(self, radius):
        """Counts on two interleaved lattices; each point to the nearer."""
        dx, dy = radius * math.sqrt(3), radius * 3
        counts = {}
        for u, v in zip(self.a, self.b):
            px, py = self.sx(u) - self.x, self.sy(v) - self.y
            if not (0 <= px <= PANEL and 0 <= py <= PANEL):
                continue
            even = (round(px / dx) * dx, round(py / dy) * dy)
            odd = ((math.floor(px / dx) + 0.5) * dx,
                   (math.floor(py / dy) + 0.5) * dy)
            centre = min(even, odd, key=lambda c: (c[0] - px) ** 2 +
                         (c[1] - py) ** 2)
            counts[centre] = counts.get(centre, 0) + 1
        most = max(counts.values(), default=1)
        for (cx, cy), n in sorted(counts.items()):
            shade = SHADES[min(len(SHADES) - 1, int(
                len(SHADES) * math.log1p(n - 1) / math.log1p(most)))]
            points = " ".join(
                f"{self.x + cx + radius * math.sin(k * math.pi / 3):.1f},"
                f"{self.y + cy + radius * math.cos(k * math.pi / 3):.1f}"
                for k in range(6))
            self.out.append(f'<polygon points="{points}" fill="{shade}"/>')
        return most

    def histogram(self, values, bounds, along_x, n_bins=48):
        low, high = bounds
        counts = [0] * n_bins
        for v in values:
            if low <= v < high:
                counts[int((v - low) / (high - low) * n_bins)] += 1
        width = PANEL / n_bins
        for i, n in enumerate(counts):
            size = STRIP * n / max(counts)
            if along_x:
                box = (self.x + i * width, self.y - GAP - size, width, size)
            else:
                box = (self.x + PANEL + GAP, self.y + PANEL - (i + 1) * width,
                       size, width)
            self.out.append('<rect x="%.2f" y="%.2f" width="%.2f" '
                            'height="%.2f" fill="%s"/>' % (*box, BAR))

    def draw(self, title, name_a, name_b):
        self.axes(name_a, name_b)
        radius = 6
        clip = f"clip{self.x:.0f}"
        self.out.append(f'<clipPath id="{clip}"><rect x="{self.x}" '
                        f'y="{self.y}" width="{PANEL}" height="{PANEL}"/>'
                        f'</clipPath><g clip-path="url(#{clip})">')
        most = self.hexbin(radius)
        self.out.append("</g>")
        self.out.append(f'<rect x="{self.x}" y="{self.y}" width="{PANEL}" '
                        f'height="{PANEL}" fill="none" stroke="{MUTED}"/>')
        self.histogram(self.a, self.range_a, True)
        self.histogram(self.b, self.range_b, False)
        self.text(self.x, self.y - STRIP - 16, title, "start", 14, INK)
        self.text(self.x + PANEL, self.y - STRIP - 16,
                  f"darkest: {most} models", "end")
        return "\n".join(self.out)


def main(argv):
    named = {"a": None, "b": None}
    paths = []
    for arg in argv:
        if arg[:4] in ("--a=", "--b="):
            column, _, name = arg[4:].partition(":")
            named[arg[2]] = (int(column), name)
        else:
            paths.append(arg)
    if len(paths) != 3 or None in named.values():
        sys.exit(__doc__.strip())
    columns = (named["a"][0], named["b"][0])
    raw, canonical = (read_columns(p, columns) for p in paths[:2])
    step = PANEL + STRIP + GAP + LEFT + 34
    body = []
    for i, (title, (a, b)) in enumerate((("As trained", raw),
                                         ("Canonical", canonical))):
        panel = Panel(LEFT + i * step, TOP + STRIP, a, b, limits(a),
                      limits(b))
        body.append(panel.draw(f"{title}, {len(a):,} models", named["a"][1],
                               named["b"][1]))
    width, height = LEFT + 2 * step - 34, TOP + STRIP + PANEL + 54
    with open(paths[2], "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
                f'height="{height}" viewBox="0 0 {width} {height}" '
                'font-family="Helvetica, Arial, sans-serif">\n'
                f'<rect width="{width}" height="{height}" fill="white"/>\n')
        f.write("\n".join(body))
        f.write("\n</svg>\n")


if __name__ == "__main__":
    main(sys.argv[1:])
