/*
 * model: one checkpoint, and the streams of them that tools pass on.
 *
 * A model is a head (schema, label, metadata) and a string of bytes: its
 * tensors in the schema's order without gaps. A model_source yields models
 * one after another and their bytes in order, whatever the format; a
 * model_sink takes the same. So any reader can be joined to any writer, and
 * neither needs a model in memory whole.
 */
#ifndef CKPT_BASE_MODEL_H
#define CKPT_BASE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/schema.h"

/* Metadata of a record, sorted by key as bytes, keys unique. */
struct meta {
	size_t n;
	struct meta_entry {
		char *key;   /* [a-z0-9._-]+ */
		char *value; /* any bytes but NUL */
	} *entries;
};

struct model_head {
	struct schema *schema; /* one reference is held */
	char *label;           /* bytes without NUL */
	struct meta meta;
	/* The source file's own text of its metadata object, used only to
	 * write the file again; NULL if it had none or was no such file. */
	unsigned char *source_meta;
	size_t n_source_meta;
};

/* A model in memory: tensor i at data + schema->tensors[i].offset. */
struct model {
	struct model_head head;
	unsigned char *data; /* schema->n_bytes bytes, 64-byte aligned */
};

/* Sets a key (replacing its value) ; CKPT_USAGE for a bad key or value. */
CKPT_CHECKED enum ckpt_status meta_set(struct meta *m, const char *key,
    const char *value, struct ckpt_error *err);

/* Removes a key if it is there. */
void meta_remove(struct meta *m, const char *key);

/* The value, or NULL. */
const char *meta_get(const struct meta *m, const char *key);

/* Copies all of `from` over what `to` holds. `to` must be released or
 * zero before. */
CKPT_CHECKED enum ckpt_status meta_copy(const struct meta *from,
    struct meta *to, struct ckpt_error *err);

void meta_release(struct meta *m);

CKPT_CHECKED enum ckpt_status model_head_copy(const struct model_head *from,
    struct model_head *to, struct ckpt_error *err);
void model_head_release(struct model_head *head);

/* Allocates data for a head that the model takes over; zero-filled. */
CKPT_CHECKED enum ckpt_status model_alloc(struct model *m,
    struct ckpt_error *err);
void model_release(struct model *m);

/* A source of models. */
struct model_source {
	const struct model_source_ops *ops;
};

struct model_source_ops {
	/* The next model's head into *head (owned by the caller from then
	 * on), or CKPT_END. Bytes of the previous model that were not read
	 * are skipped. */
	enum ckpt_status (*next)(struct model_source *src,
	    struct model_head *head, struct ckpt_error *err);
	/* Exactly the next `n` bytes of the current model; asking beyond
	 * its end is CKPT_USAGE. */
	enum ckpt_status (*read)(struct model_source *src, void *out,
	    size_t n, struct ckpt_error *err);
	/* The consumer has read the whole current model and computed these
	 * tensor IDs (in the schema's order): they are checked against the
	 * ones that the source's format states, now or when the format has
	 * stated them; CKPT_MISMATCH if they differ. May be NULL. */
	enum ckpt_status (*confirm)(struct model_source *src,
	    const struct ckpt_id *tensor_ids, struct ckpt_error *err);
	/* Random access within the current model, for several threads at
	 * once, or NULL: `n` bytes at `offset` of the model's bytes. May
	 * answer CKPT_USAGE with no error set: not for this model. */
	enum ckpt_status (*pread)(struct model_source *src, void *out,
	    size_t n, uint64_t offset, struct ckpt_error *err);
	void (*close)(struct model_source *src);
};

CKPT_CHECKED enum ckpt_status model_next(struct model_source *src,
    struct model_head *head, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status model_read(struct model_source *src, void *out,
    size_t n, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status model_confirm(struct model_source *src,
    const struct ckpt_id *tensor_ids, struct ckpt_error *err);
void model_source_close(struct model_source *src); /* NULL does nothing */

/* The next model whole: refused with CKPT_LIMIT beyond `max_bytes`. */
CKPT_CHECKED enum ckpt_status model_load(struct model_source *src,
    uint64_t max_bytes, struct model *m, struct ckpt_error *err);

/* A sink of models: begin, write until the schema's n_bytes are complete,
 * end. close() completes the output (nothing is complete, nor under its
 * final name, before); abort() throws it away. Each frees the sink. */
struct model_sink {
	const struct model_sink_ops *ops;
};

struct model_sink_ops {
	enum ckpt_status (*begin)(struct model_sink *sink,
	    const struct model_head *head, struct ckpt_error *err);
	enum ckpt_status (*write)(struct model_sink *sink, const void *data,
	    size_t n, struct ckpt_error *err);
	/* `tensor_ids` in the schema's order where the caller has them, else
	 * NULL: a sink that needs them computes them. */
	enum ckpt_status (*end)(struct model_sink *sink,
	    const struct ckpt_id *tensor_ids, struct ckpt_error *err);
	enum ckpt_status (*close)(struct model_sink *sink,
	    struct ckpt_error *err);
	void (*abort)(struct model_sink *sink);
};

CKPT_CHECKED enum ckpt_status model_begin(struct model_sink *sink,
    const struct model_head *head, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status model_write(struct model_sink *sink,
    const void *data, size_t n, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status model_end(struct model_sink *sink,
    const struct ckpt_id *tensor_ids, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status model_sink_close(struct model_sink *sink,
    struct ckpt_error *err);
void model_sink_abort(struct model_sink *sink); /* NULL does nothing */

/* A whole model into a sink. */
CKPT_CHECKED enum ckpt_status model_put(struct model_sink *sink,
    const struct model *m, struct ckpt_error *err);

#endif
