/*
 * confirm: computed IDs against the ones that a pack stores.
 */
#include "pack/confirm.h"

enum ckpt_status
confirm_init(struct confirm *c, struct ckpt_error *err)
{
	enum ckpt_status status;

	memset(c, 0, sizeof(*c));
	status = sha256_new(&c->models, err);
	if (status == CKPT_OK)
		status = sha256_new(&c->model, err);
	if (status != CKPT_OK)
		confirm_release(c);
	return (status);
}

void
confirm_release(struct confirm *c)
{
	sha256_free(c->models);
	sha256_free(c->model);
	memset(c, 0, sizeof(*c));
}

void
confirm_restart(struct confirm *c)
{
	c->n = 0;
}

/* Small models have one hash over all IDs of their group (12.2). */
static enum ckpt_status
confirm_small(struct confirm *c, const struct confirm_group *g,
    const struct ckpt_id *tensor_ids, struct ckpt_error *err)
{
	char hex[ID_HEX_SIZE];
	struct ckpt_id id;
	enum ckpt_status status;

	if (c->n != g->row)
		return (CKPT_OK);
	if (c->n == 0) {
		sha256_reset(c->models);
		sha256_update(c->models, "ckpt group 1\n", 13);
	}
	status = id_model(c->model, g->schema, tensor_ids, &id, err);
	if (status != CKPT_OK)
		return (status);
	id_hex(&id, hex);
	hex[ID_HEX_SIZE - 1] = '\n';
	sha256_update(c->models, hex, ID_HEX_SIZE);
	if (++c->n < g->n_models)
		return (CKPT_OK);
	sha256_final(c->models, &id);
	if (!id_equal(&id, g->ids))
		return (error_at(err, CKPT_MISMATCH, g->offset, "12.2",
		    "IDs of the %u models that end with %.200s are not "
		    "those stored", g->n_models, g->label));
	return (CKPT_OK);
}

enum ckpt_status
confirm_model(struct confirm *c, const struct confirm_group *g,
    const struct ckpt_id *tensor_ids, struct ckpt_error *err)
{
	const struct ckpt_id *stored;
	size_t i, n = g->schema->n_tensors;

	if (g->kind == WIRE_IDS_GROUP)
		return (confirm_small(c, g, tensor_ids, err));
	if (g->kind != WIRE_IDS_TENSORS)
		return (CKPT_OK);
	stored = g->ids + (size_t)g->row * n;
	for (i = 0; i < n; i++)
		if (!id_equal(&tensor_ids[i], &stored[i]))
			return (error_at(err, CKPT_MISMATCH, g->offset,
			    "12.1", "ID of tensor %.100s of %.200s is not "
			    "the one stored", g->schema->tensors[i].name,
			    g->label));
	return (CKPT_OK);
}
