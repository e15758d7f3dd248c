#include <math.h>

#include "base/banned.h"
#include "align_barrier.h"

struct align_barrier {
	struct dataset data, repair;
	struct nn_images images, repair_images;
	const struct nn_images *repair_used; /* NULL without --repair */
	struct line *line;
	/* The end of the lines from matched models: the reference, brought
	 * to unit norm as they are with --scale=unit. */
	struct model unit;
	const struct model *end;
	struct outfile *out;
	struct align_curves curves;
	size_t n_models;
};

/* ---- before the first model ---- */

static bool
has_batch_norm(const struct graph *g)
{
	size_t i;

	for (i = 0; i < g->n_nodes; i++)
		if (g->nodes[i].op == GRAPH_BATCH_NORM)
			return (true);
	return (false);
}

/* The data, and the images for batch norm: those of --repair, or the same. */
static enum ckpt_status
read_data(const struct align *a, struct align_barrier *b,
    struct ckpt_error *err)
{
	const struct align_barrier_options *o = &a->barrier_options;
	const struct graph *g = a->ref_plan->plan->graph;
	enum ckpt_status st;

	st = dataset_read(a->data, o->labels, o->limit, &b->data, err);
	if (st == CKPT_OK)
		st = dataset_images(&b->data, g, &b->images, err);
	if (st != CKPT_OK || !o->is_repaired)
		return (st);
	if (!has_batch_norm(g))
		return (error_set(err, CKPT_INVALID, "--repair: %s has no "
		    "batch norm, and no statistics to reset", g->name));
	b->repair_used = &b->images;
	if (o->repair == NULL)
		return (CKPT_OK);
	b->repair_used = &b->repair_images;
	st = dataset_read(o->repair, NULL, o->limit, &b->repair, err);
	return (st == CKPT_OK ? dataset_images(&b->repair, g,
	    &b->repair_images, err) : st);
}

/* The reference at unit norm, in place of what it is. */
static enum ckpt_status
make_unit(const struct align *a, struct align_barrier *b,
    struct ckpt_error *err)
{
	const struct match_shape *s = a->ref_plan->shape;
	struct match_map map;
	enum ckpt_status st;
	double *w;

	w = malloc((s->total + 1) * sizeof(*w));
	if (w == NULL)
		return (error_nomem(err, s->total * sizeof(*w)));
	(void)match_load(s, a->ref_plan->plan->sym, &a->ref, w);
	st = match_map_new(s, &map, err);
	if (st == CKPT_OK) {
		st = match_paper(s, MATCH_SCALE_UNIT, false, w, &map, err);
		if (st == CKPT_OK)
			st = match_write(a->ref_plan->plan->sym, &map,
			    &a->ref, a->ref_plan->as_f32, &b->unit, err);
		match_map_release(&map);
	}
	b->end = &b->unit;
	free(w);
	return (st);
}

static enum ckpt_status
open_line(const struct align *a, struct align_barrier *b,
    struct ckpt_error *err)
{
	const struct line_options o = {
		.graph = a->ref_plan->plan->graph,
		.schema = a->ref_plan->as_f64,
		.data = &b->data,
		.images = &b->images,
		.repair = b->repair_used,
		.n_threads = a->cli.n_threads,
	};

	return (line_new(&o, &b->line, err));
}

enum ckpt_status
align_barrier_open(struct align *a, struct ckpt_error *err)
{
	static const char head[] = "label\talignment\trepair\tt\tloss\t"
	    "accuracy\tloss_barrier\taccuracy_barrier\n";
	struct align_barrier *b = calloc(1, sizeof(*b));
	enum ckpt_status st;

	if (b == NULL)
		return (error_nomem(err, sizeof(*b)));
	a->barrier = b;
	b->curves.n_lines = a->barrier_options.is_repaired ? ALIGN_LINES : 2;
	b->curves.n_points = a->barrier_options.n_points;
	st = align_barrier_admit(a, &a->ref, a->ref_plan, err);
	if (st != CKPT_OK)
		return (error_where(err, a->reference));
	st = read_data(a, b, err);
	if (st == CKPT_OK)
		st = open_line(a, b, err);
	b->end = &a->ref;
	if (st == CKPT_OK && a->scale == MATCH_SCALE_UNIT)
		st = make_unit(a, b, err);
	if (st == CKPT_OK)
		st = outfile_open(a->output, &b->out, err);
	if (st == CKPT_OK)
		st = outfile_write(b->out, head, sizeof(head) - 1, err);
	return (st);
}

/* ---- which models ---- */

enum ckpt_status
align_barrier_admit(const struct align *a, const struct model *m,
    const struct align_plan *p, struct ckpt_error *err)
{
	const char *name = p->plan->graph->name;
	const char *ref = a->ref_plan->plan->graph->name;

	if (strcmp(name, ref) != 0)
		return (error_set(err, CKPT_INVALID, "its architecture is "
		    "%.100s, that of the reference %.200s is %.100s", name,
		    a->ref.head.label, ref));
	return (align_refuse_not_finite(m, err));
}

/* ---- a model ---- */

/* Room for the curves of one model more; *loss and *accuracy are its. */
static enum ckpt_status
grow(struct align_curves *c, double **loss, double **accuracy,
    struct ckpt_error *err)
{
	const size_t n = c->n_lines * c->n_points, all = (c->n + 1) * n;
	double *p;

	p = realloc(c->loss, all * sizeof(*p));
	if (p == NULL)
		return (error_nomem(err, all * sizeof(*p)));
	c->loss = p;
	p = realloc(c->accuracy, all * sizeof(*p));
	if (p == NULL)
		return (error_nomem(err, all * sizeof(*p)));
	c->accuracy = p;
	*loss = c->loss + c->n * n;
	*accuracy = c->accuracy + c->n * n;
	return (CKPT_OK);
}

static double
point_at(size_t i, size_t n)
{
	return ((double)i / (double)(n - 1));
}

/* The scores along one line. */
static enum ckpt_status
run_line(struct align *a, const struct align_item *item, unsigned line,
    double *loss, double *accuracy, struct ckpt_error *err)
{
	struct align_barrier *b = a->barrier;
	const bool is_matched = line % 2 == ALIGN_LINE_MATCHED;
	const struct model *from = is_matched ? &item->out : &item->in;
	const struct model *to = is_matched ? b->end : &a->ref;
	const size_t n = b->curves.n_points;
	struct line_score s;
	size_t i, n_nan = 0;
	enum ckpt_status st;

	for (i = 0; i < n; i++) {
		st = line_at(b->line, from, to, point_at(i, n),
		    line >= ALIGN_LINE_REPAIRED, &s, err);
		if (st != CKPT_OK)
			return (st);
		loss[i] = s.loss;
		accuracy[i] = s.accuracy;
		n_nan += s.n_nan > 0;
	}
	if (n_nan > 0) {
		a->has_nan = true;
		cli_warn(&a->cli, "%s: %zu of %zu networks on the line have "
		    "logits that are NaN or infinite", item->in.head.label,
		    n_nan, n);
	}
	return (CKPT_OK);
}

static enum ckpt_status
put_number(struct buf *text, char after, double x, struct ckpt_error *err)
{
	if (isnan(x)) /* which may carry a sign */
		return (buf_printf(text, err, "nan%c", after));
	return (buf_printf(text, err, "%.9g%c", x, after));
}

static enum ckpt_status
put_line(const struct align_barrier *b, const char *label, unsigned line,
    const double *loss, const double *accuracy, struct ckpt_error *err)
{
	const size_t n = b->curves.n_points;
	const char *alignment = line % 2 == ALIGN_LINE_MATCHED ? "matched" :
	    "none", *repair = line >= ALIGN_LINE_REPAIRED ? "reset" : "none";
	struct buf text = BUF_INIT(8 * CKPT_MAX_LABEL + 4096);
	double *falls = malloc(n * sizeof(*falls)), barriers[2];
	enum ckpt_status st = CKPT_OK;
	size_t i, k;

	if (falls == NULL)
		return (error_nomem(err, n * sizeof(*falls)));
	for (i = 0; i < n; i++)
		falls[i] = -accuracy[i];
	barriers[0] = line_barrier(loss, n);
	barriers[1] = line_barrier(falls, n);
	free(falls);
	for (i = 0; i < n && st == CKPT_OK; i++) {
		const double cells[5] = { point_at(i, n), loss[i],
		    accuracy[i], barriers[0], barriers[1] };

		text.len = 0;
		st = text_escape(&text, label, err);
		if (st == CKPT_OK)
			st = buf_printf(&text, err, "\t%s\t%s\t", alignment,
			    repair);
		for (k = 0; k < 5 && st == CKPT_OK; k++)
			st = put_number(&text, k < 4 ? '\t' : '\n', cells[k],
			    err);
		if (st == CKPT_OK)
			st = outfile_write(b->out, text.data, text.len, err);
	}
	buf_release(&text);
	return (st);
}

enum ckpt_status
align_barrier_put(struct align *a, const struct align_item *item,
    struct ckpt_error *err)
{
	struct align_barrier *b = a->barrier;
	struct align_curves *c = &b->curves;
	double *loss = NULL, *accuracy = NULL;
	enum ckpt_status st;
	unsigned i;

	st = grow(c, &loss, &accuracy, err);
	for (i = 0; i < c->n_lines && st == CKPT_OK; i++) {
		st = run_line(a, item, i, loss + i * c->n_points,
		    accuracy + i * c->n_points, err);
		if (st != CKPT_OK)
			return (error_where(err, item->in.head.label));
		st = put_line(b, item->in.head.label, i, loss +
		    i * c->n_points, accuracy + i * c->n_points, err);
	}
	if (st != CKPT_OK)
		return (st);
	b->n_models++;
	if (a->barrier_options.plot != NULL)
		c->n++; /* otherwise the next model's take their place */
	if (cli_wants_progress(&a->cli))
		(void)fprintf(stderr, "\r%s: %zu models", a->cli.tool,
		    b->n_models);
	return (CKPT_OK);
}

/* ---- the end ---- */

enum ckpt_status
align_barrier_close(struct align *a, struct ckpt_error *err)
{
	struct align_barrier *b = a->barrier;
	enum ckpt_status st = CKPT_OK;

	if (b->n_models == 0)
		return (error_set(err, CKPT_INVALID, "no models in the "
		    "input"));
	if (cli_wants_progress(&a->cli))
		(void)fputc('\n', stderr);
	if (a->barrier_options.plot != NULL)
		st = align_barrier_draw(&b->curves, a->barrier_options.plot,
		    err);
	if (st == CKPT_OK) {
		st = outfile_commit(b->out, err);
		b->out = NULL;
	}
	return (st);
}

void
align_barrier_free(struct align_barrier *b)
{
	if (b == NULL)
		return;
	outfile_abort(b->out);
	line_free(b->line);
	nn_images_release(&b->images);
	nn_images_release(&b->repair_images);
	dataset_release(&b->data);
	dataset_release(&b->repair);
	model_release(&b->unit);
	free(b->curves.loss);
	free(b->curves.accuracy);
	free(b);
}
