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
	PACK_CODEC_ZSTD = 1,
	PACK_CODEC_FLOAT = 2 /* planes or zstd, by page, the smaller */
};

/*
 * Tensors that stand outside of a pack, by their IDs: what thin packs refer
 * to. Whoever holds them implements this.
 */
struct pack_bases {
	void *arg;
	/* `n` bytes of a tensor from byte `begin` on, which is a multiple of
	 * 1 MiB, and at most as many. At most `limit` references may be
	 * followed for them; *height were. CKPT_END: there is no such tensor,
	 * or not so much of it. */
	enum ckpt_status (*read)(void *arg, const struct ckpt_id *tensor,
	    uint64_t begin, void *out, uint32_t n, unsigned limit,
	    unsigned *height, struct ckpt_error *err);

	/* For writers; readers need none of these. */

	/* Whether that tensor is there. */
	enum ckpt_status (*same)(void *arg, const struct ckpt_id *tensor,
	    bool *found, struct ckpt_error *err);
	/* One of which tensor `tensor` of the model may be a later state. It
	 * has *n_bytes. */
	enum ckpt_status (*near)(void *arg, const struct schema *schema,
	    size_t tensor, struct ckpt_id *base, uint64_t *n_bytes,
	    bool *found, struct ckpt_error *err);
	/* One of that shape and moved_key_of (moved.h), or NULL: none is
	 * known. */
	enum ckpt_status (*moved)(void *arg, const struct tensor_desc *t,
	    uint64_t print, struct ckpt_id *base, bool *found,
	    struct ckpt_error *err);
	/* How many references a page of tensor `tensor` of the model, of that
	 * ID, from byte `begin` on may take, at most; NULL: as many as there
	 * may be. */
	unsigned (*limit)(void *arg, size_t tensor, const struct ckpt_id *id,
	    uint64_t begin);
};

struct pack_writer_options {
	enum pack_codec codec;
	int level;             /* of zstd; 0: the default, 1 */
	uint64_t group_models; /* models a row group, at most; 0: by size */
	/* The caller gives the tensor IDs of every model at its end, so the
	 * writer need not compute them while a large model passes by. */
	bool has_ids;
	/* An archive: what is stored already is referred to. The output must
	 * be a file that was opened for reading too (outfile_is_readable). A
	 * model of more than 64 KiB is held in memory whole. */
	bool is_archive;
	/* A thin archive: what stands there is referred to. NULL: it is
	 * self-contained. Borrowed until the writer is closed. */
	const struct pack_bases *bases;
	unsigned n_threads;
};

/* A sink that writes a pack into `out`, which it takes over (committed by
 * close, aborted by abort). */
CKPT_CHECKED enum ckpt_status pack_writer_open(struct outfile *out,
    const struct pack_writer_options *options, struct model_sink **sink,
    struct ckpt_error *err);

/* A model that is in memory whole, as begin, one write and end would, but an
 * archive needs no copy of it. */
CKPT_CHECKED enum ckpt_status pack_writer_put(struct model_sink *sink,
    const struct model *m, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err);

struct pack_reader_options {
	unsigned n_threads;
	/* Budget for what is read at a time beside one group of at most
	 * 8 MiB; an index, schema or head above it is CKPT_LIMIT. 0: 32 MiB.
	 */
	uint64_t memory;
	/* What thin packs refer to, or NULL: there is nothing. Borrowed. */
	const struct pack_bases *bases;
	/* Damage costs only the tensors that depend on it: each is told
	 * through `lost` (its text names model and tensor), the models come
	 * without them, and reading goes on. Needs a seekable input; NULL, or
	 * another input: fail. */
	void *arg;
	void (*lost)(void *arg, const struct ckpt_error *err);
	/* With `lost`, or NULL: told once, before any tensor, where there is
	 * damage beside the pages' bytes, also if it costs nothing, since all
	 * but these stands twice. */
	void (*damaged)(void *arg, const struct ckpt_error *err);
};

/* A source of all models of a pack (of all its parts), front to back. Takes
 * `in` over, also on failure. */
CKPT_CHECKED enum ckpt_status pack_source_open(struct bytes *in,
    const struct pack_reader_options *options, struct model_source **out,
    struct ckpt_error *err);

/* ---- random access ---- */

/*
 * The directories of a pack on an input with random access. Opening costs
 * one read a part (its tail); one tensor of one model then costs two more
 * reads, that of its group's index and that of its pages. Models are
 * counted from 0 through all parts.
 */
struct pack_index;

/* Takes `in` over, also on failure. CKPT_TRUNCATED where no end frame stands
 * at the end: a front-to-back reading then says what is wrong exactly. */
CKPT_CHECKED enum ckpt_status pack_index_open(struct bytes *in,
    const struct pack_reader_options *options, struct pack_index **out,
    struct ckpt_error *err);
void pack_index_free(struct pack_index *x); /* NULL does nothing */

uint64_t pack_index_n_models(const struct pack_index *x);
size_t pack_index_n_parts(const struct pack_index *x);

/* The first model of that label; CKPT_END if there is none. */
CKPT_CHECKED enum ckpt_status pack_index_find(struct pack_index *x,
    const char *label, uint64_t *ordinal, struct ckpt_error *err);

/* A copy of a model's head. */
CKPT_CHECKED enum ckpt_status pack_index_head(struct pack_index *x,
    uint64_t ordinal, struct model_head *out, struct ckpt_error *err);

/* The stored IDs of a model's tensors, valid until the next call; NULL where
 * none are stored (models of up to 64 KiB). */
CKPT_CHECKED enum ckpt_status pack_index_tensor_ids(struct pack_index *x,
    uint64_t ordinal, const struct ckpt_id **out, struct ckpt_error *err);

/* Tensor `tensor` (in its schema's order) of a model: all its n_bytes. */
CKPT_CHECKED enum ckpt_status pack_index_read(struct pack_index *x,
    uint64_t ordinal, size_t tensor, void *out, struct ckpt_error *err);

/* `n` bytes of a tensor from byte `begin` on, a multiple of 1 MiB, at most as
 * many, as struct pack_bases asks for them. CKPT_USAGE if the index is in the
 * midst of reading: whose packs refer to each other opens them again. */
CKPT_CHECKED enum ckpt_status pack_index_base(struct pack_index *x,
    uint64_t ordinal, size_t tensor, uint64_t begin, void *out, uint32_t n,
    unsigned limit, unsigned *height, struct ckpt_error *err);

/* ---- what thin packs refer to ---- */

/* Equal for a tensor and what may be another state of it: name, dtype, and
 * shape but for the number of rows. */
uint64_t pack_base_key(const struct tensor_desc *t);

/* The tensors of packs, as bases of others. */
struct pack_base;
CKPT_CHECKED enum ckpt_status pack_base_new(struct pack_base **out,
    struct ckpt_error *err);
void pack_base_free(struct pack_base *b); /* NULL does nothing */

/* Adds a pack, which may itself be thin and refer to those added. Tensors of
 * models of up to 64 KiB are no bases. Takes `in` over, also on failure. */
CKPT_CHECKED enum ckpt_status pack_base_add(struct pack_base *b,
    struct bytes *in, const struct pack_reader_options *options,
    struct ckpt_error *err);

/* Borrowed from `b`. */
const struct pack_bases *pack_base_bases(const struct pack_base *b);

/* ---- columns ---- */

/* The tensor of one name of all models that have it, in order; no page of
 * another tensor is read. `visit` gets `n` bytes from byte `begin` of the
 * tensor on; large tensors come in pieces. */
CKPT_CHECKED enum ckpt_status pack_index_column(struct pack_index *x,
    const char *name, enum ckpt_status (*visit)(void *arg, uint64_t ordinal,
	const struct tensor_desc *t, uint64_t begin, const void *data,
	size_t n, struct ckpt_error *err), void *arg,
    struct ckpt_error *err);

/* What a page is. */
struct pack_page {
	const struct tensor_desc *tensor;
	unsigned coding;  /* the codec or kind of reference, as on disk */
	bool is_reference;
	uint32_t raw;     /* bytes of tensors */
	uint32_t stored;  /* bytes in the pack, its frame's header included */
};

/* Name of a coding: "zstd"; "other" for one that is not known. */
const char *pack_coding_name(unsigned coding);

/* All pages in order, by the groups' indexes alone: no page is read. */
CKPT_CHECKED enum ckpt_status pack_index_pages(struct pack_index *x,
    enum ckpt_status (*visit)(void *arg, const struct pack_page *p,
	struct ckpt_error *err), void *arg, struct ckpt_error *err);

/* What stands outside of the pack and a model's tensor refers to; one may be
 * told several times. Of the pages only those of thin parts are looked at
 * that refer to whole tensors. */
CKPT_CHECKED enum ckpt_status pack_index_outside(struct pack_index *x,
    enum ckpt_status (*visit)(void *arg, uint64_t ordinal, size_t tensor,
	const struct ckpt_id *base, struct ckpt_error *err), void *arg,
    struct ckpt_error *err);

/* Bytes of the whole input. */
uint64_t pack_index_size(const struct pack_index *x);

/* What a source of an index hands out. Pages are read only for the tensors
 * kept of the models kept, and only if the consumer reads bytes. */
struct pack_selection {
	void *arg;
	/* Whether to keep a model (NULL: all). `tensor_ids` is NULL where
	 * they are not stored. */
	bool (*keep_model)(void *arg, uint64_t ordinal,
	    const struct model_head *head, const struct ckpt_id *tensor_ids);
	/* Whether to keep a tensor (NULL: all). */
	bool (*keep_tensor)(void *arg, const struct tensor_desc *t);
	const char *label;   /* only models of exactly this label, or NULL:
	                        groups without it are not even looked into */
	uint64_t max_models; /* 0: no limit */
};

/* Takes `x` over, also on failure. `selection` may be NULL; it is copied. */
CKPT_CHECKED enum ckpt_status pack_index_source(struct pack_index *x,
    const struct pack_selection *selection, struct model_source **out,
    struct ckpt_error *err);

/* ---- the objects of ckpt.h, for other sinks and sources ---- */

/* A description, with texts borrowed from `t`; of NULL all zeros. */
void pack_public_tensor(const struct tensor_desc *t, struct ckpt_tensor *out);

/* Takes the sink, or the source, over, also on failure. */
CKPT_CHECKED enum ckpt_status pack_public_writer(struct model_sink *sink,
    struct ckpt_writer **out, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status pack_public_reader(struct model_source *source,
    struct ckpt_reader **out, struct ckpt_error *err);

#endif
