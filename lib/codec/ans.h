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
#define ANS_LANES_LOG2 7        /* at most */
#define ANS_LANES (1 << ANS_LANES_LOG2)
/* Bytes of a table, at most: 16 bits a symbol. */
#define ANS_MAX_TABLE (2 * ANS_SYMBOLS)

/* A symbol for encoding: its frequency less 1 (12 bits), what is added (13
 * bits), and the shift (4 bits) of the reciprocal. */
struct ans_code {
	uint32_t entry;
	uint32_t reciprocal;
};

#define ANS_ENTRY_LESS(e) ((e) & 4095)
#define ANS_ENTRY_ADD(e) ((e) >> 12 & 8191)
#define ANS_ENTRY_SHIFT(e) ((e) >> 25)

/* A slot for decoding is 32 bits: the symbol (8 bits), the slot's number
 * within its symbol (12 bits), the symbol's frequency less 1 (12 bits). */

/* With contexts, each has room for so many symbols' codes. */
#define ANS_STRIDE 65

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

/* Codes of `n` symbols; those of frequency 0 are not to be used. */
void ans_encoder_init(struct ans_code *code, const uint16_t *freq,
    unsigned n);
/* ANS_SLOTS slots, for frequencies whose sum that is. */
void ans_decoder_init(uint32_t *slot, const uint16_t *freq, unsigned n);

#endif
