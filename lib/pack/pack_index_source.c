/*
 * pack_index_source: the chosen models and tensors of an indexed pack, as a
 * source. Pages are read when bytes are asked for; where damage is borne,
 * before a model is handed out, since it comes without what is lost.
 */
#include "pack/confirm.h"
#include "pack/index.h"
#include "pack/selected.h"

static struct selected *
of_source(struct model_source *src)
{
	return ((struct selected *)(void *)src);
}

/* Whether the next group may hold the wanted label, by its fingerprints. */
static enum ckpt_status
may_hold(struct selected *s, bool *out, struct ckpt_error *err)
{
	struct wire_directory_view view;
	struct wire_entry e;
	enum ckpt_status status;
	uint32_t i, print;

	*out = true;
	if (s->selection.label == NULL || s->x->salvage != NULL)
		return (CKPT_OK);
	status = pack_index_directory(s->x, s->part, &view, err);
	if (status != CKPT_OK)
		return (status);
	print = wire_print(s->selection.label);
	wire_entry_decode(view.entries +
	    s->next_group * sizeof(struct wire_disk_entry), &e);
	*out = false;
	for (i = 0; i < e.n_models && !*out; i++)
		*out = le32_load(view.prints + (s->next_print + i) *
		    WIRE_PRINT_SIZE) == print;
	s->next_print += e.n_models;
	return (CKPT_OK);
}

/* Goes on to the next group with a chosen model, or CKPT_END. */
static enum ckpt_status
next_group(struct selected *s, struct ckpt_error *err)
{
	enum ckpt_status status;
	bool any = false, may;

	while (!any) {
		selected_group_release(s);
		while (s->part < s->x->n_parts &&
		    s->next_group == s->x->parts[s->part].n_groups) {
			s->part++;
			s->next_group = 0;
			s->next_print = 0;
		}
		if (s->part == s->x->n_parts)
			return (CKPT_END);
		status = may_hold(s, &may, err);
		if (status == CKPT_OK && !may) {
			s->next_group++;
			continue;
		}
		if (status == CKPT_OK)
			status = index_group_load(s->x, s->part,
			    s->next_group++, err);
		if (status == CKPT_OK)
			status = selected_group(s, &any, err);
		if (status != CKPT_OK)
			return (status);
	}
	return (CKPT_OK);
}

static enum ckpt_status
source_next(struct model_source *src, struct model_head *head,
    struct ckpt_error *err)
{
	struct selected *s = of_source(src);
	struct index_group *g = &s->x->group;
	struct schema *schema;
	enum ckpt_status status;

	s->schema = NULL;
	if (s->selection.max_models != 0 &&
	    s->n_given == s->selection.max_models)
		return (CKPT_END);
	do {
		if (s->chosen == NULL || ++s->row == g->n_models) {
			status = next_group(s, err);
			if (status != CKPT_OK)
				return (status);
			s->row = 0;
		}
	} while (!s->chosen[s->row]);
	s->n_read = 0;
	status = selected_model(s, &schema, err);
	if (status != CKPT_OK)
		return (status);
	status = model_head_copy(&g->heads[s->row], head, err);
	if (status != CKPT_OK)
		return (status);
	schema_unref(head->schema);
	head->schema = schema_ref(schema);
	s->schema = schema;
	s->n_given++;
	return (CKPT_OK);
}

static enum ckpt_status
source_read(struct model_source *src, void *out, size_t n,
    struct ckpt_error *err)
{
	struct selected *s = of_source(src);
	enum ckpt_status status;

	if (s->schema == NULL || n > s->schema->n_bytes - s->n_read)
		return (error_set(err, CKPT_USAGE,
		    "more bytes are read than the model has"));
	status = selected_read(s, out, n, err);
	if (status != CKPT_OK)
		return (status);
	s->n_read += n;
	return (CKPT_OK);
}

/* IDs are compared where whole models are handed out. */
static enum ckpt_status
source_confirm(struct model_source *src, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct selected *s = of_source(src);
	const struct index_group *g = &s->x->group;
	struct confirm_group c;

	if (s->schema == NULL)
		return (error_set(err, CKPT_USAGE, "no model to confirm"));
	if (s->schema != g->schema)
		return (CKPT_OK);
	c.schema = g->schema;
	c.n_models = g->n_models;
	c.kind = g->ids_kind;
	c.ids = g->ids;
	c.row = s->row;
	c.label = g->heads[s->row].label;
	c.offset = g->index_offset;
	return (confirm_model(&s->confirm, &c, tensor_ids, err));
}

static void
source_close(struct model_source *src)
{
	struct selected *s = of_source(src);

	selected_group_release(s);
	confirm_release(&s->confirm);
	pack_index_free(s->x);
	free(s);
}

static const struct model_source_ops ops = {
	.next = source_next,
	.read = source_read,
	.confirm = source_confirm,
	.close = source_close
};

enum ckpt_status
pack_index_source(struct pack_index *x,
    const struct pack_selection *selection, struct model_source **out,
    struct ckpt_error *err)
{
	struct selected *s;
	enum ckpt_status status;

	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		pack_index_free(x);
		return (error_nomem(err, sizeof(*s)));
	}
	s->base.ops = &ops;
	s->x = x;
	x->is_source = true;
	if (selection != NULL)
		s->selection = *selection;
	status = confirm_init(&s->confirm, err);
	if (status != CKPT_OK) {
		source_close(&s->base);
		return (status);
	}
	*out = &s->base;
	return (CKPT_OK);
}
