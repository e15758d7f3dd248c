/*
 * body_pool: the maximum and the sum over windows. Included by the
 * kernel_*.c files.
 */

/* The larger; NaN if either is, as PyTorch has it. */
ALWAYS_INLINE vec
pool_larger(vec m, vec x)
{
	m = vec_select(vec_less(m, x), x, m);
	return (vec_select(vec_is_nan(x), x, m));
}

ALWAYS_INLINE void
pool_window(const struct kernel_pool *p, const float *in, float *out,
    const size_t n_y, const size_t n_x, const int is_max)
{
	vec m = vec_set1(0);

	if (is_max)
		m = vec_load(in);
	for (size_t y = 0; y < n_y; y++) {
		const float *row = in + y * p->in_row;

		UNROLLED
		for (size_t x = 0; x < n_x; x++) {
			const vec a = vec_load(row + x * p->in_column);

			if (is_max)
				m = pool_larger(m, a);
			else
				m = m + a;
		}
	}
	if (!is_max)
		m = m * vec_set1(p->factor);
	vec_store(out, m);
}

ALWAYS_INLINE void
pool_rows(const struct kernel_pool *p, const size_t n_y, const size_t n_x,
    const int is_max)
{
	const float *in = p->in;
	float *out = p->out;

	for (size_t i = 0; i < p->n_positions; i++) {
		for (size_t l = 0; l < p->n_lanes; l += SIMD_LANES)
			pool_window(p, in + l, out + l, n_y, n_x, is_max);
		in += p->in_step;
		out += p->n_lanes;
	}
}

static void
pool_max(const struct kernel_pool *p)
{
	if (p->n_y == 2 && p->n_x == 2)
		pool_rows(p, 2, 2, 1);
	else if (p->n_y == 3 && p->n_x == 3)
		pool_rows(p, 3, 3, 1);
	else
		pool_rows(p, p->n_y, p->n_x, 1);
}

static void
pool_sum(const struct kernel_pool *p)
{
	if (p->n_y == 2 && p->n_x == 2)
		pool_rows(p, 2, 2, 0);
	else
		pool_rows(p, p->n_y, p->n_x, 0);
}
