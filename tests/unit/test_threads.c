/*
 * threads: order, errors, and what becomes of items that are not consumed.
 */
#include "base/base.h"
#include "unit.h"

struct run {
	size_t n, next;        /* items to produce, produced */
	size_t fail_produce, fail_work, fail_consume; /* item, or SIZE_MAX */
	size_t consumed;
	_Atomic size_t alive;
};

struct item {
	size_t number, square;
};

static enum ckpt_status
produce(void *arg, void **out, struct ckpt_error *err)
{
	struct run *r = arg;
	struct item *item;

	if (r->next == r->fail_produce)
		return (error_set(err, CKPT_INVALID, "produce"));
	if (r->next == r->n)
		return (CKPT_END);
	item = calloc(1, sizeof(*item));
	assert_non_null(item);
	item->number = r->next++;
	r->alive++;
	*out = item;
	return (CKPT_OK);
}

static enum ckpt_status
work(void *arg, void *p, unsigned thread, struct ckpt_error *err)
{
	struct run *r = arg;
	struct item *item = p;
	volatile size_t spin;

	(void)thread;
	if (item->number == r->fail_work)
		return (error_set(err, CKPT_LIMIT, "work"));
	for (spin = 0; spin < item->number * 7919 % 5000; spin++)
		;
	item->square = item->number * item->number;
	return (CKPT_OK);
}

static void
drop(void *arg, void *p)
{
	struct run *r = arg;

	r->alive--;
	free(p);
}

static enum ckpt_status
consume(void *arg, void *p, struct ckpt_error *err)
{
	struct run *r = arg;
	struct item *item = p;
	enum ckpt_status st = CKPT_OK;

	assert_int_equal(item->number, r->consumed);
	assert_int_equal(item->square, r->consumed * r->consumed);
	if (item->number == r->fail_consume)
		st = error_set(err, CKPT_MISMATCH, "consume");
	else
		r->consumed++;
	drop(r, item);
	return (st);
}

static enum ckpt_status
run_pipe(struct run *r, unsigned n_threads, size_t window,
    struct ckpt_error *err)
{
	struct threads_pipe p = {
		.n_threads = n_threads, .window = window, .arg = r,
		.produce = produce, .work = work, .consume = consume,
		.drop = drop,
	};

	return (threads_pipe_run(&p, err));
}

static void
test_pipe_order(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	static const size_t windows[] = { 0, 1, 3, 64 };
	unsigned n_threads, i;

	(void)state;
	for (n_threads = 1; n_threads <= 5; n_threads++)
		for (i = 0; i < 4; i++) {
			struct run r = { 500, 0, SIZE_MAX, SIZE_MAX,
			    SIZE_MAX, 0, 0 };

			must(run_pipe(&r, n_threads, windows[i], &err),
			    &err);
			assert_int_equal(r.consumed, 500);
			assert_int_equal(r.alive, 0);
		}
}

static void
test_pipe_errors(void **state)
{
	unsigned n_threads;
	size_t at;

	(void)state;
	for (n_threads = 1; n_threads <= 4; n_threads++)
		for (at = 0; at < 40; at += 13) {
			struct ckpt_error err = { .status = CKPT_OK };
			struct run p = { 50, 0, at, SIZE_MAX, SIZE_MAX, 0, 0 };
			struct run w = { 50, 0, SIZE_MAX, at, SIZE_MAX, 0, 0 };
			struct run c = { 50, 0, SIZE_MAX, SIZE_MAX, at, 0, 0 };

			assert_int_equal(run_pipe(&p, n_threads, 0, &err),
			    CKPT_INVALID);
			assert_string_equal(err.text, "produce");
			assert_int_equal(p.consumed, at);
			assert_int_equal(p.alive, 0);
			assert_int_equal(run_pipe(&w, n_threads, 0, &err),
			    CKPT_LIMIT);
			assert_int_equal(w.consumed, at);
			assert_int_equal(w.alive, 0);
			assert_int_equal(run_pipe(&c, n_threads, 0, &err),
			    CKPT_MISMATCH);
			assert_int_equal(c.alive, 0);
		}
}

static enum ckpt_status
mark(void *arg, size_t i, unsigned thread, struct ckpt_error *err)
{
	unsigned char *marks = arg;

	assert_true(thread < 4);
	marks[i]++;
	if (i % 100 == 77)
		return (error_set(err, CKPT_INVALID, "%zu", i));
	return (CKPT_OK);
}

static void
test_for(void **state)
{
	struct ckpt_error err = { .status = CKPT_OK };
	unsigned char marks[1000] = { 0 };
	size_t i;

	(void)state;
	must(threads_for(4, 77, mark, marks, &err), &err);
	for (i = 0; i < 77; i++)
		assert_int_equal(marks[i], 1);
	assert_int_equal(threads_for(4, 1000, mark, marks, &err),
	    CKPT_INVALID);
	assert_string_equal(err.text, "77");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe_order),
		cmocka_unit_test(test_pipe_errors),
		cmocka_unit_test(test_for),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
