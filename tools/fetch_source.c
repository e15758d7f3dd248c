#include "fetch.h"

/* The models of all items; one item is open at a time. */
struct fetch_source {
	struct model_source source;
	struct fetch *f;
	size_t n_opened;             /* items */
	struct fetch_item *item;     /* the last of them */
	struct model_source *models; /* of it, or NULL */
};

enum ckpt_status
fetch_get(struct fetch *f, struct fetch_item *item, struct ckpt_error *err)
{
	enum ckpt_status st;

	fetch_watch_harmless(false);
	f->current = item;
	st = remote_fetch(&item->url, item->has_sha256 ? &item->sha256 : NULL,
	    &f->remote, &item->file, err);
	fetch_watch_clear(f);
	f->current = NULL;
	/* to write to a pipe may take for ever, and leaves nothing behind */
	fetch_watch_harmless(f->output == NULL);
	return (st);
}

/* Names the URL where the reader could only name the last part of it. */
static void
name_url(const struct fetch_item *item, struct ckpt_error *err)
{
	char inner[sizeof(err->where)];
	size_t n = strlen(item->url.name);

	if (err == NULL)
		return;
	memcpy(inner, err->where, sizeof(inner));
	if (strncmp(inner, item->url.name, n) == 0)
		(void)snprintf(err->where, sizeof(err->where), "%.300s%.200s",
		    item->url.shown, inner + n);
	else if (inner[0] == '\0')
		(void)snprintf(err->where, sizeof(err->where), "%.500s",
		    item->url.shown);
}

/* What the item's reader has returned: names the URL in errors; an entry
 * whose content is at fault is not to be found again. */
static enum ckpt_status
judge(struct fetch_item *item, enum ckpt_status st, struct ckpt_error *err)
{
	switch (st) {
	case CKPT_OK:
	case CKPT_END:
		return (st);
	case CKPT_NOT_OURS:
	case CKPT_CORRUPT:
	case CKPT_TRUNCATED:
	case CKPT_INVALID:
	case CKPT_MISMATCH:
		remote_file_remove(item->file);
		item->file = NULL;
		break;
	default:
		break;
	}
	name_url(item, err);
	return (st);
}

static enum ckpt_status
open_item(struct fetch_source *s, struct ckpt_error *err)
{
	struct fetch_item *item = &s->f->items[s->n_opened];
	struct bytes *in;
	enum ckpt_status st;

	s->item = item;
	s->n_opened++;
	fetch_watch_harmless(s->f->output == NULL);
	st = fetch_range_open(s->f, item, &s->models, err);
	if (st != CKPT_END) {
		if (st != CKPT_OK)
			name_url(item, err);
		return (st);
	}
	st = fetch_get(s->f, item, err);
	if (st != CKPT_OK)
		return (st);
	st = remote_file_open(item->file, &in, err);
	if (st == CKPT_OK)
		st = cli_open_bytes(&s->f->cli, in, item->url.name,
		    &s->models, err);
	return (judge(item, st, err));
}

static enum ckpt_status
next(struct model_source *source, struct model_head *head,
    struct ckpt_error *err)
{
	struct fetch_source *s = (struct fetch_source *)source;
	enum ckpt_status st;

	for (;;) {
		if (fetch_watch_caught() != 0)
			return (error_set(err, CKPT_CANCELLED, "interrupted"));
		if (s->models == NULL && s->n_opened == s->f->n_items)
			return (CKPT_END);
		if (s->models == NULL) {
			st = open_item(s, err);
			if (st != CKPT_OK)
				return (st);
		}
		st = judge(s->item, model_next(s->models, head, err), err);
		if (st != CKPT_END)
			return (st);
		model_source_close(s->models);
		s->models = NULL;
	}
}

static enum ckpt_status
read_data(struct model_source *source, void *out, size_t n,
    struct ckpt_error *err)
{
	struct fetch_source *s = (struct fetch_source *)source;

	if (fetch_watch_caught() != 0)
		return (error_set(err, CKPT_CANCELLED, "interrupted"));
	return (judge(s->item, model_read(s->models, out, n, err), err));
}

static enum ckpt_status
confirm(struct model_source *source, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct fetch_source *s = (struct fetch_source *)source;

	return (judge(s->item, model_confirm(s->models, tensor_ids, err),
	    err));
}

/* By several threads at once: does not touch the item. */
static enum ckpt_status
pread_data(struct model_source *source, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	struct fetch_source *s = (struct fetch_source *)source;

	if (s->models == NULL || s->models->ops->pread == NULL)
		return (CKPT_USAGE);
	return (s->models->ops->pread(s->models, out, n, offset, err));
}

static void
close_source(struct model_source *source)
{
	struct fetch_source *s = (struct fetch_source *)source;

	model_source_close(s->models);
	free(s);
}

static const struct model_source_ops source_ops = {
	.next = next,
	.read = read_data,
	.confirm = confirm,
	.pread = pread_data,
	.close = close_source
};

enum ckpt_status
fetch_source_open(struct fetch *f, struct model_source **out,
    struct ckpt_error *err)
{
	struct fetch_source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return (error_nomem(err, sizeof(*s)));
	s->source.ops = &source_ops;
	s->f = f;
	*out = &s->source;
	return (CKPT_OK);
}
