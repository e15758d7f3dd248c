/*
 * selected: the state of a source of chosen models and tensors.
 */
#ifndef CKPT_PACK_SELECTED_H
#define CKPT_PACK_SELECTED_H

#include "pack/confirm.h"
#include "pack/index.h"

struct selected {
	struct model_source base;
	struct pack_index *x;
	struct pack_selection selection;
	struct confirm confirm;
	uint64_t n_given;

	/* the group */
	size_t part;
	uint32_t next_group;      /* the one after the loaded one */
	uint64_t next_print;      /* its first label's place in the part */
	bool *chosen;             /* a flag a model; NULL: no group */
	bool *keep;               /* a flag a tensor */
	struct schema *derived;   /* of the tensors kept */
	size_t *place;            /* a tensor's index in `derived` */
	unsigned char *rows;      /* models in `derived`, small groups */
	struct selected_loss {    /* what could not be read */
		uint32_t row;
		size_t tensor;
	} *losses;
	size_t n_losses;

	/* the current model */
	uint32_t row;
	struct schema *schema;    /* as handed out; NULL: none */
	struct schema *reduced;   /* `derived` without what is lost */
	bool *model_keep;         /* then: a flag a tensor */
	uint64_t n_read;
	uint32_t next_page;       /* of the table, for models that stream */
	unsigned char *chunk;
	size_t chunk_size, chunk_len, chunk_used;
};

/* Looks through the loaded group; *any: a model of it is chosen. */
CKPT_CHECKED enum ckpt_status selected_group(struct selected *s, bool *any,
    struct ckpt_error *err);
void selected_group_release(struct selected *s);

/* Prepares model s->row; *schema is what it has left. */
CKPT_CHECKED enum ckpt_status selected_model(struct selected *s,
    struct schema **schema, struct ckpt_error *err);

/* The current model's next `n` bytes. */
CKPT_CHECKED enum ckpt_status selected_read(struct selected *s,
    unsigned char *out, size_t n, struct ckpt_error *err);

/* The same for a model that is larger than a group. */
CKPT_CHECKED enum ckpt_status selected_stream(struct selected *s,
    unsigned char *out, size_t n, struct ckpt_error *err);

#endif
