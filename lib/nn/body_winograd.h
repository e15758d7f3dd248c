/*
 * body_winograd: 3x3 convolutions of stride 1 by Winograd's F(2x2, 3x3) (A.
 * Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR
 * 2016, equations 8 to 12). Included by the kernel_*.c files, after
 * body_taps.
 *
 * A square of 2x2 outputs needs 16 products for each pair of channels in
 * place of 36: those of 16 sums of the 4x4 inputs with 16 sums of the 3x3
 * weights. The products of one such place are sums over channels, which the
 * tiles of body_taps compute. Squares are taken a few at a time, vector by
 * vector, so that what lies between the three parts stays in the caches.
 */

#define WINOGRAD_PLACES 16

/* B^T d, of one row or column: d is read `step` apart. */
ALWAYS_INLINE void
winograd_spread(vec d[16], const int first, const int step)
{
	const vec a = d[first], b = d[first + step];
	const vec c = d[first + 2 * step], e = d[first + 3 * step];

	d[first] = a - c;
	d[first + step] = b + c;
	d[first + 2 * step] = c - b;
	d[first + 3 * step] = b - e;
}

/* A vector of a square: where it is read and written. */
struct winograd_square {
	const float *in;
	float *out;
	size_t last_row, last_column; /* of its inputs, in floats */
	int is_low, is_right;         /* its other outputs are outside */
};

/* The inputs of one channel of a square, to v[place], `place` floats apart.
 * The last row or column of a square at the edge may lie outside; whatever
 * is read instead reaches only outputs that lie outside, too. */
ALWAYS_INLINE void
winograd_load(const struct kernel_winograd *k,
    const struct winograd_square *s, size_t c, float *v, const size_t place)
{
	const float *in = s->in + c * k->in_channel;
	const float *rows[4] = { in, in + k->in_row, in + 2 * k->in_row,
	    in + s->last_row };
	vec d[16];

	UNROLLED
	for (int i = 0; i < 4; i++) {
		d[4 * i] = vec_load(rows[i]);
		d[4 * i + 1] = vec_load(rows[i] + k->n_lanes);
		d[4 * i + 2] = vec_load(rows[i] + 2 * k->n_lanes);
		d[4 * i + 3] = vec_load(rows[i] + s->last_column);
	}
	UNROLLED
	for (int i = 0; i < 4; i++)
		winograd_spread(d, i, 4);
	UNROLLED
	for (int i = 0; i < 4; i++)
		winograd_spread(d, 4 * i, 1);
	UNROLLED
	for (int i = 0; i < 16; i++) {
		vec_store(v, d[i]);
		v += place;
	}
}

/* A^T m A, the bias and the end: one output channel of one square. */
ALWAYS_INLINE void
winograd_store(const struct kernel_winograd *k, const float *m,
    const size_t place, float bias, float *out, const int is_low,
    const int is_right, const enum kernel_end end)
{
	const vec b = vec_set1(bias), slope = vec_set1(k->slope);
	vec t[8], x[16];

	UNROLLED
	for (int i = 0; i < 16; i++) {
		x[i] = vec_load(m);
		m += place;
	}
	UNROLLED
	for (int i = 0; i < 4; i++) {
		t[i] = x[i] + x[i + 4] + x[i + 8];
		t[i + 4] = x[i + 4] - x[i + 8] - x[i + 12];
	}
	UNROLLED
	for (int i = 0; i < 2; i++) {
		const vec *r = t + 4 * i;
		float *row = out + (size_t)i * k->out_row;

		if (i == 1 && is_low)
			break;
		vec_store(row, math_end(r[0] + r[1] + r[2] + b, end, slope));
		if (!is_right)
			vec_store(row + k->n_lanes, math_end(r[1] - r[2] -
			    r[3] + b, end, slope));
	}
}

static struct winograd_square
winograd_find(const struct kernel_winograd *k, size_t i)
{
	const size_t per_position = k->n_lanes / SIMD_LANES;
	const size_t lane = i % per_position * SIMD_LANES;
	const size_t across = (k->w + 1) / 2;
	const size_t y = i / per_position / across * 2;
	const size_t x = i / per_position % across * 2;
	struct winograd_square s;

	s.in = k->in + y * k->in_row + x * k->n_lanes + lane;
	s.out = k->out + y * k->out_row + x * k->n_lanes + lane;
	s.is_low = y + 1 == k->h;
	s.is_right = x + 1 == k->w;
	s.last_row = (s.is_low ? 2 : 3) * k->in_row;
	s.last_column = (s.is_right ? 2 : 3) * k->n_lanes;
	return (s);
}

/* Output channels [first, first + n_out) of n squares. */
static void
winograd_tile(const struct kernel_winograd *k, struct kernel_taps *t,
    const float *v, float *m, size_t first, size_t n_out,
    const struct winograd_square *squares, size_t n)
{
	const size_t place = n_out * n * SIMD_LANES;

	t->weights = k->weights + first * k->n_in * WINOGRAD_PLACES;
	t->n_out = n_out;
	for (size_t i = 0; i < WINOGRAD_PLACES; i++) {
		t->in = v + i * k->n_in * n * SIMD_LANES;
		t->out = m + i * place;
		tiles[n_out][n][0](t, 0, 0, 0);
		t->weights += n_out * k->n_in;
	}
	for (size_t o = 0; o < n_out; o++)
		for (size_t i = 0; i < n; i++) {
			const struct winograd_square *s = &squares[i];
			const float *from = m + (o * n + i) * SIMD_LANES;
			float *to = s->out + (first + o) * k->out_channel;
			const float bias = k->bias[first + o];

			if (k->end == KERNEL_END_NONE)
				winograd_store(k, from, place, bias, to,
				    s->is_low, s->is_right, KERNEL_END_NONE);
			else if (k->end == KERNEL_END_RELU)
				winograd_store(k, from, place, bias, to,
				    s->is_low, s->is_right, KERNEL_END_RELU);
			else
				winograd_store(k, from, place, bias, to,
				    s->is_low, s->is_right, KERNEL_END_LEAKY);
		}
}

static void
winograd_squares(const struct kernel_winograd *k, size_t from, size_t n)
{
	static const float zeros[KERNEL_MAX_OUT];
	struct winograd_square squares[KERNEL_MAX_VECS];
	float *v = k->scratch, *m = v + WINOGRAD_PLACES * k->n_in * n *
	    SIMD_LANES;
	struct kernel_taps t = {
		.n_taps = k->n_in, .off = k->off, .bias = zeros,
		.out_channel = n * SIMD_LANES, .end = KERNEL_END_NONE
	};
	size_t first = 0;

	for (size_t i = 0; i < n; i++)
		squares[i] = winograd_find(k, from + i);
	for (size_t c = 0; c < k->n_in; c++) {
		k->off[c] = (uint32_t)(c * n * SIMD_LANES);
		for (size_t i = 0; i < n; i++)
			winograd_load(k, &squares[i], c, v + (c * n + i) *
			    SIMD_LANES, k->n_in * n * SIMD_LANES);
	}
	for (size_t i = 0; i < k->n_tiles; i++) {
		const size_t n_out = kernel_tile_width(k->n_out, k->n_tiles,
		    i);

		winograd_tile(k, &t, v, m, first, n_out, squares, n);
		first += n_out;
	}
}

static void
winograd(const struct kernel_winograd *k)
{
	const size_t widest = kernel_tile_width(k->n_out, k->n_tiles, 0);
	const size_t all = (k->h + 1) / 2 * ((k->w + 1) / 2) * (k->n_lanes /
	    SIMD_LANES);
	size_t most = SIMD_ACCUMULATORS / widest, n, done = 0;

	if (most > KERNEL_MAX_VECS)
		most = KERNEL_MAX_VECS;
	n = (all + most - 1) / most;
	for (size_t i = 0; i < n; i++) {
		const size_t width = kernel_tile_width(all, n, i);

		winograd_squares(k, done, width);
		done += width;
	}
}
