/*
 * eval_histogram: how many models have which value.
 */
#include "eval.h"
#include "plot.h"

void
eval_histogram_count(char *out, size_t size, size_t n)
{
	if (n < 1000)
		(void)snprintf(out, size, "%zu model%s", n, n == 1 ? "" :
		    "s");
	else if (n < 1000000)
		(void)snprintf(out, size, "%zu,%03zu models", n / 1000,
		    n % 1000);
	else
		(void)snprintf(out, size, "%zu,%03zu,%03zu models",
		    n / 1000000, n / 1000 % 1000, n % 1000);
}

enum ckpt_status
eval_histogram_add(const struct eval_histogram *h, struct plot *p,
    struct ckpt_error *err)
{
	struct plot_panel *panel;
	struct stats_cells c;
	char note[64];
	enum ckpt_status st = stats_bins(h->values, h->n, h->low, h->high,
	    h->n_bins, &c, err);

	if (st != CKPT_OK)
		return (st);
	eval_histogram_count(note, sizeof(note), h->n);
	st = plot_add(p, &(struct plot_style){ .title = h->title,
	    .note = note, .x = { .label = h->label, .low = h->low,
	    .high = h->high }, .y = { .label = "models" },
	    .height = 200 }, &panel, err);
	if (st == CKPT_OK)
		st = plot_bars(panel, NULL, &(struct plot_bars){ c.n, c.x,
		    c.count, c.width }, err);
	stats_cells_release(&c);
	return (st);
}
