/*
 * graph_line: one line of an .arch file as words and key=value pairs.
 */
#ifndef CKPT_GRAPH_GRAPH_LINE_H
#define CKPT_GRAPH_GRAPH_LINE_H

#include "base/base.h"

#define GRAPH_LINE_MAX_WORDS 32

struct graph_word {
	const char *s;    /* not terminated */
	size_t n;         /* bytes */
};

struct graph_line {
	uint64_t number;  /* from 1 */
	size_t n_words;   /* words without '=', the first of them the op */
	struct graph_word words[GRAPH_LINE_MAX_WORDS];
	size_t n_pairs;
	struct graph_pair {
		struct graph_word key, value;
		bool is_used;
	} pairs[GRAPH_LINE_MAX_WORDS];
};

/* "%.*s" of a word, shortened for messages. */
#define GRAPH_WORD_ARGS(w) ((w).n > 80 ? 80 : (int)(w).n), (w).s

/* Splits `n` bytes without their line feed; a comment is left out. */
CKPT_CHECKED enum ckpt_status graph_line_split(const char *s, size_t n,
    uint64_t number, struct graph_line *out, struct ckpt_error *err);

bool graph_word_is(const struct graph_word *w, const char *s);

/* A decimal number without sign in [min, max]. */
bool graph_word_number(const struct graph_word *w, uint32_t min,
    uint32_t max, uint32_t *out);

/* The value of a key, marked as used, or NULL. */
const struct graph_word *graph_line_find(struct graph_line *l,
    const char *key);

/* The number of a key in [min, max]; `out` keeps its value if the key is
 * absent, which is an error where `is_required`. */
CKPT_CHECKED enum ckpt_status graph_line_number(struct graph_line *l,
    const char *key, bool is_required, uint32_t min, uint32_t max,
    uint32_t *out, struct ckpt_error *err);

/* The same for N or HxW, into out[0] (height) and out[1] (width). */
CKPT_CHECKED enum ckpt_status graph_line_pair(struct graph_line *l,
    const char *key, bool is_required, uint32_t min, uint32_t max,
    uint32_t out[2], struct ckpt_error *err);

/* A list of decimal numbers or fractions A/B: "0.5,1/255". */
CKPT_CHECKED enum ckpt_status graph_line_reals(struct graph_line *l,
    const char *key, size_t max, double *out, size_t *n,
    struct ckpt_error *err);

/* CKPT_INVALID if a key was not used, or a word beyond `max_words` is
 * there. */
CKPT_CHECKED enum ckpt_status graph_line_done(const struct graph_line *l,
    size_t max_words, struct ckpt_error *err);

#endif
