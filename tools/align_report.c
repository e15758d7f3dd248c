#include "base/banned.h"
#include "align.h"

enum ckpt_status
align_report_open(struct align *a, struct ckpt_error *err)
{
	if (a->report == NULL)
		return (CKPT_OK);
	a->report_file = strcmp(a->report, "-") == 0 ? stdout :
	    fopen(a->report, "we");
	if (a->report_file == NULL) {
		(void)error_sys(err, "cannot create");
		return (error_where(err, a->report));
	}
	(void)fprintf(a->report_file, "label\tmethod\tmoved\t"
	    "objective_before\tobjective_after\toutput_change\t"
	    "order_change\tmax_logit\tnot_finite%s\n", a->is_f64_check ?
	    "\tf64_output_change\tf64_order_change\tf64_max_logit" : "");
	return (CKPT_OK);
}

/* The masses before and after. */
static enum ckpt_status
measure_mass(struct align_item *item, struct ckpt_error *err)
{
	struct sym_plan *p;
	enum ckpt_status st;

	st = align_mass(item, item->plan->plan->sym, &item->in,
	    &item->before, err);
	if (st != CKPT_OK)
		return (st);
	st = sym_plan_new(item->plan->plan->table, item->out.head.schema, &p,
	    err);
	if (st != CKPT_OK)
		return (st);
	st = align_mass(item, p, &item->out, &item->after, err);
	sym_plan_free(p);
	return (st);
}

enum ckpt_status
align_report_measure(const struct align *a, struct align_item *item,
    unsigned thread, struct ckpt_error *err)
{
	enum ckpt_status st;

	/* these know their objective */
	if (a->method != ALIGN_TO && a->method != ALIGN_MEAN &&
	    a->scale != MATCH_SCALE_MASS) {
		st = measure_mass(item, err);
		if (st != CKPT_OK)
			return (st);
	}
	return (align_check_item(item, thread, err));
}

static void
put_number(FILE *f, double x)
{
	(void)fprintf(f, "\t%.9g", x);
}

enum ckpt_status
align_report_put(struct align *a, const struct align_item *item,
    struct ckpt_error *err)
{
	struct buf label = BUF_INIT(4 * CKPT_MAX_LABEL + 16);
	const struct align_change *c = &item->change;
	FILE *f = a->report_file;
	enum ckpt_status st;

	st = text_escape(&label, item->in.head.label, err);
	if (st == CKPT_OK)
		st = buf_append(&label, "", 1, err);
	if (st == CKPT_OK)
		(void)fprintf(f, "%s\t%s\t%llu", (const char *)label.data,
		    item->stage, (unsigned long long)item->moved);
	buf_release(&label);
	if (st != CKPT_OK)
		return (st);
	put_number(f, item->before);
	put_number(f, item->after);
	put_number(f, c->output);
	put_number(f, c->order);
	put_number(f, c->max_logit);
	(void)fprintf(f, "\t%llu", (unsigned long long)item->n_not_finite);
	if (a->is_f64_check) {
		put_number(f, item->change_f64.output);
		put_number(f, item->change_f64.order);
		put_number(f, item->change_f64.max_logit);
	}
	(void)fputc('\n', f);
	if (ferror(f)) {
		(void)error_sys(err, "cannot write");
		return (error_where(err, a->report));
	}
	return (CKPT_OK);
}

enum ckpt_status
align_report_close(struct align *a, struct ckpt_error *err)
{
	FILE *f = a->report_file;

	a->report_file = NULL;
	if (f == NULL || f == stdout)
		return (CKPT_OK);
	if (fclose(f) != 0) {
		(void)error_sys(err, "cannot write");
		return (error_where(err, a->report));
	}
	return (CKPT_OK);
}
