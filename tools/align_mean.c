/*
 * align_mean: --to=mean: passes over the models until the objective stalls,
 * then the models as aligned.
 */
#include "base/banned.h"
#include "align_mean.h"

/* Passes end when they add less than this part of the objective. */
#define STALLED 1e-6
#define MAX_PASSES 100

/* ---- passes ---- */

static enum ckpt_status
new_weights(const struct align_mean *m, double **out, struct ckpt_error *err)
{
	const size_t n = m->shape->total + 1;

	*out = malloc(n * sizeof(**out));
	return (*out != NULL ? CKPT_OK : error_nomem(err, n * sizeof(**out)));
}

/* item->w under item->map into item->x. */
static enum ckpt_status
apply(const struct align *a, struct align_item *item, struct ckpt_error *err)
{
	enum ckpt_status st = new_weights(a->mean, &item->x, err);

	return (st == CKPT_OK ? match_mean_apply(a->mean->mean, item->w,
	    &item->map, item->x, err) : st);
}

/* The weights that are compared, into item->w; the way to them from the model
 * into `first`. */
static enum ckpt_status
load(const struct align *a, struct align_item *item, struct match_map *first,
    struct ckpt_error *err)
{
	const struct align_mean *m = a->mean;
	enum ckpt_status st;

	st = new_weights(m, &item->w, err);
	if (st == CKPT_OK)
		st = match_map_new(m->shape, first, err);
	if (st != CKPT_OK)
		return (st);
	st = match_mean_load(m->mean, item->plan->plan->sym, &item->in,
	    item->w, first, err);
	if (st != CKPT_OK)
		match_map_release(first);
	return (st);
}

static void
unload(struct align_item *item)
{
	match_map_release(&item->map);
	free(item->w);
	free(item->x);
	item->w = item->x = NULL;
}

/* The model's first map. */
static enum ckpt_status
find_first(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	const struct align_mean *m = a->mean;
	enum ckpt_status st;

	st = match_map_new(m->shape, &item->map, err);
	if (st == CKPT_OK && item->number > 0)
		st = match_mean_first(m->mean, item->w, a->n_restarts,
		    a->seed, &item->map, err);
	return (st);
}

static enum ckpt_status
fit_first(struct align *a, struct align_item *item, unsigned thread,
    struct ckpt_error *err)
{
	struct match_map first;
	enum ckpt_status st;

	(void)thread;
	st = load(a, item, &first, err);
	if (st != CKPT_OK)
		return (st);
	match_map_release(&first);
	st = find_first(a, item, err);
	return (st == CKPT_OK ? apply(a, item, err) : st);
}

static enum ckpt_status
fit_again(struct align *a, struct align_item *item, unsigned thread,
    struct ckpt_error *err)
{
	const struct align_mean *m = a->mean;
	struct match_map first;
	enum ckpt_status st;
	double *old;

	(void)thread;
	st = load(a, item, &first, err);
	if (st != CKPT_OK)
		return (st);
	match_map_release(&first);
	st = new_weights(m, &old, err);
	if (st != CKPT_OK)
		return (st);
	st = align_record_map(m, item->number, &item->map, err);
	if (st == CKPT_OK)
		st = match_mean_again(m->mean, item->w, &item->map,
		    &item->is_moved, old, err);
	if (st == CKPT_OK && item->is_moved)
		st = apply(a, item, err);
	free(item->w);
	item->w = old;
	return (st);
}

/* What is known of a model when it comes for the first time. */
static enum ckpt_status
add_raw(struct align_mean *m, const struct align_item *item,
    struct ckpt_error *err)
{
	match_mean_add(m->raw, item->w);
	return (align_mean_model_add(m, &item->in, err));
}

static enum ckpt_status
take_first(struct align *a, struct align_item *item, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	enum ckpt_status st;

	match_mean_add(m->mean, item->x);
	st = add_raw(m, item, err);
	if (st == CKPT_OK)
		st = align_record_add(m, item, err);
	unload(item);
	return (st);
}

static enum ckpt_status
take_again(struct align *a, struct align_item *item, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	enum ckpt_status st = CKPT_OK;

	if (!item->is_moved)
		match_mean_add(m->mean, item->w);
	else if (match_mean_replace(m->mean, item->w, item->x)) {
		st = align_record_set_map(m, item, err);
		m->n_moved++;
	}
	unload(item);
	return (st);
}

/* The first maps: to the mean of 1, 2, 4, 8, ... models. */
static enum ckpt_status
run_first(struct align *a, struct ckpt_error *err)
{
	struct align_pass pass = { a, align_mean_next, fit_first,
	    take_first };
	struct align_mean *m = a->mean;
	const uint64_t limit = m->is_in_memory ? m->n_kept : UINT64_MAX;
	enum ckpt_status st = CKPT_OK;

	while (st == CKPT_OK && m->at < limit && (m->is_in_memory ||
	    !m->is_ended)) {
		m->end = m->at == 0 ? 1 : 2 * m->at;
		m->end = m->end < limit ? m->end : limit;
		st = align_pass_run(&pass, err);
		m->n = m->at;
		if (st == CKPT_OK)
			st = match_mean_update(m->mean, err);
	}
	m->n_passes = 1;
	return (st);
}

static enum ckpt_status
run_again(struct align *a, struct ckpt_error *err)
{
	struct align_pass pass = { a, align_mean_next, fit_again,
	    take_again };
	struct align_mean *m = a->mean;
	enum ckpt_status st;

	st = align_mean_rewind(a, err);
	if (st != CKPT_OK)
		return (st);
	m->n_moved = 0;
	st = match_mean_begin(m->mean, err);
	if (st == CKPT_OK)
		st = align_pass_run(&pass, err);
	m->n_passes++;
	return (st == CKPT_OK ? match_mean_update(m->mean, err) : st);
}

static enum ckpt_status
iterate(struct align *a, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	const unsigned max = a->mean_options.n_passes > 0 ?
	    a->mean_options.n_passes : MAX_PASSES;
	double before, after, gain = 1, scale = 0;
	enum ckpt_status st;

	st = run_first(a, err);
	if (!m->is_stream) { /* no more come */
		m->before = match_mean_objective(m->raw);
		match_mean_free(m->raw);
		m->raw = NULL;
	}
	after = match_mean_objective(m->mean);
	while (st == CKPT_OK && m->n_passes < max && gain > STALLED * scale) {
		before = after;
		st = run_again(a, err);
		after = match_mean_objective(m->mean);
		gain = m->n_moved > 0 ? after - before : 0;
		scale = after < 0 ? -after : after;
		if (st == CKPT_OK && cli_wants_progress(&a->cli))
			(void)fprintf(stderr, "\r%s: pass %u: %.9g",
			    a->cli.tool, m->n_passes, after);
	}
	if (cli_wants_progress(&a->cli))
		(void)fputc('\n', stderr);
	return (st);
}

/* ---- the models as aligned ---- */

/* item->out and the report's columns, from item->map. */
static enum ckpt_status
put_aligned(struct align *a, struct align_item *item, struct match_map *first,
    unsigned thread, struct ckpt_error *err)
{
	const struct align_mean *m = a->mean;
	enum ckpt_status st;

	st = apply(a, item, err);
	if (st != CKPT_OK)
		return (st);
	item->stage = "match";
	item->n_not_finite = align_count_not_finite(&item->in,
	    &item->not_finite, &item->not_finite_at);
	item->before = match_mean_value(m->mean, item->w);
	item->after = match_mean_value(m->mean, item->x);
	match_map_append(first, &item->map);
	st = align_put_map(a, item, first, err);
	return (st == CKPT_OK ? align_item_finish(a, item, thread, err) : st);
}

/* With the map that is known, or in a stream the first that is found. */
static enum ckpt_status
finish(struct align *a, struct align_item *item, unsigned thread,
    struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	struct match_map first;
	enum ckpt_status st;

	st = load(a, item, &first, err);
	if (st != CKPT_OK)
		return (st);
	st = m->is_first ? find_first(a, item, err) :
	    align_record_map(m, item->number, &item->map, err);
	if (st == CKPT_OK)
		st = put_aligned(a, item, &first, thread, err);
	match_map_release(&first);
	return (st);
}

static enum ckpt_status
take_finished(struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	enum ckpt_status st = CKPT_OK;

	if (item->is_kept) { /* no longer */
		m->kept[item->number] = NULL;
		item->is_kept = false;
	}
	if (m->is_first) {
		match_mean_add(m->mean, item->x);
		st = add_raw(m, item, err);
	}
	return (st == CKPT_OK ? align_item_put(a, item, err) : st);
}

/* What follows the first window, a window at a time. */
static enum ckpt_status
follow_stream(struct align *a, struct ckpt_error *err)
{
	struct align_pass pass = { a, align_mean_next, finish,
	    take_finished };
	struct align_mean *m = a->mean;
	enum ckpt_status st = CKPT_OK;

	m->is_in_memory = false;
	m->is_first = true;
	while (st == CKPT_OK && !m->is_ended) {
		m->end = m->at + m->window;
		st = align_pass_run(&pass, err);
		if (st != CKPT_OK || m->at == m->n)
			return (st);
		m->n = m->at;
		st = match_mean_update(m->mean, err);
		if (st == CKPT_OK)
			st = align_mean_model_make(a, err);
	}
	return (st);
}

static enum ckpt_status
put_all(struct align *a, struct ckpt_error *err)
{
	struct align_pass pass = { a, align_mean_next, finish,
	    take_finished };
	struct align_mean *m = a->mean;
	enum ckpt_status st;

	st = align_mean_model_make(a, err);
	if (st == CKPT_OK)
		st = align_mean_rewind(a, err);
	if (st == CKPT_OK)
		st = align_pass_run(&pass, err);
	return (st == CKPT_OK && m->is_stream ? follow_stream(a, err) : st);
}

/* ---- the whole ---- */

enum ckpt_status
align_mean_open(struct align *a, struct ckpt_error *err)
{
	const struct cli_pack_options pack = { .has_codec = false };
	enum ckpt_status st = CKPT_OK;

	a->mean = calloc(1, sizeof(*a->mean));
	if (a->mean == NULL)
		return (error_nomem(err, sizeof(*a->mean)));
	if (a->mean_options.path != NULL)
		st = cli_open_pack(&a->cli, a->mean_options.path, &pack,
		    &a->mean->sink, err);
	if (st == CKPT_OK && a->mean_options.cycles != NULL)
		st = align_cycles_open(a, err);
	return (st);
}

enum ckpt_status
align_mean_run(struct align *a, struct ckpt_error *err)
{
	enum ckpt_status st;

	st = align_mean_gather(a, err);
	if (st == CKPT_OK)
		st = iterate(a, err);
	if (st == CKPT_OK && a->mean->cycles != NULL)
		st = align_cycles_run(a, err);
	return (st == CKPT_OK ? put_all(a, err) : st);
}

static void
summarise(const struct align *a)
{
	const struct align_mean *m = a->mean;
	const double squares = match_mean_squares(m->mean);
	double after = match_mean_objective(m->mean), products;

	products = a->scale == MATCH_SCALE_POW2 ? after + squares : after;
	(void)fprintf(stderr, "%s: %llu models, %u passes: objective %.6g "
	    "before, %.6g after; the mean has %.2f %% of the squares",
	    a->cli.tool, (unsigned long long)match_mean_count(m->mean),
	    m->n_passes, m->raw != NULL ? match_mean_objective(m->raw) :
	    m->before, after,
	    squares > 0 ? 100 * products / squares : 0);
	if (m->cycles != NULL)
		(void)fprintf(stderr, "; A>B>C>A brings home %.2f %% of the "
		    "units pairwise, %.2f %% by the mean, %.2f %% by chance",
		    100 * m->home_pairwise, 100 * m->home_universe,
		    100 * m->chance);
	(void)fputc('\n', stderr);
}

enum ckpt_status
align_mean_close(struct align *a, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	enum ckpt_status st = CKPT_OK;
	char *label = strdup("mean");

	if (label == NULL)
		return (error_nomem(err, 5));
	free(m->out.head.label);
	m->out.head.label = label;
	if (m->sink != NULL) {
		st = model_put(m->sink, &m->out, err);
		if (st == CKPT_OK) {
			st = model_sink_close(m->sink, err);
			m->sink = NULL;
		}
	}
	if (st == CKPT_OK && m->cycles != NULL)
		st = align_cycles_close(a, err);
	if (st == CKPT_OK && !a->cli.quiet)
		summarise(a);
	return (st);
}

void
align_mean_free(struct align *a)
{
	struct align_mean *m = a->mean;
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->n_kept; i++)
		align_item_free(a, m->kept[i]);
	free(m->kept);
	align_item_free(a, m->next_item);
	model_sink_abort(m->sink);
	align_cycles_free(m->cycles);
	align_mean_model_release(m);
	hold_free(m->records);
	match_mean_free(m->mean);
	match_mean_free(m->raw);
	free(m);
}

enum ckpt_status
align_mean_print(const struct align *a, struct buf *out,
    struct ckpt_error *err)
{
	static const char *const scales[] = { "none", "pow2", "unit" };
	const struct align_mean *m = a->mean;
	char hex[ID_HEX_SIZE];
	enum ckpt_status st;

	id_hex(&m->id, hex);
	st = buf_printf(out, err, "to=mean:%s models=%llu passes=%u scale=%s "
	    "restarts=%u seed=%llu", hex,
	    (unsigned long long)m->n_averaged, m->n_passes,
	    scales[a->scale], a->n_restarts, (unsigned long long)a->seed);
	if (st == CKPT_OK && m->window > 0)
		st = buf_printf(out, err, " window=%llu",
		    (unsigned long long)m->window);
	return (st);
}
