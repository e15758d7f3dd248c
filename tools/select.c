#include "pack/pack.h"
#include "select.h"

#define MIN_DIGITS 8 /* of an ID's prefix */

void
select_release(struct select *s)
{
	free(s->models);
	free(s->tensors);
	schema_unref(s->schema);
	schema_unref(s->derived);
	free(s->keep);
	memset(s, 0, sizeof(*s));
}

enum ckpt_status
select_add(const char ***list, size_t *n, const char *pattern,
    struct ckpt_error *err)
{
	const char **longer = realloc(*list, (*n + 1) * sizeof(*longer));

	if (longer == NULL)
		return (error_nomem(err, (*n + 1) * sizeof(*longer)));
	longer[(*n)++] = pattern;
	*list = longer;
	return (CKPT_OK);
}

static bool
is_prefix_of_id(const char *pattern)
{
	size_t n = strspn(pattern, "0123456789abcdef");

	return (pattern[n] == '\0' && n >= MIN_DIGITS && n < ID_HEX_SIZE);
}

enum select_answer
select_label(const struct select *s, const char *label)
{
	enum select_answer answer = SELECT_NO;
	size_t i;

	if (s->n_models == 0)
		return (SELECT_YES);
	for (i = 0; i < s->n_models; i++) {
		if (text_glob(s->models[i], label))
			return (SELECT_YES);
		if (is_prefix_of_id(s->models[i]))
			answer = SELECT_BY_ID;
	}
	return (answer);
}

bool
select_id(const struct select *s, const struct ckpt_id *id)
{
	char hex[ID_HEX_SIZE];
	size_t i;

	id_hex(id, hex);
	for (i = 0; i < s->n_models; i++)
		if (is_prefix_of_id(s->models[i]) &&
		    strncmp(hex, s->models[i], strlen(s->models[i])) == 0)
			return (true);
	return (false);
}

static bool
is_kept(const struct select *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_tensors; i++)
		if (text_glob(s->tensors[i], name))
			return (true);
	return (false);
}

/* By label, and by ID where the tensors' are at hand. */
static bool
keep_model(void *arg, uint64_t ordinal, const struct model_head *head,
    const struct ckpt_id *tensor_ids)
{
	const struct select *s = arg;
	enum select_answer answer = select_label(s, head->label);
	struct sha256 *hash;
	struct ckpt_id id;
	enum ckpt_status st;

	(void)ordinal;
	if (answer != SELECT_BY_ID || tensor_ids == NULL ||
	    sha256_new(&hash, NULL) != CKPT_OK)
		return (answer != SELECT_NO);
	st = id_model(hash, head->schema, tensor_ids, &id, NULL);
	sha256_free(hash);
	return (st != CKPT_OK || select_id(s, &id));
}

static bool
keep_tensor(void *arg, const struct tensor_desc *t)
{
	const struct select *s = arg;

	return (s->n_tensors == 0 || is_kept(s, t->name));
}

/* Whether any ID decides: then whole models are needed. */
static bool
needs_ids(const struct select *s)
{
	size_t i;

	for (i = 0; i < s->n_models; i++)
		if (is_prefix_of_id(s->models[i]))
			return (true);
	return (false);
}

bool
select_pack(struct select *s, struct pack_selection *out)
{
	if (s->n_models == 0 && s->n_tensors == 0)
		return (false);
	memset(out, 0, sizeof(*out));
	out->arg = s;
	if (s->n_models > 0)
		out->keep_model = keep_model;
	if (s->n_tensors > 0 && !needs_ids(s))
		out->keep_tensor = keep_tensor;
	if (s->n_models == 1 && !needs_ids(s) &&
	    strpbrk(s->models[0], "*?[\\") == NULL)
		out->label = s->models[0];
	return (true);
}

enum ckpt_status
select_schema(struct select *s, struct schema *schema,
    struct ckpt_error *err)
{
	struct schema *derived;
	bool *keep = NULL;
	size_t i;
	enum ckpt_status st;

	if (schema == s->schema)
		return (CKPT_OK);
	if (s->n_tensors == 0) {
		derived = schema_ref(schema);
	} else {
		keep = calloc(schema->n_tensors + 1, sizeof(*keep));
		if (keep == NULL)
			return (error_nomem(err, schema->n_tensors));
		for (i = 0; i < schema->n_tensors; i++)
			keep[i] = is_kept(s, schema->tensors[i].name);
		st = schema_derive(schema, keep, 0, &derived, err);
		if (st != CKPT_OK) {
			free(keep);
			return (st);
		}
	}
	schema_unref(s->schema);
	schema_unref(s->derived);
	free(s->keep);
	s->schema = schema_ref(schema);
	s->derived = derived;
	s->keep = keep;
	return (CKPT_OK);
}
