/*
 * ans: the tables of the entropy coder (format-spec/ckpt-pack.md 11.3.9).
 *
 * rANS (Duda, "Asymmetric numeral systems", arXiv:1311.2540, 2013): a state
 * x is encoded with a symbol of frequency f and first slot c, of 4096, as
 * (x / f) * 4096 + c + x % f. States stay in [2^15, 2^31) by giving away
 * 16 bits at a time; so x < 2^31, and x / f is a product with a reciprocal
 * of 32 bits, exactly (Alverson, "Integer division using reciprocals",
 * ARITH 1991). Several states ("lanes") take symbols in turn and share one
 * string of words.
 */
#ifndef CKPT_CODEC_ANS_H
#define CKPT_CODEC_ANS_H

#include <assert.h>

#include "base/base.h"

#define ANS_BITS 12
#define ANS_SLOTS 4096
#define ANS_LOW 32768u          /* the least state */
#define ANS_SYMBOLS 256         /* at most */
#define ANS_LANES 64            /* at most */
/* Bytes of a table, at most: 16 bits a symbol. */
#define ANS_MAX_TABLE (2 * ANS_SYMBOLS)

/* A symbol's entry for encoding: its frequency (12 bits), what is added
 * (13 bits), and the reciprocal's shift (4 bits). */
struct ans_encoder {
	uint32_t reciprocal[ANS_SYMBOLS];
	uint32_t entry[ANS_SYMBOLS];
};

#define ANS_ENTRY_FREQ(e) ((e) & 4095)
#define ANS_ENTRY_ADD(e) ((e) >> 12 & 8191)
#define ANS_ENTRY_SHIFT(e) ((e) >> 25)

/* A slot's entry for decoding: the slot's number within its symbol (12
 * bits), the symbol's frequency (12 bits), the symbol (8 bits). */
struct ans_decoder {
	uint32_t slot[ANS_SLOTS];
};

/* Frequencies of sum 4096 in proportion to `count[n]`, at least 1 where the
 * count is not 0. Of n <= 256 counts at least one is not 0; their sum is
 * below 2^31. The same on every machine: integers only. */
void ans_normalise(const uint32_t *count, unsigned n, uint16_t *freq);

/* Writes the `n` frequencies, at most ANS_MAX_TABLE bytes; returns how many.
 */
size_t ans_table_write(const uint16_t *freq, unsigned n, unsigned char *out);

/* Reads `n` frequencies from the `n_in` bytes at `in`; returns the bytes
 * that they take, or 0 if they do not fit or their sum is neither 4096 nor
 * 0. Several tables of differences may be empty (all 0). */
size_t ans_table_read(const unsigned char *in, size_t n_in, unsigned n,
    uint16_t *freq, bool *is_empty);

/* For frequencies below 4096. */
void ans_encoder_init(struct ans_encoder *t, const uint16_t *freq,
    unsigned n);
void ans_decoder_init(struct ans_decoder *t, const uint16_t *freq,
    unsigned n);

#endif
