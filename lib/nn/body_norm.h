/*
 * body_norm: means and scales over positions and channels. Included by the
 * kernel_*.c files.
 *
 * Sums are taken row by row, then channel by channel, so that their error
 * grows with the longest of these and not with their product.
 */

#define NORM_SUMS 4 /* of a row, taken side by side */

/* The sum over a row of `n` positions, `step` floats apart, of x - mean or
 * of its square. */
ALWAYS_INLINE vec
norm_row(const float *in, size_t n, size_t step, vec mean,
    const int is_square)
{
	vec sum[NORM_SUMS];
	size_t i = 0;

	UNROLLED
	for (int k = 0; k < NORM_SUMS; k++)
		sum[k] = vec_set1(0);
	for (; i + NORM_SUMS <= n; i += NORM_SUMS) {
		UNROLLED
		for (int k = 0; k < NORM_SUMS; k++) {
			const vec x = vec_load(in + (i + (size_t)k) * step) -
			    mean;

			if (is_square)
				sum[k] = vec_fma(x, x, sum[k]);
			else
				sum[k] = sum[k] + x;
		}
	}
	for (; i < n; i++) {
		const vec x = vec_load(in + i * step) - mean;

		if (is_square)
			sum[0] = vec_fma(x, x, sum[0]);
		else
			sum[0] = sum[0] + x;
	}
	return ((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/* The mean over all of the group of x - mean or of its square. */
ALWAYS_INLINE vec
norm_all(const struct kernel_norm *k, size_t lane, vec mean,
    const int is_square)
{
	const float n = (float)k->n_channels * (float)k->n_rows *
	    (float)k->n_positions;
	vec all = vec_set1(0);

	for (size_t c = 0; c < k->n_channels; c++) {
		const float *in = k->in + c * k->channel + lane;
		vec sum = vec_set1(0);

		for (size_t y = 0; y < k->n_rows; y++, in += k->row)
			sum = sum + norm_row(in, k->n_positions, k->n_lanes,
			    mean, is_square);
		all = all + sum;
	}
	return (all / vec_set1(n));
}

static void
norm_mean(const struct kernel_norm *k)
{
	for (size_t l = 0; l < k->n_lanes; l += SIMD_LANES)
		vec_store(k->mean + l, norm_all(k, l, vec_set1(0), 0));
}

static void
norm_scale(const struct kernel_norm *k, float eps)
{
	for (size_t l = 0; l < k->n_lanes; l += SIMD_LANES) {
		const vec square = norm_all(k, l, vec_load(k->mean + l), 1);

		vec_store(k->scale + l, vec_set1(1) / vec_sqrt(square +
		    vec_set1(eps)));
	}
}

ALWAYS_INLINE void
norm_apply_lane(const struct kernel_norm *k, size_t c, size_t lane,
    const int has_floor)
{
	const float *in = k->in + c * k->channel + lane;
	float *out = k->out + c * k->out_channel + lane;
	const vec mean = vec_load(k->mean + lane);
	const vec factor = vec_load(k->scale + lane) *
	    vec_set1(k->factor[c]);
	const vec shift = vec_set1(k->shift[c]);
	const vec low = vec_set1(has_floor ? k->floor[c] : 0);

	for (size_t y = 0; y < k->n_rows; y++) {
		for (size_t i = 0; i < k->n_positions * k->n_lanes;
		    i += k->n_lanes) {
			vec x = vec_fma(vec_load(in + i) - mean, factor,
			    shift);

			/* NaN is not less and stays. */
			if (has_floor)
				x = vec_select(vec_less(x, low), low, x);
			vec_store(out + i, x);
		}
		in += k->row;
		out += k->out_row;
	}
}

static void
norm_apply(const struct kernel_norm *k)
{
	for (size_t c = 0; c < k->n_channels; c++)
		for (size_t l = 0; l < k->n_lanes; l += SIMD_LANES) {
			if (k->floor != NULL)
				norm_apply_lane(k, c, l, 1);
			else
				norm_apply_lane(k, c, l, 0);
		}
}

static void
layer_norm(const struct kernel_layer_norm *k)
{
	const vec n = vec_set1((float)k->n_channels);

	for (size_t i = 0; i < k->n; i += SIMD_LANES) {
		const float *in = k->in + i;
		vec mean = norm_row(in, k->n_channels, k->channel,
		    vec_set1(0), 0) / n;
		vec square = norm_row(in, k->n_channels, k->channel, mean,
		    1) / n;
		const vec scale = vec_set1(1) / vec_sqrt(square +
		    vec_set1(k->eps));

		for (size_t c = 0; c < k->n_channels; c++)
			vec_store(k->out + c * k->out_channel + i,
			    vec_fma((vec_load(in + c * k->channel) - mean) *
			    scale, vec_set1(k->factor[c]),
			    vec_set1(k->shift[c])));
	}
}
