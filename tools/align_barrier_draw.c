#include "base/banned.h"
#include "align_barrier.h"
#include "plot.h"

#define MAX_THIN 64 /* models whose own lines are drawn beside the means */

static const char *const names[ALIGN_LINES] = {
	"before alignment", "after alignment",
	"before, statistics reset", "after, statistics reset"
};

/* The mean over models of one line, into out. */
static void
average(const struct align_curves *c, const double *y, size_t line,
    double *out)
{
	size_t m, i;

	for (i = 0; i < c->n_points; i++) {
		out[i] = 0;
		for (m = 0; m < c->n; m++)
			out[i] += y[(m * c->n_lines + line) * c->n_points + i];
		out[i] /= (double)c->n;
	}
}

static enum ckpt_status
draw_panel(const struct align_curves *c, struct plot_panel *panel,
    const double *y, double *scratch, struct ckpt_error *err)
{
	double *t = scratch, *mean = scratch + c->n_points;
	enum ckpt_status st = CKPT_OK;
	size_t i;

	for (i = 0; i < c->n_points; i++)
		t[i] = (double)i / (double)(c->n_points - 1);
	for (i = 0; i < c->n * c->n_lines && c->n > 1 && c->n <= MAX_THIN &&
	    st == CKPT_OK; i++)
		st = plot_line(panel, NULL, c->n_points, t, y +
		    i * c->n_points, err);
	for (i = 0; i < c->n_lines && st == CKPT_OK; i++) {
		average(c, y, i, mean);
		st = plot_line(panel, names[i], c->n_points, t, mean, err);
	}
	return (st);
}

static enum ckpt_status
draw(const struct align_curves *c, struct plot *p, double *scratch,
    struct ckpt_error *err)
{
	static const char way[] = "way from the model to the reference";
	char note[64] = "";
	struct plot_style style = {
		.x = { .label = way, .low = 0, .high = 1 },
		.note = note, .width = 320,
	};
	struct plot_panel *panel;
	enum ckpt_status st;

	if (c->n > 1)
		(void)snprintf(note, sizeof(note), "mean of %zu models",
		    c->n);
	style.title = "Loss";
	style.y.label = "negative log-likelihood (nats)";
	st = plot_add(p, &style, &panel, err);
	if (st == CKPT_OK)
		st = draw_panel(c, panel, c->loss, scratch, err);
	style.title = "Accuracy";
	style.y.label = "fraction of images";
	if (st == CKPT_OK)
		st = plot_add(p, &style, &panel, err);
	if (st == CKPT_OK)
		st = draw_panel(c, panel, c->accuracy, scratch, err);
	return (st);
}

enum ckpt_status
align_barrier_draw(const struct align_curves *c, const char *path,
    struct ckpt_error *err)
{
	double *scratch = malloc(2 * c->n_points * sizeof(*scratch));
	struct plot *p;
	enum ckpt_status st;

	if (scratch == NULL)
		return (error_nomem(err, c->n_points * sizeof(*scratch)));
	st = plot_new(2, &p, err);
	if (st == CKPT_OK) {
		st = draw(c, p, scratch, err);
		if (st == CKPT_OK)
			st = plot_save(p, path, err);
		plot_free(p);
	}
	free(scratch);
	return (st);
}
