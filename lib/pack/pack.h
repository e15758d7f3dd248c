/*
 * pack: the pack format (format-spec/ckpt-pack.md): reader and writer.
 */
#ifndef CKPT_PACK_PACK_H
#define CKPT_PACK_PACK_H

#include "sym/sym.h"

/* The first bytes of every pack, PACK_MAGIC_SIZE of them. */
#define PACK_MAGIC "\x89" "CKP"
#define PACK_MAGIC_SIZE 4

/* Codecs of pages. Later codecs are new values. */
enum pack_codec {
	PACK_CODEC_NONE = 0,
	PACK_CODEC_ZSTD = 1
};

struct pack_writer_options {
	enum pack_codec codec;
	int level;             /* of zstd; 0: the default, 1 */
	uint64_t group_models; /* models a row group, at most; 0: by size */
	/* The caller gives the tensor IDs of every model at its end, so the
	 * writer need not compute them while a large model passes by. */
	bool has_ids;
	unsigned n_threads;
};

/* A sink that writes a pack into `out`, which it takes over (committed by
 * close, aborted by abort). */
CKPT_CHECKED enum ckpt_status pack_writer_open(struct outfile *out,
    const struct pack_writer_options *options, struct model_sink **sink,
    struct ckpt_error *err);

struct pack_reader_options {
	unsigned n_threads;
	uint64_t memory;       /* budget beside one small row group */
	/* Damage costs the models that depend on it, each reported through
	 * `lost`, and reading goes on (seekable input). NULL: fail. */
	void *arg;
	void (*lost)(void *arg, const struct ckpt_error *err);
};

/* A source of all models of a pack (of all its parts), front to back. Takes
 * `in` over. */
CKPT_CHECKED enum ckpt_status pack_source_open(struct bytes *in,
    const struct pack_reader_options *options, struct model_source **out,
    struct ckpt_error *err);

#endif
