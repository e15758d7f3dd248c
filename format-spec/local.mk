# The specifications and their vectors.
EXTRA_DIST += format-spec/ckpt-pack.md format-spec/decode.py \
	format-spec/codings.py format-spec/conventions.py \
	format-spec/references.py \
	format-spec/make_vectors.py format-spec/vectors \
	format-spec/vectors_codings.py format-spec/vectors_pack.py \
	format-spec/vectors_references.py
EXTRA_DIST += format-spec/ckpt-arch.md format-spec/ckpt-ids.md \
	format-spec/ckpt-orbits.md format-spec/ckpt-store.md
