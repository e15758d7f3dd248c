/*
 * eval_table: the columns of scores.
 */
#include "eval.h"

#define MAX_COLUMNS 11

/* A row's label and the columns that were asked for. */
static size_t
columns(const struct eval_options *o, const char *label,
    const struct eval_row *r, struct eval_cell *out)
{
	size_t n = 0;

	out[n++] = (struct eval_cell){ "label", label, 0 };
	if (o->labels != NULL) {
		out[n++] = (struct eval_cell){ "acc", NULL, r->scores.acc };
		out[n++] = (struct eval_cell){ "nll", NULL, r->scores.nll };
		out[n++] = (struct eval_cell){ "brier", NULL,
		    r->scores.brier };
		out[n++] = (struct eval_cell){ "ece", NULL, r->scores.ece };
	}
	if (o->ood != NULL) {
		out[n++] = (struct eval_cell){ "auroc_msp", NULL,
		    r->msp.auroc };
		out[n++] = (struct eval_cell){ "aupr_msp", NULL,
		    r->msp.aupr };
		out[n++] = (struct eval_cell){ "fpr95_msp", NULL,
		    r->msp.fpr95 };
		out[n++] = (struct eval_cell){ "auroc_entropy", NULL,
		    r->entropy.auroc };
		out[n++] = (struct eval_cell){ "aupr_entropy", NULL,
		    r->entropy.aupr };
		out[n++] = (struct eval_cell){ "fpr95_entropy", NULL,
		    r->entropy.fpr95 };
	}
	return (n);
}

enum ckpt_status
eval_table_head(const struct eval_options *o, struct outfile *f,
    struct ckpt_error *err)
{
	const struct eval_row row = { 0 };
	struct eval_cell c[MAX_COLUMNS];

	return (eval_cells_head(o, f, c, columns(o, "", &row, c), err));
}

enum ckpt_status
eval_table_row(const struct eval_options *o, struct outfile *f,
    const char *label, const struct eval_row *row, struct ckpt_error *err)
{
	struct eval_cell c[MAX_COLUMNS];

	return (eval_cells_row(o, f, c, columns(o, label, row, c), err));
}
