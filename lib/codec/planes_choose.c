/*
 * planes_choose: how a page falls apart best, by the entropies of a sample.
 *
 * Costs are integers in units of 2^-16 bit, for the sample.
 */
#include "codec/element.h"
#include "codec/planes.h"

#define MAX_MANTISSA 4         /* leading bits in a symbol */
#define OCTAVES 32             /* below the largest exponent */
#define FINE (OCTAVES << MAX_MANTISSA)
#define ONE_BIT 65536

/* What the sample tells. */
struct summary {
	const uint32_t *log2;
	size_t n;                      /* elements */
	uint64_t n_page;               /* of the page, for the same share */
	unsigned n_bits;               /* of an element */
	unsigned exponent_bits;
	unsigned top;                  /* the largest exponent */
	uint32_t fine[FINE];           /* elements by FINE - 1 - distance to
	                                  the largest symbol */
	uint32_t far;                  /* elements that are none of these */
};

/* log2(n) * 65536, rounded down, by squaring. */
static uint32_t
log2_of(uint32_t n)
{
	uint32_t result = 31 - (uint32_t)__builtin_clz(n), i;
	uint64_t x = (uint64_t)n << (31 - result); /* [2^31, 2^32) */

	for (i = 0; i < 16; i++) {
		x = x * x >> 31;
		result <<= 1;
		if (x >> 32 != 0) {
			x >>= 1;
			result |= 1;
		}
	}
	return (result);
}

uint32_t
planes_log2(const struct planes_work *w, uint32_t n)
{
	unsigned shift = 0;

	while (n >> shift > PLANES_SAMPLE)
		shift++;
	return (w->log2[n >> shift] + ONE_BIT * shift);
}

struct planes_work *
planes_work_new(void)
{
	const size_t room = CODEC_MAX_PAGE + PLANE_SLACK;
	struct planes_work *w = calloc(1, sizeof(*w));
	uint32_t i;

	if (w == NULL)
		return (NULL);
	w->arena = malloc(4 * room + CODEC_MAX_PAGE / 8 + LEVELS_MAX +
	    2 * PLANE_SLACK);
	if (w->arena == NULL) {
		free(w);
		return (NULL);
	}
	w->symbols = w->arena;
	w->elements = w->arena + room;
	/* pages of single bytes have neither middle bits nor tails */
	w->mid = w->arena + 2 * room;
	w->spare = w->mid + room;
	w->mask = w->spare + room;
	w->levels.of = w->mask + CODEC_MAX_PAGE / 8 + PLANE_SLACK;
	w->stream.words = w->mid;
	w->stream.words_size = 2 * room;
	w->stream.kernel = plane_kernel_best();
	for (i = 1; i <= PLANES_SAMPLE; i++)
		w->log2[i] = log2_of(i);
	return (w);
}

void
planes_work_free(struct planes_work *w)
{
	if (w == NULL)
		return;
	free(w->arena);
	free(w->levelled);
	free(w->slots);
	free(w);
}

unsigned
planes_width_log2(enum ckpt_dtype dtype)
{
	unsigned bits = dtype == CKPT_C64 ? 32 : dtype == 0 ? 8 :
	    dtype_bits(dtype);

	return (bits == 64 ? 3 : bits == 32 ? 2 : bits == 16 ? 1 : 0);
}

/* `n` elements as numbers, rotated as the shape says. */
static void
load(const struct plane_shape *s, const unsigned char *p, size_t n,
    uint64_t *out)
{
	const unsigned bits = 8 * s->n_bytes;
	const uint64_t all = UINT64_MAX >> (64 - bits);
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = element_load(p + i * s->n_bytes, s->n_bytes);
	if (s->rotate)
		for (i = 0; i < n; i++)
			out[i] = (out[i] << 1 | out[i] >> (bits - 1)) & all;
}

/* Up to PLANES_SAMPLE elements in 16 runs spread over the page. */
static size_t
take_sample(struct planes_work *w, const struct plane_shape *s,
    const unsigned char *raw, size_t n)
{
	const size_t run = PLANES_SAMPLE / 16;
	size_t first, k;

	if (n <= PLANES_SAMPLE) {
		load(s, raw, n, w->sample);
		return (n);
	}
	for (k = 0; k < 16; k++) {
		first = (n - run) * k / 15;
		load(s, raw + first * s->n_bytes, run, w->sample + k * run);
	}
	return (PLANES_SAMPLE);
}

/* Takes the zeros out of the sample; returns what is left. */
static size_t
drop_zeros(struct planes_work *w, size_t n)
{
	size_t left = 0, i;

	for (i = 0; i < n; i++)
		if (w->sample[i] != 0)
			w->sample[left++] = w->sample[i];
	return (left);
}

/* Bits, in 2^-16, that `count[k]` of `n` take, and Miller's and Madow's
 * correction for so small a sample. */
static uint64_t
entropy(const uint32_t *log2, const uint32_t *count, unsigned k, size_t n)
{
	uint64_t bits = 0, used = 0;
	unsigned i;

	for (i = 0; i < k; i++)
		if (count[i] != 0) {
			bits += (uint64_t)count[i] * (log2[n] -
			    log2[count[i]]);
			used++;
		}
	return (used < 2 ? 0 : bits + (used - 1) * (ONE_BIT * 72 / 100));
}

/* The entropy of `bits` (at most 8) bits from `shift` on. */
static uint64_t
field_entropy(const struct planes_work *w, size_t n, unsigned shift,
    unsigned bits)
{
	uint32_t count[256] = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		count[w->sample[i] >> shift & ((1u << bits) - 1)]++;
	return (entropy(w->log2, count, 1u << bits, n));
}

/* The largest exponent that is not a rare one, or one next to it: infinities
 * and stray numbers are no reason to look far above the others. */
static unsigned
largest_exponent(const struct planes_work *w, size_t n, unsigned n_bits,
    unsigned e_bits)
{
	uint16_t count[2048] = { 0 };
	unsigned e = (1u << e_bits) - 1, last = e;
	size_t i;

	for (i = 0; i < n; i++)
		count[w->sample[i] >> (n_bits - e_bits)]++;
	while (e > 0 && count[e] <= n / 512)
		e--;
	while (e < last && count[e + 1] > 0)
		e++;
	return (e);
}

static void
summarise(struct summary *s, const struct planes_work *w)
{
	unsigned shift = s->n_bits - s->exponent_bits - MAX_MANTISSA;
	uint64_t last, t;
	size_t i;

	s->top = largest_exponent(w, s->n, s->n_bits, s->exponent_bits);
	last = ((uint64_t)s->top << MAX_MANTISSA) +
	    ((1u << MAX_MANTISSA) - 1);
	memset(s->fine, 0, sizeof(s->fine));
	s->far = 0;
	for (i = 0; i < s->n; i++) {
		t = w->sample[i] >> shift;
		if (t <= last && last - t < FINE)
			s->fine[FINE - 1 - (last - t)]++;
		else
			s->far++;
	}
}

/* What one symbol seen `c` times costs: its bits and its place in the
 * table; a slot of the table is taken from the others even where the symbol
 * is rarer than that. */
static uint64_t
symbol_cost(const struct summary *s, uint32_t c)
{
	const uint64_t slot = 14427 * (uint64_t)ONE_BIT / 10000;
	uint64_t bits;

	if (c == 0 && s->n == s->n_page)
		return (4 * ONE_BIT);
	bits = c == 0 ? 0 : s->log2[s->n] - s->log2[c];
	if (bits > ANS_BITS * ONE_BIT)
		bits = ANS_BITS * ONE_BIT;
	bits = c * bits + 8 * ONE_BIT * (uint64_t)s->n / s->n_page +
	    ONE_BIT * 72 / 100;
	if ((uint64_t)c * ANS_SLOTS < s->n)
		bits += slot * (s->n - (uint64_t)c * ANS_SLOTS) / ANS_SLOTS;
	return (bits);
}

/* The cost of the octave `k` below the largest with `m` mantissa bits, and
 * how many elements it holds. */
static uint64_t
octave_cost(const struct summary *s, unsigned k, unsigned m, uint32_t *held)
{
	const uint32_t *fine = s->fine + FINE - ((size_t)(k + 1) <<
	    MAX_MANTISSA);
	unsigned width = 1u << (MAX_MANTISSA - m), i, j;
	uint64_t bits = 0;
	uint32_t c;

	*held = 0;
	for (i = 0; i < 1u << MAX_MANTISSA; i += width) {
		c = 0;
		for (j = 0; j < width; j++)
			c += fine[i + j];
		bits += symbol_cost(s, c);
		*held += c;
	}
	return (bits);
}

/* The best window for `m` mantissa bits: its octaves, and its cost. */
static uint64_t
best_window(const struct summary *s, unsigned m, unsigned *octaves)
{
	uint64_t bits = 0, cost, best = UINT64_MAX;
	uint32_t left = (uint32_t)s->n, held;
	unsigned limit = 255u >> m, k;

	if (limit > OCTAVES)
		limit = OCTAVES;
	if (limit > s->top + 1)
		limit = s->top + 1;
	if (s->exponent_bits + m <= 8 && s->top + 1 <= OCTAVES &&
	    limit < s->top + 1)
		limit = s->top + 1;
	for (k = 0; k < limit; k++) {
		bits += octave_cost(s, k, m, &held);
		left -= held;
		cost = bits;
		if (left > 0)
			cost += left * (16 * (uint64_t)ONE_BIT +
			    s->log2[s->n] - s->log2[left]);
		if (cost < best) {
			best = cost;
			*octaves = k + 1;
		}
	}
	return (best + s->n * (uint64_t)(s->n_bits - s->exponent_bits - m) *
	    ONE_BIT);
}

/* The symbols of floats; returns the cost of all their bits. */
static uint64_t
choose_symbols(struct summary *s, const struct planes_work *w,
    struct plane_shape *shape)
{
	unsigned m, octaves = 1, best_m = 0, best_octaves = 1;
	uint64_t cost, best = UINT64_MAX;

	summarise(s, w);
	for (m = 0; m <= MAX_MANTISSA; m++) {
		cost = best_window(s, m, &octaves);
		if (cost < best) {
			best = cost;
			best_m = m;
			best_octaves = octaves;
		}
	}
	shape->low_bits = s->n_bits - s->exponent_bits - best_m;
	shape->first = (s->top + 1 - best_octaves) << best_m;
	shape->window = best_octaves << best_m;
	return (best);
}

/* Whether the lower bits gain by coding; returns the bits saved. */
static uint64_t
choose_low(const struct planes_work *w, size_t n, struct planes_plan *plan)
{
	struct plane_shape *s = &plan->shape;
	uint64_t bits, saved = 0, raw;
	unsigned k;

	for (k = 0; k < s->tail_bytes; k++) {
		bits = field_entropy(w, n, 8 * k, 8);
		raw = 8 * (uint64_t)n * ONE_BIT;
		plan->code_tail[k] = bits + raw / 64 < raw;
		if (plan->code_tail[k]) {
			plan->tails_apart = true;
			saved += raw - bits;
		}
	}
	if (s->mid_bits > 0) {
		bits = field_entropy(w, n, 8 * s->tail_bytes, s->mid_bits);
		raw = s->mid_bits * (uint64_t)n * ONE_BIT;
		plan->code_mid = bits + raw / 32 < raw;
		if (plan->code_mid)
			saved += raw - bits;
	}
	return (saved);
}

/* The page with its levels added in w->levelled, where they pay; returns what
 * they take, in bits. */
static double
choose_levels(struct planes_work *w, const struct summary *s,
    const unsigned char *raw, size_t n, struct planes_plan *plan)
{
	struct levels *l = &w->levels;
	uint32_t saved;

	l->width_log2 = plan->width_log2;
	l->exponent_bits = s->exponent_bits;
	if (plan->width_log2 == 0 || s->exponent_bits == 0 ||
	    !levels_pay(l, w->log2, raw, n, &saved))
		return (0);
	if (w->levelled == NULL)
		w->levelled = malloc(CODEC_MAX_PAGE + PLANE_SLACK);
	if (w->levelled == NULL) /* it is the writer's choice */
		return (0);
	levels_find(l, raw, n);
	memcpy(w->levelled, raw, n << plan->width_log2);
	levels_add(l, w->levelled, n);
	plan->has_levels = true;
	return (3.0 * (double)l->n);
}

void
planes_choose(struct planes_work *w, enum ckpt_dtype dtype,
    const unsigned char *raw, size_t n, struct planes_plan *plan)
{
	struct summary s = { .log2 = w->log2 };
	struct plane_shape *shape = &plan->shape;
	uint64_t bits, zeros;
	size_t n_all, elements;
	double levels;

	memset(plan, 0, sizeof(*plan));
	plan->width_log2 = planes_width_log2(dtype);
	shape->n_bytes = 1u << plan->width_log2;
	elements = n >> plan->width_log2;
	/* one byte is a symbol as it is */
	s.exponent_bits = plan->width_log2 == 0 ? 0 :
	    dtype_exponent_bits(dtype);
	s.n_bits = 8 * shape->n_bytes;
	shape->rotate = s.exponent_bits > 0;
	shape->low_bits = s.n_bits - 8;
	shape->window = 256;
	levels = choose_levels(w, &s, raw, elements, plan);
	if (plan->has_levels)
		raw = w->levelled;
	n_all = take_sample(w, shape, raw, elements);
	s.n = n_all;
	s.n_page = elements;
	zeros = 0;
	if (shape->n_bytes > 1) {
		s.n = drop_zeros(w, n_all);
		plan->zeros_apart = n_all - s.n > n_all / 32;
		if (!plan->zeros_apart && s.n < n_all)
			s.n = take_sample(w, shape, raw, elements);
		else
			zeros = (uint64_t)n_all * w->log2[n_all] -
			    (uint64_t)s.n * w->log2[s.n] -
			    (uint64_t)(n_all - s.n) * w->log2[n_all - s.n];
	}
	bits = 0;
	if (s.n > 0 && s.exponent_bits > 0)
		bits = choose_symbols(&s, w, shape);
	else if (s.n > 0)
		bits = field_entropy(w, s.n, shape->low_bits, 8) +
		    (uint64_t)s.n * shape->low_bits * ONE_BIT;
	shape->tail_bytes = shape->low_bits / 8;
	shape->mid_bits = shape->low_bits % 8;
	if (s.n > 0)
		bits -= choose_low(w, s.n, plan);
	plan->bits = n_all == 0 ? 8.0 * (double)n : (double)(bits + zeros) /
	    ONE_BIT * (double)elements / (double)n_all +
	    8 * (PLANES_HEAD + 16) + levels;
}
