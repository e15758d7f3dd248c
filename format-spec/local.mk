# The specifications and their vectors.
EXTRA_DIST += format-spec/ckpt-ids.md
