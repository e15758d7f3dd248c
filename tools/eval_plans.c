/*
 * eval_plans: the architecture, the plan and the normalised images of each
 * schema that passes by.
 */
#include "eval.h"

/* Images as one architecture wants them. */
struct pictures {
	const struct dataset *data;
	uint32_t c, h, w;
	double scale, mean[16], std[16];
	size_t n_mean;
	struct nn_images images;
};

struct eval_plans {
	const struct cli *cli;
	const struct eval_options *options;
	const struct dataset *in, *ood;
	size_t n, n_pictures;
	struct eval_plan **plans;
	struct pictures **pictures;
};

enum ckpt_status
eval_plans_new(const struct cli *c, const struct eval_options *o,
    const struct dataset *in, const struct dataset *ood,
    struct eval_plans **out, struct ckpt_error *err)
{
	struct eval_plans *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return (error_nomem(err, sizeof(*p)));
	p->cli = c;
	p->options = o;
	p->in = in;
	p->ood = ood;
	*out = p;
	return (CKPT_OK);
}

static void
plan_free(struct eval_plan *plan)
{
	nn_plan_free(plan->nn);
	graph_free(plan->graph);
	schema_unref(plan->schema);
	free(plan->arch);
	free(plan);
}

void
eval_plans_free(struct eval_plans *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		plan_free(p->plans[i]);
	for (size_t i = 0; i < p->n_pictures; i++) {
		nn_images_release(&p->pictures[i]->images);
		free(p->pictures[i]);
	}
	free(p->plans);
	free(p->pictures);
	free(p);
}

/* Replaces the preprocessing by --normalize, which has the syntax of the
 * line of an .arch, and is read as such. */
static enum ckpt_status
normalize(struct graph *g, const char *text, struct ckpt_error *err)
{
	const struct graph_node *in = &g->nodes[0];
	struct buf arch;
	struct graph *other = NULL;
	enum ckpt_status st;

	buf_init(&arch, ARCH_MAX_BYTES);
	if (strpbrk(text, "\n\r#") != NULL)
		st = error_set(err, CKPT_USAGE, "one line is expected");
	else
		st = buf_printf(&arch, err, in->is_vector ?
		    "ckpt-arch 1\ninput %u\n" : "ckpt-arch 1\ninput "
		    "%ux%ux%u\n", in->c, in->h, in->w);
	if (st == CKPT_OK)
		st = buf_printf(&arch, err, "normalize %s\noutput\n", text);
	if (st == CKPT_OK)
		st = graph_parse((char *)arch.data, arch.len, &other, err);
	if (st == CKPT_OK) {
		g->input_scale = other->input_scale;
		g->n_mean = other->n_mean;
		memcpy(g->mean, other->mean, sizeof(g->mean));
		memcpy(g->std, other->std, sizeof(g->std));
	} else if (err != NULL) {
		err->line = 0;
		(void)error_where(err, "--normalize");
	}
	graph_free(other);
	buf_release(&arch);
	return (st);
}

static bool
is_same(const struct pictures *p, const struct dataset *data,
    const struct graph *g)
{
	const struct graph_node *in = &g->nodes[0];

	return (p->data == data && p->c == in->c && p->h == in->h &&
	    p->w == in->w && p->scale == g->input_scale &&
	    p->n_mean == g->n_mean &&
	    memcmp(p->mean, g->mean, g->n_mean * sizeof(double)) == 0 &&
	    memcmp(p->std, g->std, g->n_mean * sizeof(double)) == 0);
}

/* The images for a graph: those of an earlier one if it wants the same. */
static enum ckpt_status
get_images(struct eval_plans *p, const struct dataset *data,
    const struct graph *g, const struct nn_images **out,
    struct ckpt_error *err)
{
	const struct graph_node *in = &g->nodes[0];
	struct pictures *new, **all;
	enum ckpt_status st;

	*out = NULL;
	if (data == NULL)
		return (CKPT_OK);
	for (size_t i = 0; i < p->n_pictures; i++)
		if (is_same(p->pictures[i], data, g)) {
			*out = &p->pictures[i]->images;
			return (CKPT_OK);
		}
	all = realloc(p->pictures, (p->n_pictures + 1) * sizeof(*all));
	if (all == NULL)
		return (error_nomem(err, sizeof(*all)));
	p->pictures = all;
	new = calloc(1, sizeof(*new));
	if (new == NULL)
		return (error_nomem(err, sizeof(*new)));
	*new = (struct pictures){ .data = data, .c = in->c, .h = in->h,
	    .w = in->w, .scale = g->input_scale, .n_mean = g->n_mean };
	memcpy(new->mean, g->mean, sizeof(new->mean));
	memcpy(new->std, g->std, sizeof(new->std));
	st = dataset_images(data, g, &new->images, err);
	if (st != CKPT_OK) {
		free(new);
		return (st);
	}
	all[p->n_pictures++] = new;
	*out = &new->images;
	return (CKPT_OK);
}

/* Models of an item: few enough for the memory budget and for threads to
 * share the work evenly, many if each is small. */
static size_t
choose_batch(const struct eval_plans *p, const struct eval_plan *plan)
{
	const size_t n_ood = p->ood == NULL ? 0 : p->ood->n;
	const uint64_t n_products = nn_plan_products(plan->nn) *
	    (p->in->n + n_ood);
	const uint64_t n_bytes = eval_item_bytes(p->options, p->in->n, n_ood,
	    nn_plan_classes(plan->nn)) + plan->schema->n_bytes +
	    nn_plan_weights(plan->nn) * sizeof(float);
	const uint64_t by_work = (UINT64_C(1) << 31) / (n_products + 1) + 1;
	const uint64_t by_memory = p->cli->memory / (2 * p->cli->n_threads) /
	    (n_bytes + 1);
	uint64_t n = EVAL_MAX_BATCH;

	n = by_work < n ? by_work : n;
	n = by_memory < n ? by_memory : n;
	return (n == 0 ? 1 : (size_t)n);
}

static enum ckpt_status
plan_new(struct eval_plans *p, const struct model_head *head,
    struct eval_plan **out, struct ckpt_error *err)
{
	const char *arch = meta_get(&head->meta, "arch");
	struct eval_plan *plan = calloc(1, sizeof(*plan));
	enum ckpt_status st;

	if (plan == NULL)
		return (error_nomem(err, sizeof(*plan)));
	plan->schema = schema_ref(head->schema);
	if (arch != NULL) {
		plan->arch = strdup(arch);
		if (plan->arch == NULL) {
			st = error_nomem(err, strlen(arch));
			goto err0;
		}
	}
	st = cli_arch_choose(p->cli, p->options->arch, plan->schema,
	    &head->meta, &plan->graph, err);
	if (st == CKPT_OK)
		st = nn_plan_new(plan->graph, plan->schema, NULL, &plan->nn,
		    err);
	if (st != CKPT_OK) {
		(void)error_where(err, head->label);
		goto err0;
	}
	if (p->options->normalize != NULL)
		st = normalize(plan->graph, p->options->normalize, err);
	if (st == CKPT_OK)
		st = get_images(p, p->in, plan->graph, &plan->in, err);
	if (st == CKPT_OK)
		st = get_images(p, p->ood, plan->graph, &plan->ood, err);
	if (st == CKPT_OK)
		st = dataset_check_labels(p->in, plan->graph,
		    nn_plan_classes(plan->nn), err);
	if (st != CKPT_OK)
		goto err0;
	plan->n_models = choose_batch(p, plan);
	*out = plan;
	return (CKPT_OK);

err0:
	plan_free(plan);
	return (st);
}

static bool
is_of(const struct eval_plan *plan, const struct model_head *head)
{
	const char *arch = meta_get(&head->meta, "arch");

	if ((arch == NULL) != (plan->arch == NULL) ||
	    (arch != NULL && strcmp(arch, plan->arch) != 0))
		return (false);
	return (schema_equal(plan->schema, head->schema));
}

enum ckpt_status
eval_plans_get(struct eval_plans *p, const struct model_head *head,
    const struct eval_plan **out, struct ckpt_error *err)
{
	struct eval_plan *plan = NULL, **plans;
	enum ckpt_status st;

	for (size_t i = p->n; i-- > 0;)
		if (is_of(p->plans[i], head)) {
			*out = p->plans[i];
			return (CKPT_OK);
		}
	plans = realloc(p->plans, (p->n + 1) * sizeof(*plans));
	if (plans == NULL)
		return (error_nomem(err, sizeof(*plans)));
	p->plans = plans;
	st = plan_new(p, head, &plan, err);
	if (st != CKPT_OK)
		return (st);
	p->plans[p->n++] = plan;
	*out = plan;
	return (CKPT_OK);
}
