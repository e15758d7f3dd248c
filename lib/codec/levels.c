/*
 * levels: see levels.h.
 */
#include "codec/element.h"
#include "codec/levels.h"

#define RUNS 8            /* of the sample */
#define RUN 512           /* elements; a multiple of all blocks */
#define MAX_EXPONENTS 2048
#define ONE_BIT 65536
#define NONE UINT16_MAX      /* the exponent of a zero, the mean of zeros */
#define WORTH (ONE_BIT / 32) /* bits an element; less is not worth the pass */

size_t
levels_count(unsigned block_log2, size_t n)
{
	return ((n + ((size_t)1 << block_log2) - 1) >> block_log2);
}

/* The highest bits of an element below its sign; NONE for a zero. */
static uint16_t
exponent_of(const struct levels *l, const unsigned char *p)
{
	unsigned bits = (8u << l->width_log2) - 1;
	uint64_t x = element_load(p, 1u << l->width_log2) &
	    (((uint64_t)1 << bits) - 1);

	return (x == 0 ? NONE : (uint16_t)(x >> (bits - l->exponent_bits)));
}

static uint64_t
entropy(const uint32_t *log2, const uint32_t *count, size_t k, size_t n)
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < k; i++)
		if (count[i] != 0)
			bits += (uint64_t)count[i] * (log2[n] -
			    log2[count[i]]);
	return (bits);
}

/* The rounded mean of exponents that are not NONE; 0 if there is none. */
static size_t
mean_of(const uint16_t *e, size_t n)
{
	size_t sum = 0, count = 0, i;

	for (i = 0; i < n; i++)
		if (e[i] != NONE) {
			sum += e[i];
			count++;
		}
	return (count == 0 ? 0 : (sum + count / 2) / count);
}

/* Bits that the sample's exponents take in blocks with levels of their own,
 * these included. */
static uint64_t
cost_of(const uint32_t *log2, const uint16_t *e, size_t n, size_t n_some,
    unsigned block_log2)
{
	uint32_t count[2 * MAX_EXPONENTS] = { 0 };
	uint32_t levels[MAX_EXPONENTS] = { 0 };
	size_t block = (size_t)1 << block_log2, i, k, mean;

	for (i = 0; i < n; i += block) {
		mean = mean_of(e + i, block);
		levels[mean]++;
		for (k = 0; k < block; k++)
			if (e[i + k] != NONE)
				count[MAX_EXPONENTS + e[i + k] - mean]++;
	}
	/* a sample of few blocks knows little of their levels */
	return (entropy(log2, count, 2 * MAX_EXPONENTS, n_some) +
	    entropy(log2, levels, MAX_EXPONENTS, n / block) +
	    n / block * ONE_BIT / 2);
}

bool
levels_pay(struct levels *l, const uint32_t *log2, const unsigned char *raw,
    size_t n, uint32_t *bits)
{
	uint32_t count[MAX_EXPONENTS] = { 0 };
	uint16_t e[RUNS * RUN];
	size_t n_some = 0, i, k, first;
	uint64_t before, cost, best;
	unsigned b;

	if (n < (size_t)RUNS * RUN)
		return (false);
	for (k = 0; k < RUNS; k++) {
		first = (n - RUN) / (RUNS - 1) * k / RUN * RUN;
		for (i = 0; i < RUN; i++)
			e[k * RUN + i] = exponent_of(l, raw +
			    ((first + i) << l->width_log2));
	}
	for (i = 0; i < (size_t)RUNS * RUN; i++)
		if (e[i] != NONE) {
			count[e[i]]++;
			n_some++;
		}
	if (n_some < RUN)
		return (false);
	before = entropy(log2, count, MAX_EXPONENTS, n_some);
	best = before;
	l->block_log2 = 0;
	for (b = LEVELS_MAX_BLOCK; b >= LEVELS_MIN_BLOCK; b--) {
		cost = cost_of(log2, e, (size_t)RUNS * RUN, n_some, b);
		if (cost < best) {
			best = cost;
			l->block_log2 = b;
		} else {
			break;
		}
	}
	*bits = (uint32_t)((before - best) / ((size_t)RUNS * RUN));
	return (*bits >= WORTH);
}

/* The mean exponent of the block's elements that are not 0, NONE if there are
 * none, and the highest. */
static uint16_t
mean_exponent(const struct levels *l, const unsigned char *p, size_t n,
    uint16_t *highest)
{
	size_t sum = 0, count = 0, i;
	uint16_t e;

	*highest = 0;
	for (i = 0; i < n; i++, p += (size_t)1 << l->width_log2) {
		e = exponent_of(l, p);
		if (e == NONE)
			continue;
		*highest = e > *highest ? e : *highest;
		sum += e;
		count++;
	}
	return (count == 0 ? NONE : (uint16_t)((sum + count / 2) / count));
}

static size_t
length_of(const struct levels *l, size_t block, size_t n)
{
	size_t left = n - (block << l->block_log2);

	return (left >> l->block_log2 == 0 ? left :
	    (size_t)1 << l->block_log2);
}

/* Blocks come up to the one of the highest mean. Nothing may go beyond what
 * the exponent holds: so infinities stay, and nothing becomes 0. */
void
levels_find(struct levels *l, const unsigned char *raw, size_t n)
{
	unsigned most = (1u << l->exponent_bits) - 1, up = 0;
	uint16_t mean[LEVELS_MAX], highest[LEVELS_MAX];
	size_t i;

	l->n = levels_count(l->block_log2, n);
	for (i = 0; i < l->n; i++) {
		mean[i] = mean_exponent(l, raw + (i << l->block_log2 <<
		    l->width_log2), length_of(l, i, n), &highest[i]);
		if (mean[i] != NONE && mean[i] > up)
			up = mean[i];
	}
	for (i = 0; i < l->n; i++)
		l->of[i] = mean[i] == NONE || up - mean[i] > 255 ||
		    highest[i] + up - mean[i] > most ? 0 :
		    (unsigned char)(up - mean[i]);
}

/* Elements of the type T: to the exponents of those that are not 0, `level`
 * in its place is added. */
#define SHIFT(T, load_, store_)						\
	do {								\
		const T mask = (T)((T)((T)1 << e) - 1) << (bits - e);	\
		const T all = (T)((T)1 << bits) - 1;			\
		const T up = (T)((T)level << (bits - e));		\
		T x;							\
									\
		for (i = 0; i < n; i++, p += sizeof(T)) {		\
			x = load_(p);					\
			if ((x & all) != 0)				\
				x = (T)((x & (T)~mask) |		\
				    ((x + up) & mask));			\
			store_(p, x);					\
		}							\
	} while (0)

static void
shift(const struct levels *l, unsigned char *p, size_t n, unsigned level)
{
	unsigned bits = (8u << l->width_log2) - 1, e = l->exponent_bits;
	size_t i;

	if (level == 0)
		return;
	switch (l->width_log2) {
	case 1:
		SHIFT(uint16_t, le16_load, le16_store);
		break;
	case 2:
		SHIFT(uint32_t, le32_load, le32_store);
		break;
	default:
		SHIFT(uint64_t, le64_load, le64_store);
		break;
	}
}

void
levels_add(const struct levels *l, unsigned char *page, size_t n)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		shift(l, page + (i << l->block_log2 << l->width_log2),
		    length_of(l, i, n), l->of[i]);
}

void
levels_take(const struct levels *l, unsigned char *page, size_t n)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->of[i] != 0)
			shift(l, page + (i << l->block_log2 <<
			    l->width_log2), length_of(l, i, n),
			    (1u << l->exponent_bits) - l->of[i]);
}
