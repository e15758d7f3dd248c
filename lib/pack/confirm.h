/*
 * confirm: computed IDs against the ones that a pack stores (12).
 */
#ifndef CKPT_PACK_CONFIRM_H
#define CKPT_PACK_CONFIRM_H

#include "id/id.h"
#include "pack/wire.h"

struct confirm {
	struct sha256 *models;  /* over the IDs of the group's models */
	struct sha256 *model;
	uint32_t n;             /* models confirmed, all from the first on */
};

/* What a group stores, and which model of it is meant. */
struct confirm_group {
	const struct schema *schema;
	uint32_t n_models;
	uint32_t kind;          /* WIRE_IDS_*; 0: nothing is stored */
	const struct ckpt_id *ids;
	uint32_t row;
	const char *label;
	uint64_t offset;        /* of the group's index, for errors */
};

CKPT_CHECKED enum ckpt_status confirm_init(struct confirm *c,
    struct ckpt_error *err);
void confirm_release(struct confirm *c);

/* A new group begins. */
void confirm_restart(struct confirm *c);

/* CKPT_MISMATCH if the IDs of the tensors (in the schema's order) are not
 * those stored. Where one hash is stored for the group it is compared with
 * the last model, if all have been confirmed in order. */
CKPT_CHECKED enum ckpt_status confirm_model(struct confirm *c,
    const struct confirm_group *g, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err);

#endif
