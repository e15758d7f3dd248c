/*
 * align_cycles: --cycles: of triples of models, how many units the way
 * A>B>C>A brings home: matched pair by pair, and by the mean.
 *
 * The triples are models i, i+1, i+2, beginning with the first, and around
 * the end if need be. A chunk of them is worked on at a time.
 */
#include "base/banned.h"
#include "align_mean.h"

#define N_TRIPLES 100 /* if --triples is not given */
#define MAX_CHUNK 64

struct align_cycles {
	struct outfile *out;
	uint64_t n;                /* triples */
	uint64_t n_models;         /* that they touch, from the first on */
	struct align_item **items; /* of those; NULL: not there (any more) */
	uint64_t n_read;

	/* the chunk: triples `begin` to `begin` + n_chunk - 1 */
	uint64_t begin, n_chunk;
	struct match_map *steps;   /* [n_chunk + 1]: model i to i + 1 */
	struct match_map *returns; /* [n_chunk]: model i + 2 to i */

	uint64_t n_units, n_pairwise, n_universe; /* sums */
	double chance;
};

enum ckpt_status
align_cycles_open(struct align *a, struct ckpt_error *err)
{
	static const char head[] = "a\tb\tc\tunits\thome_pairwise\t"
	    "home_by_mean\thome_by_chance\n";
	struct align_cycles *c = calloc(1, sizeof(*c));
	enum ckpt_status st;

	if (c == NULL)
		return (error_nomem(err, sizeof(*c)));
	a->mean->cycles = c;
	st = outfile_open(a->mean_options.cycles, &c->out, err);
	return (st == CKPT_OK ? outfile_write(c->out, head, sizeof(head) - 1,
	    err) : st);
}

/* ---- models ---- */

/* Model i of the universe, around its end. */
static struct align_item *
item_at(const struct align *a, uint64_t i)
{
	return (a->mean->cycles->items[i % a->mean->n]);
}

/* Models up to number `end` - 1 into memory. */
static enum ckpt_status
read_to(struct align *a, uint64_t end, struct ckpt_error *err)
{
	struct align_cycles *c = a->mean->cycles;
	enum ckpt_status st;

	while (c->n_read < end && c->n_read < c->n_models) {
		a->mean->end = c->n_models;
		st = align_mean_next(a, &c->items[c->n_read], err);
		if (st != CKPT_OK)
			return (st);
		align_item_keep(a, c->items[c->n_read++]);
	}
	return (CKPT_OK);
}

/* Models from number `begin` to `end` - 1 are not needed any more. */
static void
drop(struct align *a, uint64_t begin, uint64_t end)
{
	struct align_cycles *c = a->mean->cycles;
	uint64_t i;

	for (i = begin; i < end && i < c->n_models && c->items != NULL; i++) {
		if (!a->mean->is_in_memory)
			align_item_free(a, c->items[i]);
		c->items[i] = NULL;
	}
}

/* As many triples as there is memory for the models of. */
static uint64_t
chunk_size(const struct align *a)
{
	const uint64_t n = a->cli.memory / 2 /
	    (a->mean->out.head.schema->n_bytes + 1);

	return (n < 6 ? 1 : n > MAX_CHUNK + 4 ? MAX_CHUNK : n - 4);
}

/* ---- matching ---- */

static enum ckpt_status
match_pair(const struct align *a, const struct align_item *from,
    const struct align_item *to, struct match_map *out,
    struct ckpt_error *err)
{
	struct match_problem *p;
	struct match_result r;
	enum ckpt_status st;

	st = match_problem_new(to->plan->shape, &to->in, a->scale, &p, err);
	if (st != CKPT_OK)
		return (error_where(err, to->in.head.label));
	st = match_solve(p, from->plan->plan->sym, &from->in, a->n_restarts,
	    a->seed, &r, err);
	match_problem_free(p);
	if (st != CKPT_OK)
		return (error_where(err, from->in.head.label));
	*out = r.map;
	return (CKPT_OK);
}

/* Task 2k: from model k of the chunk to the next; 2k + 1: from the one after
 * that to it. */
static enum ckpt_status
match_task(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	const struct align *a = arg;
	struct align_cycles *c = a->mean->cycles;
	const uint64_t at = c->begin + i / 2;

	(void)thread;
	if (i % 2 == 1)
		return (match_pair(a, item_at(a, at + 2), item_at(a, at),
		    &c->returns[i / 2], err));
	if (c->steps[i / 2].units != NULL) /* of the chunk before */
		return (CKPT_OK);
	return (match_pair(a, item_at(a, at), item_at(a, at + 1),
	    &c->steps[i / 2], err));
}

/* ---- ways ---- */

/* Around by the mean, from what is kept of each model. */
static enum ckpt_status
go_by_mean(const struct align_mean *m, uint64_t i, struct match_map *out,
    struct ckpt_error *err)
{
	struct match_map to = { .units = NULL }, back;
	enum ckpt_status st;
	unsigned k;

	st = match_map_new(m->shape, &back, err);
	for (k = 0; k < 3 && st == CKPT_OK; k++) {
		st = align_record_map(m, (i + k) % m->n, &to, err);
		if (st != CKPT_OK)
			break;
		match_map_append(out, &to);
		match_map_release(&to);
		st = align_record_map(m, (i + (k + 1) % 3) % m->n, &to, err);
		if (st != CKPT_OK)
			break;
		match_map_invert(&to, &back);
		match_map_append(out, &back);
		match_map_release(&to);
	}
	match_map_release(&back);
	return (st);
}

static enum ckpt_status
put_row(struct align *a, uint64_t i, uint64_t n_units, uint64_t pairwise,
    uint64_t universe, struct ckpt_error *err)
{
	struct align_cycles *c = a->mean->cycles;
	struct buf text = BUF_INIT(16 * CKPT_MAX_LABEL + 4096);
	enum ckpt_status st = CKPT_OK;
	unsigned k;

	for (k = 0; k < 3 && st == CKPT_OK; k++) {
		st = text_escape(&text, item_at(a, i + k)->in.head.label,
		    err);
		if (st == CKPT_OK)
			st = buf_append(&text, "\t", 1, err);
	}
	if (st == CKPT_OK)
		st = buf_printf(&text, err, "%llu\t%llu\t%llu\t%.6g\n",
		    (unsigned long long)n_units, (unsigned long long)pairwise,
		    (unsigned long long)universe, c->chance);
	if (st == CKPT_OK)
		st = outfile_write(c->out, text.data, text.len, err);
	buf_release(&text);
	c->n_units += n_units;
	c->n_pairwise += pairwise;
	c->n_universe += universe;
	return (st);
}

static enum ckpt_status
put_triple(struct align *a, uint64_t k, struct ckpt_error *err)
{
	const struct align_mean *m = a->mean;
	struct align_cycles *c = m->cycles;
	uint64_t n_units, pairwise, universe;
	struct match_map way;
	enum ckpt_status st;

	st = match_map_new(m->shape, &way, err);
	if (st != CKPT_OK)
		return (st);
	match_map_append(&way, &c->steps[k]);
	match_map_append(&way, &c->steps[k + 1]);
	match_map_append(&way, &c->returns[k]);
	pairwise = match_map_home(m->shape, &way, &n_units);
	match_map_reset(&way);
	st = go_by_mean(m, c->begin + k, &way, err);
	universe = match_map_home(m->shape, &way, &n_units);
	match_map_release(&way);
	return (st == CKPT_OK ? put_row(a, c->begin + k, n_units, pairwise,
	    universe, err) : st);
}

/* The last step of a chunk is the first of the next. */
static void
clear_chunk(struct align_cycles *c)
{
	uint64_t k;

	for (k = 0; k < c->n_chunk; k++) {
		match_map_release(&c->steps[k]);
		match_map_release(&c->returns[k]);
	}
	c->steps[0] = c->steps[k];
	if (k > 0)
		memset(&c->steps[k], 0, sizeof(*c->steps));
}

static enum ckpt_status
run_chunk(struct align *a, struct ckpt_error *err)
{
	struct align_cycles *c = a->mean->cycles;
	enum ckpt_status st;
	uint64_t k;

	st = read_to(a, c->begin + c->n_chunk + 2, err);
	if (st == CKPT_OK)
		st = threads_for(a->cli.n_threads,
		    2 * (size_t)c->n_chunk + 1, match_task, a, err);
	for (k = 0; k < c->n_chunk && st == CKPT_OK; k++)
		st = put_triple(a, k, err);
	clear_chunk(c);
	/* the last triples come back to the first models */
	drop(a, c->n + 2 > a->mean->n ? c->n + 2 - a->mean->n : 0,
	    c->begin + c->n_chunk);
	return (st);
}

static enum ckpt_status
run_chunks(struct align *a, struct ckpt_error *err)
{
	struct align_cycles *c = a->mean->cycles;
	const uint64_t most = chunk_size(a);
	enum ckpt_status st = CKPT_OK;

	c->items = calloc(c->n_models + 1, sizeof(*c->items));
	c->steps = calloc(most + 2, sizeof(*c->steps));
	c->returns = calloc(most + 1, sizeof(*c->returns));
	if (c->items == NULL || c->steps == NULL || c->returns == NULL)
		return (error_nomem(err, c->n_models * sizeof(*c->items)));
	for (; c->begin < c->n && st == CKPT_OK; c->begin += c->n_chunk) {
		c->n_chunk = c->n - c->begin < most ? c->n - c->begin : most;
		st = run_chunk(a, err);
	}
	match_map_release(&c->steps[0]);
	return (st);
}

enum ckpt_status
align_cycles_run(struct align *a, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	struct align_cycles *c = m->cycles;
	enum ckpt_status st;

	if (m->n < 3) {
		cli_warn(&a->cli, "%s: a triple needs 3 models, there are "
		    "%llu", a->mean_options.cycles, (unsigned long long)m->n);
		return (CKPT_OK);
	}
	c->n = a->mean_options.n_triples > 0 ? a->mean_options.n_triples :
	    N_TRIPLES;
	c->n = c->n < m->n ? c->n : m->n;
	c->n_models = c->n + 2 < m->n ? c->n + 2 : m->n;
	c->chance = match_map_chance(m->shape);
	st = align_mean_rewind(a, err);
	if (st == CKPT_OK)
		st = run_chunks(a, err);
	drop(a, 0, UINT64_MAX);
	if (st != CKPT_OK)
		return (st);
	m->home_pairwise = (double)c->n_pairwise / (double)c->n_units;
	m->home_universe = (double)c->n_universe / (double)c->n_units;
	m->chance = c->chance * (double)c->n / (double)c->n_units;
	return (CKPT_OK);
}

enum ckpt_status
align_cycles_close(struct align *a, struct ckpt_error *err)
{
	struct align_cycles *c = a->mean->cycles;
	struct outfile *out = c->out;

	c->out = NULL;
	return (outfile_commit(out, err));
}

void
align_cycles_free(struct align_cycles *c)
{
	if (c == NULL)
		return;
	outfile_abort(c->out);
	free(c->items);
	free(c->steps);
	free(c->returns);
	free(c);
}
