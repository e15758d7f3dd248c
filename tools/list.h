/*
 * list: one line a model, or one a tensor, as TSV or JSON.
 */
#ifndef CKPT_TOOLS_LIST_H
#define CKPT_TOOLS_LIST_H

#include "id/id.h"

struct list {
	bool is_json;
	bool is_tensors;
	struct schema *schema; /* last seen, and its short ID: */
	char schema_id[13];
	struct buf line;
};

void list_init(struct list *l, bool is_json, bool is_tensors);
void list_release(struct list *l);

/* The header line of TSV. */
void list_begin(const struct list *l);

CKPT_CHECKED enum ckpt_status list_model(struct list *l,
    const struct model_head *head, const struct ckpt_id *tensor_ids,
    const struct ckpt_id *model, struct ckpt_error *err);

#endif
