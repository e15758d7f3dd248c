#include "fetch.h"
#include "pack/pack.h"

#define TAIL 1048576 /* bytes of the first request; holds a pack's directory */

/* Whether a pattern can match one label only: itself. */
static bool
is_plain(const char *pattern)
{
	struct select one = { .models = &pattern, .n_models = 1 };

	return (strpbrk(pattern, "*?[\\") == NULL &&
	    select_label(&one, "") == SELECT_NO);
}

/* Whether a model's ID, which is one of all its tensors, may be asked for. */
static bool
needs_id(const struct select *s)
{
	struct select one = { .n_models = 1 };
	size_t i;

	for (i = 0; i < s->n_models; i++) {
		one.models = &s->models[i];
		if (select_label(&one, "") == SELECT_BY_ID)
			return (true);
	}
	return (false);
}

static bool
keep_model(void *arg, uint64_t ordinal, const struct model_head *head,
    const struct ckpt_id *tensor_ids)
{
	const struct fetch *f = arg;

	(void)ordinal;
	(void)tensor_ids;
	return (select_label(&f->select, head->label) != SELECT_NO);
}

static bool
keep_tensor(void *arg, const struct tensor_desc *t)
{
	const struct fetch *f = arg;
	size_t i;

	for (i = 0; i < f->select.n_tensors; i++) {
		if (text_glob(f->select.tensors[i], t->name))
			return (true);
	}
	return (false);
}

enum ckpt_status
fetch_range_open(struct fetch *f, struct fetch_item *item,
    struct model_source **out, struct ckpt_error *err)
{
	const struct select *s = &f->select;
	struct pack_selection selection = { .arg = f };
	struct pack_reader_options options = {
		.n_threads = f->cli.n_threads,
		.memory = f->cli.memory,
	};
	struct pack_index *index;
	struct bytes *in;
	enum ckpt_status st;

	/* a hash is of the whole file, and all models need all of it */
	if (item->has_sha256 || s->n_models + s->n_tensors == 0)
		return (CKPT_END);
	f->current = item;
	st = remote_bytes_open(&item->url, TAIL, &f->remote, &in, err);
	if (st == CKPT_NOT_OURS)
		return (CKPT_END);
	if (st != CKPT_OK)
		return (st);
	st = pack_index_open(in, &options, &index, err);
	/* no pack, or a damaged one: reading it whole says which */
	if (st == CKPT_NOT_OURS || st == CKPT_TRUNCATED || st == CKPT_CORRUPT)
		return (CKPT_END);
	if (st != CKPT_OK)
		return (st);
	if (s->n_models > 0)
		selection.keep_model = keep_model;
	if (s->n_models == 1 && is_plain(s->models[0]))
		selection.label = s->models[0];
	if (s->n_tensors > 0 && !needs_id(s))
		selection.keep_tensor = keep_tensor;
	return (pack_index_source(index, &selection, out, err));
}
