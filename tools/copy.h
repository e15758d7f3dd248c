/*
 * copy: a selection of a source's models, one after another, with their
 * IDs verified.
 */
#ifndef CKPT_TOOLS_COPY_H
#define CKPT_TOOLS_COPY_H

#include "cli.h"
#include "id/id.h"
#include "select.h"

/* The model that copy_next has come to. */
struct copy_model {
	struct model_head head; /* as it will be written */
	const struct ckpt_id *tensor_ids; /* after copy_hash */
	struct ckpt_id id;                /* after copy_hash */
};

struct copy;

/* `source` and `set` (metadata for every model) stay the caller's, as do
 * the patterns of `select`. */
CKPT_CHECKED enum ckpt_status copy_new(const struct cli *cli,
    struct model_source *source, const struct select *select,
    const struct meta *set, struct copy **out, struct ckpt_error *err);
void copy_free(struct copy *c); /* NULL does nothing */

/* The next model that is selected, or CKPT_END. */
CKPT_CHECKED enum ckpt_status copy_next(struct copy *c,
    const struct copy_model **out, struct ckpt_error *err);

/* Reads the model for its IDs. */
CKPT_CHECKED enum ckpt_status copy_hash(struct copy *c,
    struct ckpt_error *err);

/* Writes the model; IDs that the source states are verified before the
 * sink is told that the model is complete. */
CKPT_CHECKED enum ckpt_status copy_write(struct copy *c,
    struct model_sink *sink, struct ckpt_error *err);

#endif
