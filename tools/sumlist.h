/*
 * sumlist: a list of "ID  LABEL" lines, as ckpt-sum writes and sha256sum
 * would.
 */
#ifndef CKPT_TOOLS_SUMLIST_H
#define CKPT_TOOLS_SUMLIST_H

#include "id/id.h"

/* Writes one line to stdout: the label escaped as sha256sum does, with a
 * backslash before the ID if anything had to be. */
void sumlist_print(const struct ckpt_id *id, const char *label);

struct sumlist;

/* Parses a text of `n` bytes. Every line must be an ID, two spaces (or a
 * space and an asterisk) and a label; errors carry the line. */
CKPT_CHECKED enum ckpt_status sumlist_parse(const char *text, size_t n,
    struct sumlist **out, struct ckpt_error *err);
void sumlist_free(struct sumlist *l); /* NULL does nothing */

size_t sumlist_n(const struct sumlist *l);

enum sumlist_result {
	SUMLIST_UNLISTED = 0,
	SUMLIST_OK = 1,
	SUMLIST_FAILED = 2,
	SUMLIST_MISSING = 3
};

/* "LABEL: OK", "LABEL: FAILED" or "LABEL: missing" on stdout. */
void sumlist_print_result(const char *label, enum sumlist_result result);

/* Checks an ID found for a label. Lines of one label are taken in their
 * order, each once. */
enum sumlist_result sumlist_check(struct sumlist *l,
    const struct ckpt_id *id, const char *label);

/* Label of line `i`, and whether it was never asked for. */
const char *sumlist_label(const struct sumlist *l, size_t i);
bool sumlist_is_missing(const struct sumlist *l, size_t i);

#endif
