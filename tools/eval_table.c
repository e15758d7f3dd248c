/*
 * eval_table: rows as TSV or JSON.
 */
#include "eval.h"

#include <math.h>

#define MAX_COLUMNS 10

struct column {
	const char *name;
	double value;
};

/* The columns that were asked for, with a row's values. */
static size_t
columns(const struct eval_options *o, const struct eval_row *r,
    struct column *out)
{
	size_t n = 0;

	if (o->labels != NULL) {
		out[n++] = (struct column){ "acc", r->scores.acc };
		out[n++] = (struct column){ "nll", r->scores.nll };
		out[n++] = (struct column){ "brier", r->scores.brier };
		out[n++] = (struct column){ "ece", r->scores.ece };
	}
	if (o->ood != NULL) {
		out[n++] = (struct column){ "auroc_msp", r->msp.auroc };
		out[n++] = (struct column){ "aupr_msp", r->msp.aupr };
		out[n++] = (struct column){ "fpr95_msp", r->msp.fpr95 };
		out[n++] = (struct column){ "auroc_entropy",
		    r->entropy.auroc };
		out[n++] = (struct column){ "aupr_entropy",
		    r->entropy.aupr };
		out[n++] = (struct column){ "fpr95_entropy",
		    r->entropy.fpr95 };
	}
	return (n);
}

static enum ckpt_status
put(struct outfile *f, struct buf *line, enum ckpt_status st,
    struct ckpt_error *err)
{
	if (st == CKPT_OK)
		st = outfile_write(f, line->data, line->len, err);
	buf_release(line);
	return (st);
}

enum ckpt_status
eval_table_head(const struct eval_options *o, struct outfile *f,
    struct ckpt_error *err)
{
	const struct eval_row row = { 0 };
	struct column c[MAX_COLUMNS];
	const size_t n = columns(o, &row, c);
	struct buf line;
	enum ckpt_status st;

	if (o->is_json)
		return (CKPT_OK);
	buf_init(&line, 4096);
	st = buf_printf(&line, err, "label");
	for (size_t i = 0; i < n && st == CKPT_OK; i++)
		st = buf_printf(&line, err, "\t%s", c[i].name);
	if (st == CKPT_OK)
		st = buf_append(&line, "\n", 1, err);
	return (put(f, &line, st, err));
}

static enum ckpt_status
put_value(const struct eval_options *o, struct buf *line,
    const struct column *c, struct ckpt_error *err)
{
	if (!o->is_json)
		return (buf_printf(line, err, isnan(c->value) ? "\tnan" :
		    "\t%.9g", c->value));
	return (buf_printf(line, err, isfinite(c->value) ?
	    ",\"%s\":%.9g" : ",\"%s\":null", c->name, c->value));
}

enum ckpt_status
eval_table_row(const struct eval_options *o, struct outfile *f,
    const char *label, const struct eval_row *row, struct ckpt_error *err)
{
	struct column c[MAX_COLUMNS];
	const size_t n = columns(o, row, c);
	struct buf line;
	enum ckpt_status st;

	buf_init(&line, 6 * (size_t)CKPT_MAX_LABEL + 4096);
	if (o->is_json) {
		st = buf_printf(&line, err, "{\"label\":");
		if (st == CKPT_OK)
			st = text_json(&line, label, err);
	} else {
		st = text_escape(&line, label, err);
	}
	for (size_t i = 0; i < n && st == CKPT_OK; i++)
		st = put_value(o, &line, &c[i], err);
	if (st == CKPT_OK)
		st = buf_printf(&line, err, o->is_json ? "}\n" : "\n");
	return (put(f, &line, st, err));
}
