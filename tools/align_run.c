#include "base/banned.h"
#include "align.h"

static void
give_room(struct align *a, struct align_item *item)
{
	(void)pthread_mutex_lock(&a->lock);
	a->in_flight -= item->n_bytes;
	item->n_bytes = 0;
	(void)pthread_cond_broadcast(&a->changed);
	(void)pthread_mutex_unlock(&a->lock);
}

void
align_item_keep(struct align *a, struct align_item *item)
{
	item->is_kept = true;
	give_room(a, item);
}

void
align_item_free(struct align *a, struct align_item *item)
{
	if (item == NULL)
		return;
	give_room(a, item);
	model_release(&item->in);
	model_release(&item->out);
	model_release(&item->unrounded);
	sym_element_release(&item->order);
	match_map_release(&item->map);
	free(item->w);
	free(item->x);
	free(item->tensor_ids);
	free(item->note);
	free(item);
}

/* After a failure nobody may wait for room. */
static enum ckpt_status
noted(struct align *a, enum ckpt_status st)
{
	if (st == CKPT_OK)
		return (st);
	(void)pthread_mutex_lock(&a->lock);
	a->is_failed = true;
	(void)pthread_cond_broadcast(&a->changed);
	(void)pthread_mutex_unlock(&a->lock);
	return (st);
}

enum ckpt_status
align_item_wait(struct align *a, struct align_item *item, uint64_t n_bytes)
{
	enum ckpt_status st = CKPT_OK;

	if (n_bytes > UINT64_MAX / 8)
		n_bytes = UINT64_MAX / 8;
	(void)pthread_mutex_lock(&a->lock);
	while (!a->is_failed && a->in_flight > 0 &&
	    a->in_flight + 2 * n_bytes > a->cli.memory)
		(void)pthread_cond_wait(&a->changed, &a->lock);
	if (a->is_failed)
		st = CKPT_CANCELLED;
	item->n_bytes = 2 * n_bytes;
	a->in_flight += item->n_bytes;
	(void)pthread_mutex_unlock(&a->lock);
	return (st);
}

/* The model's bytes, its ID, and its plan. */
static enum ckpt_status
read_item(struct align *a, struct align_item *item, struct ckpt_error *err)
{
	struct model *m = &item->in;
	enum ckpt_status st;

	st = align_plan_get(a, &m->head, &item->plan, err);
	if (st != CKPT_OK)
		return (st);
	/* its weights in double, too, until they are added to the mean */
	st = align_item_wait(a, item, m->head.schema->n_bytes +
	    (a->method == ALIGN_MEAN ? item->plan->shape->total *
	    sizeof(*item->w) : 0));
	if (st != CKPT_OK)
		return (st);
	st = model_alloc(m, err);
	if (st != CKPT_OK)
		return (st);
	st = model_read(a->source, m->data, (size_t)m->head.schema->n_bytes,
	    err);
	if (st != CKPT_OK)
		return (st);
	item->tensor_ids = calloc(m->head.schema->n_tensors + 1,
	    sizeof(*item->tensor_ids));
	if (item->tensor_ids == NULL)
		return (error_nomem(err, m->head.schema->n_tensors * 32));
	st = id_of_model(m, item->tensor_ids, &item->id, err);
	if (st != CKPT_OK)
		return (st);
	st = model_confirm(a->source, item->tensor_ids, err);
	align_state_symmetry(item->plan, m);
	return (st);
}

enum ckpt_status
align_item_read(struct align *a, struct align_item **out,
    struct ckpt_error *err)
{
	struct align_item *item = calloc(1, sizeof(*item));
	enum ckpt_status st;

	if (item == NULL)
		return (error_nomem(err, sizeof(*item)));
	st = model_next(a->source, &item->in.head, err);
	if (st != CKPT_OK) {
		free(item);
		return (st);
	}
	st = read_item(a, item, err);
	if (st != CKPT_OK) {
		(void)error_where(err, item->in.head.label);
		align_item_free(a, item);
		return (st);
	}
	*out = item;
	return (CKPT_OK);
}

static enum ckpt_status
apply_method(const struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	switch (a->method) {
	case ALIGN_EXACT:
		return (align_exact(a, item, err));
	case ALIGN_PAPER:
	case ALIGN_SCALE:
		return (align_form(a, item, err));
	case ALIGN_TO:
		return (align_to(a, item, err));
	default:
		return (align_restore(a, item, err));
	}
}

enum ckpt_status
align_item_finish(struct align *a, struct align_item *item, unsigned thread,
    struct ckpt_error *err)
{
	struct ckpt_id id;
	enum ckpt_status st = CKPT_OK;

	if (a->method != ALIGN_RESTORE) {
		align_state_symmetry(item->plan, &item->out);
		st = id_of_model(&item->out, item->tensor_ids, &id, err);
	}
	if (st == CKPT_OK && a->report_file != NULL)
		st = align_report_measure(a, item, thread, err);
	return (st);
}

static enum ckpt_status
align_one(struct align *a, struct align_item *item, unsigned thread,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	item->n_not_finite = align_count_not_finite(&item->in,
	    &item->not_finite, &item->not_finite_at);
	st = a->barrier == NULL ? CKPT_OK :
	    align_barrier_admit(a, &item->in, item->plan, err);
	if (st == CKPT_OK)
		st = apply_method(a, item, err);
	return (st == CKPT_OK ? align_item_finish(a, item, thread, err) : st);
}

static enum ckpt_status
put_model(struct align *a, const struct align_item *item,
    struct ckpt_error *err)
{
	const struct model *m = &item->out;
	enum ckpt_status st;

	st = model_begin(a->sink, &m->head, err);
	if (st == CKPT_OK)
		st = model_write(a->sink, m->data,
		    (size_t)m->head.schema->n_bytes, err);
	if (st == CKPT_OK)
		st = model_end(a->sink, item->tensor_ids, err);
	return (st);
}

enum ckpt_status
align_item_put(struct align *a, struct align_item *item,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	if (item->n_not_finite > 0)
		cli_warn(&a->cli, "%s: NaN or infinite weights: %llu, the "
		    "first in %s[%llu]; carried, and left out of every "
		    "decision",
		    item->in.head.label,
		    (unsigned long long)item->n_not_finite,
		    item->not_finite,
		    (unsigned long long)item->not_finite_at);
	if (item->note != NULL)
		cli_warn(&a->cli, "%s: %s", item->in.head.label, item->note);
	st = a->barrier != NULL ? align_barrier_put(a, item, err) :
	    put_model(a, item, err);
	if (st == CKPT_OK && a->report_file != NULL)
		st = align_report_put(a, item, err);
	return (st);
}

/* ---- passes ---- */

static void
drop(void *arg, void *p)
{
	const struct align_pass *pass = arg;
	struct align_item *item = p;

	if (item->is_kept)
		give_room(pass->a, item);
	else
		align_item_free(pass->a, item);
}

static enum ckpt_status
produce(void *arg, void **out, struct ckpt_error *err)
{
	const struct align_pass *pass = arg;
	struct align_item *item = NULL;
	enum ckpt_status st;

	st = pass->next(pass->a, &item, err);
	*out = item;
	return (st);
}

static enum ckpt_status
work(void *arg, void *p, unsigned thread, struct ckpt_error *err)
{
	const struct align_pass *pass = arg;
	struct align_item *item = p;
	enum ckpt_status st;

	st = pass->work(pass->a, item, thread, err);
	if (st != CKPT_OK)
		(void)error_where(err, item->in.head.label);
	return (noted(pass->a, st));
}

static enum ckpt_status
consume(void *arg, void *p, struct ckpt_error *err)
{
	const struct align_pass *pass = arg;
	enum ckpt_status st;

	st = pass->take(pass->a, p, err);
	drop(arg, p);
	return (noted(pass->a, st));
}

enum ckpt_status
align_pass_run(struct align_pass *pass, struct ckpt_error *err)
{
	const struct threads_pipe p = {
		.n_threads = pass->a->cli.n_threads,
		/* how many are on their way is bounded by their bytes */
		.window = 32 * (size_t)pass->a->cli.n_threads,
		.arg = pass,
		.produce = produce,
		.work = work,
		.consume = consume,
		.drop = drop,
	};

	return (threads_pipe_run(&p, err));
}

enum ckpt_status
align_run(struct align *a, struct ckpt_error *err)
{
	struct align_pass pass = { a, align_item_read, align_one,
	    align_item_put };

	return (align_pass_run(&pass, err));
}
