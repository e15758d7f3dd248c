/*
 * planes: pages of elements as sign, exponent and mantissa
 * (format-spec/ckpt-pack.md 11.3).
 */
#ifndef CKPT_CODEC_PLANES_H
#define CKPT_CODEC_PLANES_H

#include "codec/codec.h"
#include "codec/levels.h"
#include "codec/stream.h"

#define PLANES_HEAD 8          /* bytes before the first stream */
#define PLANES_ROTATE 1        /* flags (11.3.2) */
#define PLANES_ZEROS_APART 2
#define PLANES_TAILS_APART 4
#define PLANES_LEVELS 8
#define PLANES_MAX_TOP 16      /* bits above the low ones */

#define PLANES_SAMPLE 8192     /* elements that the choice looks at */

/* How a page is to be coded, and the bits that it should take. */
struct planes_plan {
	struct plane_shape shape;
	unsigned width_log2;   /* of the bytes of an element */
	bool has_levels;       /* work->levels */
	bool zeros_apart;
	bool tails_apart;
	bool code_mid;
	bool code_tail[8];     /* by byte, the lowest first */
	double bits;           /* estimated, of the whole page */
};

/* Memory for pages of CODEC_MAX_PAGE: about 4 MiB. */
struct planes_work {
	struct stream_work stream;
	/* log2 in units of 2^-16: integers, so that every machine chooses
	 * the same */
	uint32_t log2[PLANES_SAMPLE + 1];
	uint64_t sample[PLANES_SAMPLE];
	unsigned char *symbols;  /* CODEC_MAX_PAGE and slack, as the others */
	unsigned char *mid;
	unsigned char *elements; /* those that are not 0; or tails */
	unsigned char *spare;
	unsigned char *mask;     /* CODEC_MAX_PAGE / 8 and slack */
	struct levels levels;
	unsigned char *levelled; /* a page with levels added; NULL at first */
	unsigned char *arena;
	/* of all contexts of differences; NULL before the first */
	uint32_t *slots;
};

/* About log2(n) * 65536; n is not 0. */
uint32_t planes_log2(const struct planes_work *w, uint32_t n);

/* NULL if there is no memory. */
struct planes_work *planes_work_new(void);
void planes_work_free(struct planes_work *w); /* NULL does nothing */

/* log2 of the bytes of an element that is coded as a whole. */
unsigned planes_width_log2(enum ckpt_dtype dtype);

/* Chooses by a sample of the page. */
void planes_choose(struct planes_work *w, enum ckpt_dtype dtype,
    const unsigned char *raw, size_t n, struct planes_plan *plan);

/* Encodes a page of 1 to CODEC_MAX_PAGE bytes. `out` has room for
 * codec_bound(n); returns the bytes used, or 0 if they are not fewer. */
size_t planes_encode(struct planes_work *w, const struct planes_plan *plan,
    const unsigned char *raw, size_t n, unsigned char *out);

/* Decodes a page of `n` bytes; NULL, or what is wrong. */
CKPT_CHECKED const char *planes_decode(struct planes_work *w,
    const unsigned char *stored, size_t n_stored, unsigned char *raw,
    size_t n);

#endif
