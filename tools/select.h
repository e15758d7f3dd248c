/*
 * select: which models, and which of their tensors, are taken.
 */
#ifndef CKPT_TOOLS_SELECT_H
#define CKPT_TOOLS_SELECT_H

#include "base/base.h"

struct select {
	const char **models;  /* globs of labels, or prefixes of model IDs */
	size_t n_models;
	const char **tensors; /* globs of names */
	size_t n_tensors;
	/* for the schema last seen: */
	struct schema *schema;  /* as it is read */
	struct schema *derived; /* as it is written */
	bool *keep;             /* of each tensor, or NULL: all are kept */
};

void select_release(struct select *s);

/* Adds a pattern, which must outlive the selection. */
CKPT_CHECKED enum ckpt_status select_add(const char ***list, size_t *n,
    const char *pattern, struct ckpt_error *err);

enum select_answer {
	SELECT_NO,
	SELECT_YES,
	SELECT_BY_ID /* the model's ID decides: ask select_id */
};
enum select_answer select_label(const struct select *s, const char *label);
bool select_id(const struct select *s, const struct ckpt_id *id);

/* What an index of a pack can tell of the selection, for cli_open_selected:
 * it keeps at least what is selected. False if that is everything. */
struct pack_selection;
bool select_pack(struct select *s, struct pack_selection *out);

/* Sets derived and keep for a schema; no tensor kept: n_tensors is 0. */
CKPT_CHECKED enum ckpt_status select_schema(struct select *s,
    struct schema *schema, struct ckpt_error *err);

#endif
