/*
 * body_taps: the tile of sums of products that convolutions and linear
 * layers are made of. Included by the kernel_*.c files.
 *
 * A tile is n_out channels times n_vecs vectors of sums, held in registers
 * over all taps. Both numbers are constants of each instance, so that the
 * arrays below become registers.
 */

/* Ends the sums and stores them. */
ALWAYS_INLINE void
tile_store(vec sum[KERNEL_MAX_OUT][KERNEL_MAX_VECS], float *out,
    size_t out_channel, const unsigned n_out, const unsigned n_vecs,
    const enum kernel_end end, float slope)
{
	const vec by = vec_set1(slope);

	UNROLLED
	for (unsigned o = 0; o < n_out; o++) {
		UNROLLED
		for (unsigned v = 0; v < n_vecs; v++)
			vec_store(out + o * out_channel + v * SIMD_LANES,
			    math_end(sum[o][v], end, by));
	}
}

/* Outputs from channel `first` on of row y, vectors from v0 on. */
ALWAYS_INLINE void
tile(const struct kernel_taps *t, size_t first, size_t y, size_t v0,
    const unsigned n_out, const unsigned n_vecs, const int scattered)
{
	const float *in = t->in + y * t->in_row;
	const float *w = t->weights + first * t->n_taps;
	const float *bias = t->bias + first;
	float *out = t->out + first * t->out_channel + y * t->out_row +
	    v0 * SIMD_LANES;
	vec sum[KERNEL_MAX_OUT][KERNEL_MAX_VECS];
	size_t x[KERNEL_MAX_VECS];

	UNROLLED
	for (unsigned v = 0; v < n_vecs; v++)
		x[v] = scattered ? t->x[v0 + v] : (v0 + v) * SIMD_LANES;
	if (!scattered)
		in += v0 * SIMD_LANES;
	UNROLLED
	for (unsigned o = 0; o < n_out; o++) {
		UNROLLED
		for (unsigned v = 0; v < n_vecs; v++)
			sum[o][v] = vec_set1(bias[o]);
	}
	for (size_t k = 0; k < t->n_taps; k++, w += n_out) {
		const float *p = in + t->off[k];
		vec a[KERNEL_MAX_VECS];

		/* The shorter side is held, the longer one passes by. */
		if (n_vecs <= n_out) {
			UNROLLED
			for (unsigned v = 0; v < n_vecs; v++)
				a[v] = vec_load(p + (scattered ? x[v] :
				    v * SIMD_LANES));
			UNROLLED
			for (unsigned o = 0; o < n_out; o++) {
				const vec b = vec_set1(w[o]);

				UNROLLED
				for (unsigned v = 0; v < n_vecs; v++)
					sum[o][v] = vec_fma(b, a[v],
					    sum[o][v]);
			}
		} else {
			UNROLLED
			for (unsigned o = 0; o < n_out; o++)
				a[o] = vec_set1(w[o]);
			UNROLLED
			for (unsigned v = 0; v < n_vecs; v++) {
				const vec b = vec_load(p + (scattered ? x[v] :
				    v * SIMD_LANES));

				UNROLLED
				for (unsigned o = 0; o < n_out; o++)
					sum[o][v] = vec_fma(a[o], b,
					    sum[o][v]);
			}
		}
	}
	if (t->end == KERNEL_END_NONE)
		tile_store(sum, out, t->out_channel, n_out, n_vecs,
		    KERNEL_END_NONE, 0);
	else if (t->end == KERNEL_END_RELU)
		tile_store(sum, out, t->out_channel, n_out, n_vecs,
		    KERNEL_END_RELU, 0);
	else
		tile_store(sum, out, t->out_channel, n_out, n_vecs,
		    KERNEL_END_LEAKY, t->slope);
}

typedef void tile_fn(const struct kernel_taps *, size_t first, size_t y,
    size_t v0);

#define TILE(o, v) \
	static void \
	tile_##o##_##v(const struct kernel_taps *t, size_t first, size_t y, \
	    size_t v0) \
	{ \
		tile(t, first, y, v0, o, v, 0); \
	} \
	static void \
	tile_x_##o##_##v(const struct kernel_taps *t, size_t first, \
	    size_t y, size_t v0) \
	{ \
		tile(t, first, y, v0, o, v, 1); \
	}
#define NAME(o, v) [o][v] = { tile_##o##_##v, tile_x_##o##_##v },

/* Every tile that fits the registers: M(n_out, n_vecs). */
#define TILES_SMALL(M) \
	M(1, 1) M(1, 2) M(1, 3) M(1, 4) M(1, 5) M(1, 6) M(1, 7) M(1, 8) \
	M(1, 9) M(1, 10) M(1, 11) M(1, 12) M(2, 1) M(2, 2) M(2, 3) M(2, 4) \
	M(2, 5) M(2, 6) M(3, 1) M(3, 2) M(3, 3) M(3, 4) M(4, 1) M(4, 2) \
	M(4, 3) M(5, 1) M(5, 2) M(6, 1) M(6, 2) M(7, 1) M(8, 1)
#define TILES_LARGE(M) \
	M(2, 7) M(2, 8) M(2, 9) M(2, 10) M(2, 11) M(2, 12) M(3, 5) M(3, 6) \
	M(3, 7) M(3, 8) M(4, 4) M(4, 5) M(4, 6) M(5, 3) M(5, 4) M(6, 3) \
	M(6, 4) M(7, 2) M(7, 3) M(8, 2) M(8, 3)

TILES_SMALL(TILE)
#if SIMD_ACCUMULATORS == 24
TILES_LARGE(TILE)
#endif

static tile_fn *const tiles[KERNEL_MAX_OUT + 1][KERNEL_MAX_VECS + 1][2] = {
	TILES_SMALL(NAME)
#if SIMD_ACCUMULATORS == 24
	TILES_LARGE(NAME)
#endif
};

/* All tiles of a few positions, before the next ones: what they read stays
 * in the caches, and the weights pass by. */
static void
taps(const struct kernel_taps *t)
{
	const size_t widest = kernel_tile_width(t->n_out, t->n_tiles, 0);
	size_t most = SIMD_ACCUMULATORS / widest;
	size_t n, v = 0;

	if (most > KERNEL_MAX_VECS)
		most = KERNEL_MAX_VECS;
	n = (t->n_vecs + most - 1) / most;
	for (size_t i = 0; i < n; i++) {
		const size_t width = (t->n_vecs - v + n - i - 1) / (n - i);

		for (size_t y = 0; y < t->n_rows; y++) {
			size_t first = 0;

			for (size_t k = 0; k < t->n_tiles; k++) {
				const size_t n_out = kernel_tile_width(
				    t->n_out, t->n_tiles, k);

				tiles[n_out][width][t->x != NULL](t, first, y,
				    v);
				first += n_out;
			}
		}
		v += width;
	}
}
