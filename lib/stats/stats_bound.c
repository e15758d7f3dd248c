/*
 * stats_bound: the entropy of the leading bits of floats.
 */
#include <math.h>

#include "stats/stats.h"

#define POOLED 131072 /* elements; tensors of fewer are pooled */
#define MAX_DTYPES 32

struct kind {
	uint64_t raw;     /* bytes of all tensors */
	double bits;      /* of the bound, of what is no symbol of the pool */
	uint64_t *pool;   /* counts of symbols, or NULL: none yet */
};

struct stats_bound {
	struct kind kinds[MAX_DTYPES];
	uint64_t *counts; /* of the symbols of one large tensor, or NULL */
	enum ckpt_dtype dtype; /* of the current tensor */
	uint64_t *to;     /* where it is counted; NULL: nowhere */
};

/* How many bits of an element are its symbol, and how many lie below it; 0
 * and 0 of what is taken as it is. */
static unsigned
symbol_bits(enum ckpt_dtype dtype, unsigned *below)
{
	unsigned exponent = dtype_exponent_bits(dtype);
	unsigned mantissa, top = dtype == CKPT_F16 ? 3 : 6;

	*below = 0;
	if (!dtype_is_float(dtype) || dtype == CKPT_F8_E8M0)
		return (0);
	mantissa = dtype_bits(dtype) - 1 - exponent;
	if (top > mantissa)
		top = mantissa;
	*below = mantissa - top;
	return (exponent + top);
}

/* Of all symbols together, in bits. */
static double
entropy(const uint64_t *counts, size_t n)
{
	double sum = 0, total = 0;
	size_t i, n_seen = 0;

	for (i = 0; i < n; i++)
		total += (double)counts[i];
	for (i = 0; i < n; i++)
		if (counts[i] != 0) {
			sum += (double)counts[i] *
			    log2(total / (double)counts[i]);
			n_seen++;
		}
	if (n_seen > 1)
		sum += (double)(n_seen - 1) / (2 * log(2));
	return (sum);
}

enum ckpt_status
stats_bound_new(struct stats_bound **out, struct ckpt_error *err)
{
	*out = calloc(1, sizeof(**out));
	return (*out == NULL ? error_nomem(err, sizeof(**out)) : CKPT_OK);
}

void
stats_bound_free(struct stats_bound *b)
{
	unsigned i;

	if (b == NULL)
		return;
	for (i = 0; i < MAX_DTYPES; i++)
		free(b->kinds[i].pool);
	free(b->counts);
	free(b);
}

/* The large tensor that was counted last. */
static void
close_tensor(struct stats_bound *b)
{
	unsigned below, bits = symbol_bits(b->dtype, &below);

	if (b->to != NULL && b->to == b->counts) {
		b->kinds[b->dtype].bits += entropy(b->counts,
		    (size_t)1 << bits);
		free(b->counts);
		b->counts = NULL;
	}
	b->to = NULL;
}

enum ckpt_status
stats_bound_tensor(struct stats_bound *b, enum ckpt_dtype dtype, uint64_t n,
    struct ckpt_error *err)
{
	unsigned below, bits = symbol_bits(dtype, &below);
	struct kind *k = &b->kinds[(unsigned)dtype % MAX_DTYPES];
	uint64_t elements;
	uint64_t **counts;

	close_tensor(b);
	b->dtype = dtype;
	k->raw += n;
	if (bits == 0) {
		k->bits += 8. * (double)n;
		return (CKPT_OK);
	}
	elements = n / (dtype_bits(dtype) / 8);
	k->bits += (double)elements * (1 + below);
	counts = elements < POOLED ? &k->pool : &b->counts;
	if (*counts == NULL)
		*counts = calloc((size_t)1 << bits, sizeof(**counts));
	if (*counts == NULL)
		return (error_nomem(err, sizeof(**counts) << bits));
	b->to = *counts;
	return (CKPT_OK);
}

void
stats_bound_add(struct stats_bound *b, const void *data, size_t n)
{
	const unsigned char *p = data, *end = p + n;
	unsigned below, bits = symbol_bits(b->dtype, &below);
	uint64_t mask = ((uint64_t)1 << bits) - 1;

	if (b->to == NULL)
		return;
	switch (dtype_bits(b->dtype)) {
	case 8:
		for (; p < end; p++)
			b->to[(*p >> below) & mask]++;
		break;
	case 16:
		for (; p < end; p += 2)
			b->to[(le16_load(p) >> below) & mask]++;
		break;
	case 32:
		for (; p < end; p += 4)
			b->to[(le32_load(p) >> below) & mask]++;
		break;
	default:
		for (; p < end; p += 8)
			b->to[(le64_load(p) >> below) & mask]++;
	}
}

void
stats_bound_result(struct stats_bound *b, enum ckpt_dtype dtype,
    uint64_t *raw, double *bound)
{
	const struct kind *k = &b->kinds[(unsigned)dtype % MAX_DTYPES];
	unsigned below, bits = symbol_bits(dtype, &below);

	close_tensor(b);
	*raw = k->raw;
	*bound = k->bits;
	if (k->pool != NULL)
		*bound += entropy(k->pool, (size_t)1 << bits);
	*bound /= 8;
}
