/*
 * wire_model_decode: a group's content back to the heads of its models.
 */
#include "pack/wire.h"

struct reader {
	const unsigned char *p;
	size_t left;
	uint64_t offset;
};

static const unsigned char *
take(struct reader *r, size_t n, const char *section, struct ckpt_error *err)
{
	const unsigned char *p = r->p;

	if (n > r->left) {
		error_at(err, CKPT_CORRUPT, r->offset, section,
		    "group head ends within a field of %zu bytes", n);
		return (NULL);
	}
	r->p += n;
	r->left -= n;
	return (p);
}

/* A copy with a NUL at its end; a NUL within is refused. */
static enum ckpt_status
take_string(struct reader *r, size_t n, const char *section, char **out,
    struct ckpt_error *err)
{
	const unsigned char *p;
	char *copy;

	p = take(r, n, section, err);
	if (p == NULL)
		return (CKPT_CORRUPT);
	if (memchr(p, 0, n) != NULL)
		return (error_at(err, CKPT_CORRUPT, r->offset, section,
		    "text with a NUL"));
	copy = malloc(n + 1);
	if (copy == NULL)
		return (error_nomem(err, n + 1));
	memcpy(copy, p, n);
	copy[n] = '\0';
	*out = copy;
	return (CKPT_OK);
}

static bool
is_key(const char *s)
{
	const char *p;

	for (p = s; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ||
		    *p == '.' || *p == '_' || *p == '-'))
			return (false);
	return (p != s);
}

/* One entry; keys ascend, so that there is one encoding (6.11). */
static enum ckpt_status
decode_meta(struct reader *r, struct meta *m, struct ckpt_error *err)
{
	const struct wire_disk_meta *d;
	struct meta_entry *e = &m->entries[m->n];
	const unsigned char *p;
	enum ckpt_status status;

	p = take(r, sizeof(*d), "6.9", err);
	if (p == NULL)
		return (CKPT_CORRUPT);
	d = (const void *)p;
	if (le32_load(d->n_value) > CKPT_MAX_VALUE)
		return (error_at(err, CKPT_CORRUPT, r->offset, "6.10",
		    "metadata value of %u bytes, expected at most %d",
		    le32_load(d->n_value), CKPT_MAX_VALUE));
	status = take_string(r, d->n_key[0], "6.11", &e->key, err);
	if (status != CKPT_OK)
		return (status);
	status = take_string(r, le32_load(d->n_value), "6.12", &e->value,
	    err);
	if (status != CKPT_OK) {
		free(e->key);
		return (status);
	}
	m->n++;
	if (!is_key(e->key))
		return (error_at(err, CKPT_CORRUPT, r->offset, "6.11",
		    "metadata key is not of [a-z0-9._-]"));
	if (m->n > 1 && strcmp(e[-1].key, e->key) >= 0)
		return (error_at(err, CKPT_CORRUPT, r->offset, "6.11",
		    "metadata keys do not ascend"));
	return (CKPT_OK);
}

/* On failure the head is left in a state that model_head_release takes. */
static enum ckpt_status
decode_model(struct reader *r, struct model_head *head,
    struct ckpt_error *err)
{
	const struct wire_disk_model *d;
	const unsigned char *p;
	enum ckpt_status status;
	size_t n_meta, n_source, i;
	uint32_t flags;

	p = take(r, sizeof(*d), "6.4", err);
	if (p == NULL)
		return (CKPT_CORRUPT);
	d = (const void *)p;
	n_meta = le16_load(d->n_meta);
	flags = le32_load(d->flags);
	n_source = le32_load(d->n_source_meta);
	if (flags & ~(uint32_t)WIRE_MODEL_SOURCE_META)
		return (error_at(err, CKPT_NEWER, r->offset, "6.6",
		    "unknown flags %#x of a model", flags));
	if (n_meta > CKPT_MAX_META)
		return (error_at(err, CKPT_CORRUPT, r->offset, "6.5",
		    "model with %zu metadata entries, expected at most %d",
		    n_meta, CKPT_MAX_META));
	if (flags == 0 && n_source != 0)
		return (error_at(err, CKPT_CORRUPT, r->offset, "6.7",
		    "model without a source's text, of %zu bytes", n_source));
	status = take_string(r, le16_load(d->n_label), "6.8", &head->label,
	    err);
	if (status != CKPT_OK)
		return (status);
	if (n_meta > 0) {
		head->meta.entries = calloc(n_meta,
		    sizeof(*head->meta.entries));
		if (head->meta.entries == NULL)
			return (error_nomem(err,
			    n_meta * sizeof(*head->meta.entries)));
	}
	for (i = 0; i < n_meta; i++) {
		status = decode_meta(r, &head->meta, err);
		if (status != CKPT_OK)
			return (status);
	}
	if ((flags & WIRE_MODEL_SOURCE_META) == 0)
		return (CKPT_OK);
	p = take(r, n_source, "6.13", err);
	if (p == NULL)
		return (CKPT_CORRUPT);
	head->source_meta = malloc(n_source + 1);
	if (head->source_meta == NULL)
		return (error_nomem(err, n_source + 1));
	memcpy(head->source_meta, p, n_source);
	head->source_meta[n_source] = '\0';
	head->n_source_meta = n_source;
	return (CKPT_OK);
}

void
wire_heads_free(struct model_head *heads, size_t n)
{
	size_t i;

	if (heads == NULL)
		return;
	for (i = 0; i < n; i++)
		model_head_release(&heads[i]);
	free(heads);
}

enum ckpt_status
wire_group_decode(const unsigned char *in, size_t n, uint64_t offset,
    struct wire_group *out, struct model_head **heads,
    struct ckpt_error *err)
{
	struct reader r = { in, n, offset };
	const struct wire_disk_group *d = (const void *)in;
	struct wire_group g;
	struct model_head *h;
	enum ckpt_status status;
	uint32_t i;

	if (take(&r, sizeof(*d), "6.1", err) == NULL)
		return (CKPT_CORRUPT);
	g.schema = le32_load(d->schema);
	g.n_models = le32_load(d->n_models);
	g.first = le64_load(d->first);
	if (g.n_models == 0 || g.n_models > WIRE_MAX_GROUP_MODELS ||
	    g.n_models > r.left / sizeof(struct wire_disk_model))
		return (error_at(err, CKPT_CORRUPT, offset, "6.2",
		    "group of %u models", g.n_models));
	h = calloc(g.n_models, sizeof(*h));
	if (h == NULL)
		return (error_nomem(err, g.n_models * sizeof(*h)));
	for (i = 0; i < g.n_models; i++) {
		status = decode_model(&r, &h[i], err);
		if (status != CKPT_OK)
			goto err0;
	}
	if (r.left != 0) {
		status = error_at(err, CKPT_CORRUPT, offset, "6",
		    "%zu bytes after the heads of the models", r.left);
		goto err0;
	}
	*out = g;
	*heads = h;
	return (CKPT_OK);

err0:
	wire_heads_free(h, g.n_models);
	return (status);
}
