/*
 * eval_pass: one pass over all models of some inputs, in parallel.
 */
#include "eval.h"

#include "id/id.h"

struct pass {
	const struct eval_pass *p;
	struct model_source *source;
	struct eval_one *first; /* read ahead, or NULL */
	size_t n_models;
};

enum ckpt_status
eval_load(struct model_source *source, struct model *m,
    struct ckpt_error *err)
{
	struct ckpt_id *ids, id;
	enum ckpt_status st;

	st = model_load(source, UINT64_MAX, m, err);
	if (st != CKPT_OK)
		return (st);
	ids = calloc(m->head.schema->n_tensors + 1, sizeof(*ids));
	st = ids == NULL ? error_nomem(err, sizeof(*ids)) :
	    id_of_model(m, ids, &id, err);
	if (st == CKPT_OK)
		st = model_confirm(source, ids, err);
	free(ids);
	if (st != CKPT_OK) {
		(void)error_where(err, m->head.label);
		model_release(m);
	}
	return (st);
}

static void
one_free(const struct pass *s, struct eval_one *one)
{
	if (one == NULL)
		return;
	if (s->p->release != NULL && one->result != NULL)
		s->p->release(one->result);
	free(one->result);
	model_release(&one->model);
	free(one);
}

static void
drop(void *arg, void *item)
{
	one_free(arg, item);
}

static enum ckpt_status
read_one(struct pass *s, struct eval_one **out, struct ckpt_error *err)
{
	struct eval_one *one = calloc(1, sizeof(*one));
	enum ckpt_status st;

	if (one == NULL)
		return (error_nomem(err, sizeof(*one)));
	st = eval_load(s->source, &one->model, err);
	if (st == CKPT_OK && s->p->plans != NULL) {
		st = plans_get(s->p->plans, &one->model.head, &one->plan,
		    err);
		if (st != CKPT_OK)
			(void)error_where(err, one->model.head.label);
	}
	if (st != CKPT_OK) {
		one_free(s, one);
		return (st);
	}
	*out = one;
	return (CKPT_OK);
}

static enum ckpt_status
produce(void *arg, void **out, struct ckpt_error *err)
{
	struct pass *s = arg;
	struct eval_one *one = s->first;
	enum ckpt_status st = CKPT_OK;

	s->first = NULL;
	if (one == NULL)
		st = read_one(s, &one, err);
	if (st == CKPT_OK)
		*out = one;
	return (st);
}

static enum ckpt_status
work(void *arg, void *item, unsigned thread, struct ckpt_error *err)
{
	const struct pass *s = arg;
	struct eval_one *one = item;
	enum ckpt_status st = s->p->work(s->p->arg, one, err);

	(void)thread;
	if (st != CKPT_OK)
		(void)error_where(err, one->model.head.label);
	return (st);
}

static enum ckpt_status
consume(void *arg, void *item, struct ckpt_error *err)
{
	struct pass *s = arg;
	struct eval_one *one = item;
	enum ckpt_status st = s->p->consume(s->p->arg, one, err);

	s->n_models++;
	if (st == CKPT_OK && cli_wants_progress(s->p->cli))
		(void)fprintf(stderr, "\r%s: %zu models", s->p->cli->tool,
		    s->n_models);
	one_free(s, one);
	return (st);
}

/* Models on their way at once: as many as the threads need and the memory
 * holds, with a copy of each in double. */
static size_t
choose_window(const struct pass *s)
{
	const uint64_t n = s->p->cli->memory /
	    (3 * s->first->model.head.schema->n_bytes + 1);
	const size_t most = 2 * (size_t)s->p->cli->n_threads;

	return (n == 0 ? 1 : n < most ? (size_t)n : most);
}

static enum ckpt_status
run(struct pass *s, struct ckpt_error *err)
{
	struct threads_pipe pipe = {
		.n_threads = s->p->cli->n_threads, .arg = s,
		.produce = produce, .work = work, .consume = consume,
		.drop = drop
	};
	enum ckpt_status st = read_one(s, &s->first, err);

	if (st == CKPT_END)
		return (error_set(err, CKPT_INVALID, "no models in the "
		    "input"));
	if (st == CKPT_OK && s->p->begin != NULL) {
		st = s->p->begin(s->p->arg, s->first, err);
		if (st != CKPT_OK)
			(void)error_where(err, s->first->model.head.label);
	}
	if (st != CKPT_OK)
		return (st);
	pipe.window = choose_window(s);
	st = threads_pipe_run(&pipe, err);
	if (s->n_models > 0 && cli_wants_progress(s->p->cli))
		(void)fputc('\n', stderr);
	return (st);
}

enum ckpt_status
eval_pass_run(const struct eval_pass *p, char **paths, int n_paths,
    struct ckpt_error *err)
{
	struct pass s = { .p = p };
	enum ckpt_status st = cli_open_selected(p->cli, paths, n_paths,
	    p->selection, &s.source, err);

	if (st != CKPT_OK)
		return (st);
	st = run(&s, err);
	one_free(&s, s.first);
	model_source_close(s.source);
	return (st);
}
