/*
 * The cache of decoded pages against a list that remembers all: what is found
 * is what was put, the most recent are found, and no more than fit.
 */
#include "pack/page_cache.h"
#include "unit.h"

enum { N_OFFSETS = 40, BUDGET = 4096, STEPS = 20000 };

static uint64_t state = 1;

static uint32_t
next(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return ((uint32_t)(state >> 33) % below);
}

static uint32_t
size_of(unsigned k)
{
	return (1 + k * 37 % 600);
}

static void
put(struct page_cache *c, unsigned k)
{
	struct cached_page *p = page_cache_make(size_of(k));

	assert_non_null(p);
	memset(p->raw, (int)k, p->n);
	p->offset = 1000 * (uint64_t)k;
	p->stored = k;
	p->height = k % 8;
	page_cache_put(c, p);
	page_cache_leave(c, p);
}

/* Whether the page is there, with its bytes; it becomes the most recent. */
static bool
is_there(struct page_cache *c, unsigned k)
{
	struct cached_page *p = page_cache_get(c, 1000 * (uint64_t)k, k);
	uint32_t i;

	if (p == NULL)
		return (false);
	assert_int_equal(p->n, size_of(k));
	assert_int_equal(p->height, k % 8);
	for (i = 0; i < p->n; i++)
		assert_int_equal(p->raw[i], k);
	page_cache_leave(c, p);
	return (true);
}

/* `order` holds all pages, the most recent first. */
static void
to_front(unsigned *order, unsigned k)
{
	unsigned i = 0;

	while (order[i] != k)
		i++;
	memmove(order + 1, order, i * sizeof(*order));
	order[0] = k;
}

static void
test_random(void **unused)
{
	unsigned order[N_OFFSETS], k, i;
	struct ckpt_error err = { .status = CKPT_OK };
	struct page_cache *c;
	bool was_put[N_OFFSETS] = { false };
	size_t sum;
	int step;

	(void)unused;
	for (k = 0; k < N_OFFSETS; k++)
		order[k] = k;
	must(page_cache_new(BUDGET, &c, &err), &err);
	for (step = 0; step < STEPS; step++) {
		k = next(N_OFFSETS);
		if (!is_there(c, k)) {
			put(c, k);
			was_put[k] = true;
		}
		to_front(order, k);
		if (step % 100 != 0)
			continue;
		/* the most recent that fit are there; asked for from the
		 * oldest on, so that the order stays */
		for (i = 0, sum = 0; i < N_OFFSETS && was_put[order[i]]; i++) {
			sum += size_of(order[i]) + sizeof(struct cached_page);
			if (sum > BUDGET)
				break;
		}
		while (i-- > 0)
			assert_true(is_there(c, order[i]));
	}
	for (k = 0, sum = 0; k < N_OFFSETS; k++)
		if (is_there(c, k))
			sum += size_of(k) + sizeof(struct cached_page);
	assert_true(sum <= BUDGET);
	page_cache_free(c);
}

static void
test_uses(void **unused)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct cached_page *held;
	struct page_cache *c;
	unsigned k;

	(void)unused;
	must(page_cache_new(BUDGET, &c, &err), &err);
	put(c, 3);
	assert_null(page_cache_get(c, 3000, 4)); /* another stored size */
	held = page_cache_get(c, 3000, 3);
	assert_non_null(held);
	for (k = 4; k < N_OFFSETS; k++)
		put(c, k);
	assert_false(is_there(c, 3)); /* gone, but not from who uses it */
	assert_int_equal(held->raw[0], 3);
	page_cache_leave(c, held);
	page_cache_free(c);
	page_cache_free(NULL);

	must(page_cache_new(10, &c, &err), &err);
	put(c, 1); /* too large for it */
	assert_false(is_there(c, 1));
	page_cache_free(c);
	put(NULL, 1);
	assert_null(page_cache_get(NULL, 1000, 1));
	page_cache_leave(NULL, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_uses),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
