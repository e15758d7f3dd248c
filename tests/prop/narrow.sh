#!/bin/sh
# The architectures that are shipped, an eighth as wide, for images of at most
# 32x32 and of 10 classes, into DIR; prints their names.
#
# usage: narrow.sh DIR
set -eu
for arch in "$srcdir"/arch/*.arch; do
	name=${arch##*/}
	awk '{
		for (i = 1; i <= NF; i++) {
			n = split($i, a, "=")
			if (n == 2 && a[1] ~ /^(out|mid)$/ && a[2] >= 16)
				$i = a[1] "=" int(a[2] / 8)
			if ($i == "classes=1000")
				$i = "classes=10"
			if ($i == "3x224x224")
				$i = "3x32x32"
		}
		print
	}' "$arch" >"$1/$name"
	echo "${name%.arch}"
done
