#include "store/inner.h"

#define MIN_DIGITS 8 /* of an ID's prefix */

static size_t
n_digits(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");

	return (s[n] == '\0' && n < ID_HEX_SIZE ? n : 0);
}

static bool
begins(const struct ckpt_id *id, const char *prefix)
{
	char hex[ID_HEX_SIZE];

	id_hex(id, hex);
	return (strncmp(hex, prefix, strlen(prefix)) == 0);
}

static bool
matches_pattern(const struct store_row *r, const char *pattern)
{
	if (text_glob(pattern, r->label))
		return (true);
	return (n_digits(pattern) >= MIN_DIGITS &&
	    (begins(&r->model, pattern) || begins(&r->record, pattern)));
}

/* KEY=GLOB or KEY. */
static bool
matches_meta(const struct store_row *r, const char *wanted)
{
	const char *equals = strchr(wanted, '=');
	size_t i, n = equals == NULL ? strlen(wanted) :
	    (size_t)(equals - wanted);
	const struct meta_entry *e;

	for (i = 0; i < r->meta.n; i++) {
		e = &r->meta.entries[i];
		if (strncmp(e->key, wanted, n) == 0 && e->key[n] == '\0')
			return (equals == NULL ||
			    text_glob(equals + 1, e->value));
	}
	return (false);
}

static enum ckpt_status
ask(const struct store_query *q, const struct store_row *r,
    struct ckpt_error *err)
{
	struct store_entry e = {
		.record = r->record, .model = r->model, .schema = r->schema,
		.label = r->label, .dtype = r->dtype, .n_bytes = r->n_bytes,
		.n_parameters = r->n_parameters, .meta = &r->meta
	};

	return (q->keep(q->arg, &e, err));
}

enum ckpt_status
store_query_match(const struct store_query *q, const struct store_row *r,
    struct ckpt_error *err)
{
	bool any;
	size_t i;

	if (q == NULL)
		return (CKPT_OK);
	any = q->n_patterns == 0;
	for (i = 0; i < q->n_patterns && !any; i++)
		any = matches_pattern(r, q->patterns[i]);
	for (i = 0; i < q->n_meta && any; i++)
		any = matches_meta(r, q->meta[i]);
	if (any && q->schema != NULL)
		any = begins(&r->schema, q->schema);
	if (!any)
		return (CKPT_END);
	return (q->keep == NULL ? CKPT_OK : ask(q, r, err));
}

enum ckpt_status
store_query_check(const struct store_query *q, struct ckpt_error *err)
{
	if (q != NULL && q->schema != NULL && n_digits(q->schema) == 0)
		return (error_set(err, CKPT_USAGE, "schema %.100s: expected "
		    "1 to 64 hex digits", q->schema));
	return (CKPT_OK);
}

struct listing {
	const struct store_query *query;
	enum ckpt_status (*visit)(void *arg, const struct store_entry *e,
	    struct ckpt_error *err);
	void *arg;
};

static enum ckpt_status
list_row(void *arg, struct store_row *r, struct ckpt_error *err)
{
	struct listing *l = arg;
	struct store_query visit = { .arg = l->arg, .keep = l->visit };
	enum ckpt_status st = store_query_match(l->query, r, err);

	if (st == CKPT_OK)
		st = ask(&visit, r, err);
	return (st == CKPT_END ? CKPT_OK : st);
}

enum ckpt_status
store_list(struct store *s, const struct store_query *query,
    enum ckpt_status (*visit)(void *arg, const struct store_entry *e,
	struct ckpt_error *err), void *arg, struct ckpt_error *err)
{
	struct listing l = { .query = query, .visit = visit, .arg = arg };
	enum ckpt_status st = store_query_check(query, err);

	return (st != CKPT_OK ? st : store_catalog_rows(s->catalog,
	    STORE_ALIVE, NULL, true, list_row, &l, err));
}

enum ckpt_status
store_count(struct store *s, struct store_counts *out,
    struct ckpt_error *err)
{
	struct { const char *sql; uint64_t *to; } q[] = {
		{ "SELECT count(DISTINCT record) FROM records WHERE NOT dead",
		    &out->n_records },
		{ "SELECT count(DISTINCT model) FROM records WHERE NOT dead",
		    &out->n_models },
		{ "SELECT coalesce(sum(bytes), 0) FROM (SELECT bytes FROM "
		    "records WHERE NOT dead GROUP BY record)", &out->n_bytes },
		{ "SELECT count(*) FROM packs", &out->n_packs },
		{ "SELECT coalesce(sum(bytes), 0) FROM packs",
		    &out->n_stored },
		{ "SELECT count(*) FROM records WHERE dead",
		    &out->n_removed },
		{ "SELECT coalesce(sum(referred), 0) FROM packs",
		    &out->n_referred },
		{ "SELECT coalesce(sum(referring), 0) FROM packs",
		    &out->n_referring }
	};
	size_t i;
	enum ckpt_status st = CKPT_OK;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < sizeof(q) / sizeof(q[0]) && st == CKPT_OK; i++)
		st = store_catalog_number(s->catalog, q[i].sql, q[i].to, err);
	if (st == CKPT_OK)
		st = store_stage_count(s, &out->n_temporaries, err);
	return (st);
}
