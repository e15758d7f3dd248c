#include <unistd.h>

#include "base/banned.h"
#include "align_activations.h"

/* FILE, or FILE:LABEL with the longest FILE that exists. */
static enum ckpt_status
split(const char *reference, char **path, const char **label,
    struct ckpt_error *err)
{
	char *p = strdup(reference), *colon;

	if (p == NULL)
		return (error_nomem(err, strlen(reference)));
	*label = NULL;
	while (strcmp(p, "-") != 0 && access(p, F_OK) != 0) {
		colon = strrchr(p, ':');
		if (colon == NULL) {
			free(p);
			(void)error_sys(err, "cannot open");
			return (error_where(err, reference));
		}
		*colon = '\0';
		*label = reference + (colon - p) + 1;
	}
	*path = p;
	return (CKPT_OK);
}

static enum ckpt_status
find(struct model_source *source, const char *label, struct model *out,
    struct ckpt_error *err)
{
	struct model m = { .data = NULL };
	enum ckpt_status st;

	do {
		model_head_release(&m.head);
		st = model_next(source, &m.head, err);
		if (st == CKPT_END)
			return (error_set(err, CKPT_INVALID,
			    "there is no model%s%.200s in it",
			    label != NULL ? " " : "",
			    label != NULL ? label : ""));
		if (st != CKPT_OK)
			return (st);
	} while (label != NULL && strcmp(m.head.label, label) != 0);
	st = model_alloc(&m, err);
	if (st == CKPT_OK)
		st = model_read(source, m.data,
		    (size_t)m.head.schema->n_bytes, err);
	if (st != CKPT_OK) {
		model_release(&m);
		return (st);
	}
	*out = m;
	return (CKPT_OK);
}

static enum ckpt_status
prepare(struct align *a, struct ckpt_error *err)
{
	enum ckpt_status st;

	st = align_refuse_not_finite(&a->ref, err);
	if (st != CKPT_OK)
		return (st);
	st = align_plan_get(a, &a->ref.head, &a->ref_plan, err);
	if (st != CKPT_OK)
		return (st);
	st = id_of_model(&a->ref, NULL, &a->ref_id, err);
	if (st != CKPT_OK)
		return (st);
	st = match_problem_new(a->ref_plan->shape, &a->ref, a->scale,
	    &a->problem, err);
	if (st != CKPT_OK || a->scale == MATCH_SCALE_UNIT)
		return (st);
	st = match_orbit_of(a->ref_plan->plan->sym, &a->ref, &a->ref_orbit,
	    err);
	if (st == CKPT_LIMIT) {
		cli_warn(&a->cli, "%s: %s; no exact stage",
		    a->ref.head.label, err->text);
		return (CKPT_OK);
	}
	a->has_ref_orbit = st == CKPT_OK;
	return (st);
}

enum ckpt_status
align_open_reference(struct align *a, struct ckpt_error *err)
{
	struct model_source *source;
	const char *label = NULL;
	char *path = NULL;
	enum ckpt_status st;

	st = split(a->reference, &path, &label, err);
	if (st != CKPT_OK)
		return (st);
	st = cli_open_inputs(&a->cli, &path, 1, &source, err);
	if (st != CKPT_OK)
		goto err0;
	st = find(source, label, &a->ref, err);
	model_source_close(source);
	if (st != CKPT_OK) {
		(void)error_where(err, path);
		goto err0;
	}
	st = prepare(a, err);
	if (st != CKPT_OK)
		(void)error_where(err, a->reference);
	else if (a->by_activations)
		st = align_activations_open(a, err);
err0:
	free(path);
	return (st);
}

void
align_close_reference(struct align *a)
{
	if (a->has_ref_orbit)
		match_orbit_release(&a->ref_orbit);
	align_activations_free(a->activations);
	match_problem_free(a->problem);
	model_release(&a->ref);
}
