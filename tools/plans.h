/*
 * plans: the symmetries of each schema that passes by, worked out once.
 */
#ifndef CKPT_TOOLS_PLANS_H
#define CKPT_TOOLS_PLANS_H

#include "cli.h"
#include "sym/sym.h"

/* What is known of one schema. Immutable; lives as long as the plans. */
struct plan {
	struct schema *schema;
	struct symmetry *table;
	struct sym_plan *sym;
	struct graph *graph;  /* NULL where the table came with the schema
	                         and no graph was asked for */
	char *text;           /* of the table */
};

struct plans;

/* Whether an architecture is looked for even where the schema has a table:
 * not at all; where the table shows normalisations; always. */
enum plans_graph {
	PLANS_TABLE_ALONE = 0,
	PLANS_GRAPH_OF_NORMS,
	PLANS_GRAPH
};

/* `arch` is the --arch option: a path, a shipped name, or NULL, where the
 * schema's own table of symmetries is used, else the record's metadata,
 * else the one known .arch that fits. */
CKPT_CHECKED enum ckpt_status plans_new(const struct cli *c,
    const char *arch, enum plans_graph want, struct plans **out,
    struct ckpt_error *err);
void plans_free(struct plans *p); /* NULL does nothing */

/* The plan of a model's schema; one thread at a time. */
CKPT_CHECKED enum ckpt_status plans_get(struct plans *p,
    const struct model_head *head, const struct plan **out,
    struct ckpt_error *err);

#endif
