#include "base/banned.h"
#include "arch.h"
#include "align.h"

/* The groups in words, or with --table the preimage of the symmetry ID. */
static enum ckpt_status
print(const struct align *a, const struct symmetry *table,
    struct ckpt_error *err)
{
	struct buf text = BUF_INIT((size_t)1 << 30);
	enum ckpt_status st;

	st = a->is_table ? symmetry_print(table, &text, err) :
	    symmetry_explain(table, &text, err);
	if (st == CKPT_OK)
		(void)fwrite(text.data, 1, text.len, stdout);
	buf_release(&text);
	return (st);
}

/* The groups of --arch alone. */
static enum ckpt_status
explain_arch(struct align *a, struct ckpt_error *err)
{
	struct graph *g;
	struct symmetry *table;
	enum ckpt_status st;

	st = cli_arch_choose(&a->cli, a->arch, NULL, NULL, &g, err);
	if (st != CKPT_OK)
		return (st);
	st = symmetry_derive(g, &table, err);
	graph_free(g);
	if (st != CKPT_OK)
		return (st);
	st = print(a, table, err);
	symmetry_free(table);
	return (st);
}

enum ckpt_status
align_explain(struct align *a, struct ckpt_error *err)
{
	struct model_head head;
	const struct plan *plan;
	enum ckpt_status st;

	if (a->arch != NULL && a->cli.n_args == 0)
		return (explain_arch(a, err));
	st = cli_open_inputs(&a->cli, a->cli.args, a->cli.n_args, &a->source,
	    err);
	if (st != CKPT_OK)
		return (st);
	st = model_next(a->source, &head, err);
	if (st == CKPT_END)
		return (error_set(err, CKPT_INVALID, "no model to explain"));
	if (st != CKPT_OK)
		return (st);
	st = plans_get(a->plans, &head, &plan, err);
	if (st == CKPT_OK)
		st = print(a, plan->table, err);
	model_head_release(&head);
	return (st);
}
