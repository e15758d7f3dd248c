/*
 * eval_marginals: the distributions of single weights over collections.
 */
#include "eval_marginals.h"

#include "pack/pack.h"

#include <math.h>

/* Hexagons are wider than bins, so that as many models fall into one. */
#define ACROSS(n_bins) ((n_bins) * 3 / 5 > 0 ? (n_bins) * 3 / 5 : 1)

/* A pass over one collection. */
struct gathering {
	const struct marginals *m;
	struct collection *to;
};

static bool
keep_tensor(void *arg, const struct tensor_desc *t)
{
	const struct marginals *m = arg;

	for (size_t i = 0; i < m->n_weights; i++)
		if (strcmp(m->weights[i].tensor, t->name) == 0)
			return (true);
	return (false);
}

static enum ckpt_status
work(void *arg, struct eval_one *one, struct ckpt_error *err)
{
	const struct marginals *m = ((struct gathering *)arg)->m;
	double *values = calloc(m->n_weights, sizeof(*values));
	enum ckpt_status st = CKPT_OK;

	if (values == NULL)
		return (error_nomem(err, m->n_weights * sizeof(*values)));
	one->result = values;
	for (size_t i = 0; i < m->n_weights && st == CKPT_OK; i++)
		st = eval_weights_read(&m->weights[i], &one->model,
		    &values[i], err);
	return (st);
}

static enum ckpt_status
grow(const struct marginals *m, struct collection *c, struct ckpt_error *err)
{
	const size_t n = 2 * c->capacity + 1024;
	double *longer;

	if (c->n < c->capacity)
		return (CKPT_OK);
	for (size_t i = 0; i < m->n_weights; i++) {
		longer = realloc(c->values[i], n * sizeof(*longer));
		if (longer == NULL)
			return (error_nomem(err, n * sizeof(*longer)));
		c->values[i] = longer;
	}
	c->capacity = n;
	return (CKPT_OK);
}

static enum ckpt_status
consume(void *arg, const struct eval_one *one, struct ckpt_error *err)
{
	struct gathering *g = arg;
	const double *values = one->result;
	enum ckpt_status st = grow(g->m, g->to, err);

	if (st != CKPT_OK)
		return (st);
	for (size_t i = 0; i < g->m->n_weights; i++)
		if (!isfinite(values[i])) {
			g->to->n_not_finite++;
			return (CKPT_OK);
		}
	for (size_t i = 0; i < g->m->n_weights; i++)
		g->to->values[i][g->to->n] = values[i];
	g->to->n++;
	return (CKPT_OK);
}

static enum ckpt_status
find_ranges(const struct marginals *m, struct collection *c,
    struct ckpt_error *err)
{
	double *scratch = malloc((2 * c->n + 1) * sizeof(*scratch));

	if (scratch == NULL)
		return (error_nomem(err, 2 * c->n * sizeof(*scratch)));
	for (size_t i = 0; i < m->n_weights; i++)
		stats_range(c->values[i], c->n, scratch, &c->range[i][0],
		    &c->range[i][1]);
	free(scratch);
	return (CKPT_OK);
}

/* Reads a collection: one input, or what there is without any. */
static enum ckpt_status
gather(const struct marginals *m, struct collection *c, char **paths,
    int n_paths, struct ckpt_error *err)
{
	struct gathering g = { m, c };
	const struct pack_selection selection = { .arg = (void *)(uintptr_t)m,
	    .keep_tensor = keep_tensor };
	const struct eval_pass pass = { .cli = m->cli, .arg = &g,
	    .selection = &selection, .work = work, .consume = consume };
	enum ckpt_status st;

	c->values = calloc(m->n_weights, sizeof(*c->values));
	c->range = calloc(m->n_weights, sizeof(*c->range));
	if (c->values == NULL || c->range == NULL)
		return (error_nomem(err, m->n_weights * sizeof(*c->range)));
	st = eval_pass_run(&pass, paths, n_paths, err);
	if (st != CKPT_OK)
		return (st);
	if (c->n_not_finite > 0)
		cli_warn(m->cli, "%s: %zu models are left out: NaN or "
		    "infinite weights", c->title, c->n_not_finite);
	if (c->n == 0) {
		(void)error_set(err, CKPT_INVALID, "no model has finite "
		    "weights");
		return (error_where(err, c->title));
	}
	return (find_ranges(m, c, err));
}

/* The titles: those given, joined by commas, else the inputs' last names. */
static enum ckpt_status
name_collections(struct marginals *m, struct ckpt_error *err)
{
	const char *given = m->options->titles;

	for (size_t i = 0; i < m->n_collections; i++) {
		const char *path = m->cli->n_args == 0 ? "-" :
		    m->cli->args[i];
		const char *slash = strrchr(path, '/');
		const char *text = slash != NULL && slash[1] != '\0' ?
		    slash + 1 : path;
		size_t n = strlen(text);

		if (m->options->titles != NULL) {
			if (given == NULL)
				break;
			text = given;
			n = strcspn(text, ",");
			given = text[n] == ',' ? text + n + 1 : NULL;
		}
		m->collections[i].title = strndup(text, n);
		if (m->collections[i].title == NULL)
			return (error_nomem(err, n));
	}
	if (m->options->titles != NULL && (given != NULL ||
	    m->collections[m->n_collections - 1].title == NULL))
		return (error_set(err, CKPT_USAGE, "--titles: expected as "
		    "many as there are inputs, %zu", m->n_collections));
	return (CKPT_OK);
}

static enum ckpt_status
run(struct marginals *m, struct ckpt_error *err)
{
	const struct cli *c = m->cli;
	enum ckpt_status st = eval_weights_parse(m->options->marginals,
	    &m->weights, &m->n_weights, err);

	if (st != CKPT_OK)
		return (error_where(err, "--marginals"));
	m->n_collections = c->n_args == 0 ? 1 : (size_t)c->n_args;
	m->collections = calloc(m->n_collections, sizeof(*m->collections));
	if (m->collections == NULL)
		return (error_nomem(err, m->n_collections *
		    sizeof(*m->collections)));
	st = name_collections(m, err);
	for (size_t i = 0; i < m->n_collections && st == CKPT_OK; i++)
		st = gather(m, &m->collections[i], c->args + i,
		    c->n_args == 0 ? 0 : 1, err);
	if (st == CKPT_OK)
		st = eval_marginals_put(m, err);
	if (st == CKPT_OK && m->options->plot != NULL)
		st = eval_marginals_draw(m, err);
	return (st);
}

enum ckpt_status
eval_marginals(const struct cli *c, const struct eval_options *o,
    struct outfile *out, struct ckpt_error *err)
{
	struct marginals m = { .cli = c, .options = o, .out = out,
	    .n_bins = o->n_bins, .n_across = ACROSS(o->n_bins) };
	enum ckpt_status st = run(&m, err);

	for (size_t i = 0; i < m.n_collections && m.collections != NULL;
	    i++) {
		struct collection *k = &m.collections[i];

		for (size_t w = 0; w < m.n_weights && k->values != NULL; w++)
			free(k->values[w]);
		free(k->values);
		free(k->range);
		free(k->title);
	}
	free(m.collections);
	eval_weights_free(m.weights, m.n_weights);
	return (st);
}
