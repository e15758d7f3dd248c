#include <stdarg.h>

#include "base/banned.h"
#include "mass.h"

#define MAX_NAMED 4 /* dead units that a note names */

/* What has no minimum, and what is done about it. */
static void
warn_filters(const struct cli *c, const struct mass_plan *p)
{
	const char *name[MAX_NAMED + 1];
	size_t i;

	for (i = 0; i <= MAX_NAMED; i++) {
		name[i] = match_mass_filter_name(p->mass, i);
		if (name[i] == NULL)
			break;
	}
	for (; i <= MAX_NAMED; i++)
		name[i] = NULL;
	cli_warn(c, "%s: no least mass: %zu filters before normalisations "
	    "can shrink to nothing; taken with unit norm: %s%s%s%s%s%s%s%s",
	    p->plan->graph->name, p->n_filters, name[0],
	    name[1] != NULL ? " " : "", name[1] != NULL ? name[1] : "",
	    name[2] != NULL ? " " : "", name[2] != NULL ? name[2] : "",
	    name[3] != NULL ? " " : "", name[3] != NULL ? name[3] : "",
	    name[4] != NULL ? " ..." : "");
}

enum ckpt_status
mass_plan_new(const struct cli *c, const struct plan *plan, bool with_bias,
    struct mass_plan **out, struct ckpt_error *err)
{
	struct mass_plan *p = calloc(1, sizeof(*p));
	enum ckpt_status st;

	if (p == NULL)
		return (error_nomem(err, sizeof(*p)));
	p->plan = plan;
	st = match_shape_new(plan->sym, &p->shape, err);
	if (st == CKPT_OK)
		st = match_mass_new(p->shape, plan->graph, with_bias,
		    &p->mass, err);
	if (st != CKPT_OK) {
		mass_plan_free(p);
		return (st);
	}
	p->n_filters = match_mass_n_filters(p->mass);
	if (p->n_filters > 0)
		warn_filters(c, p);
	*out = p;
	return (CKPT_OK);
}

void
mass_plan_free(struct mass_plan *p)
{
	if (p == NULL)
		return;
	match_mass_free(p->mass);
	match_shape_free(p->shape);
	free(p);
}

static enum ckpt_status
name_dead(const struct mass_plan *p, const struct match_mass_result *r,
    char **note, struct ckpt_error *err)
{
	struct buf text = BUF_INIT((size_t)1 << 20);
	enum ckpt_status st;
	size_t i;

	st = buf_printf(&text, err, "%zu of %zu units join nothing to "
	    "nothing and keep their scales:", r->n_dead,
	    r->n_dead + r->n_live);
	for (i = 0; i < r->n_dead && i < MAX_NAMED && st == CKPT_OK; i++) {
		st = buf_append(&text, " ", 1, err);
		if (st == CKPT_OK)
			st = match_mass_unit_name(p->mass, &r->dead[i],
			    &text, err);
	}
	if (st == CKPT_OK)
		st = buf_append(&text, r->n_dead > MAX_NAMED ? " ..." : "",
		    r->n_dead > MAX_NAMED ? 5 : 1, err);
	if (st != CKPT_OK) {
		buf_release(&text);
		return (st);
	}
	*note = (char *)text.data;
	return (CKPT_OK);
}

enum ckpt_status
mass_solve(const struct mass_plan *p, const struct sym_plan *plan,
    const struct model *m, struct match_mass_result *out, char **note,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	*note = NULL;
	st = match_mass_solve(p->mass, plan, m, out, err);
	if (st != CKPT_OK || out->n_dead == 0)
		return (st);
	st = name_dead(p, out, note, err);
	if (st != CKPT_OK)
		match_mass_result_release(out);
	return (st);
}

enum ckpt_status
mass_note(char **note, struct ckpt_error *err, const char *fmt, ...)
{
	char *text = NULL, *both = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n >= 0 && *note != NULL) {
		n = asprintf(&both, "%s; %s", *note, text);
		free(text);
		text = both;
	}
	if (n < 0)
		return (error_nomem(err, 1));
	free(*note);
	*note = text;
	return (CKPT_OK);
}
