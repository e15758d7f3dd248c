/*
 * eval_cells: rows of named cells as TSV or JSON.
 */
#include "eval.h"

#include <math.h>

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
eval_cells_head(const struct eval_options *o, struct outfile *f,
    const struct eval_cell *cells, size_t n, struct ckpt_error *err)
{
	struct buf line;
	enum ckpt_status st = CKPT_OK;

	if (o->is_json)
		return (CKPT_OK);
	buf_init(&line, 4096);
	for (size_t i = 0; i < n && st == CKPT_OK; i++)
		st = buf_printf(&line, err, "%s%s", i > 0 ? "\t" : "",
		    cells[i].name);
	if (st == CKPT_OK)
		st = buf_append(&line, "\n", 1, err);
	return (put(f, &line, st, err));
}

static enum ckpt_status
put_tsv(struct buf *line, const struct eval_cell *c, struct ckpt_error *err)
{
	if (c->text != NULL)
		return (text_escape(line, c->text, err));
	return (buf_printf(line, err, isnan(c->number) ? "nan" : "%.9g",
	    c->number));
}

static enum ckpt_status
put_json(struct buf *line, const struct eval_cell *c, struct ckpt_error *err)
{
	enum ckpt_status st = buf_printf(line, err, "\"%s\":", c->name);

	if (st != CKPT_OK)
		return (st);
	if (c->text != NULL)
		return (text_json(line, c->text, err));
	return (buf_printf(line, err, isfinite(c->number) ? "%.9g" : "null",
	    c->number));
}

enum ckpt_status
eval_cells_row(const struct eval_options *o, struct outfile *f,
    const struct eval_cell *cells, size_t n, struct ckpt_error *err)
{
	const char *between = o->is_json ? "," : "\t";
	struct buf line;
	enum ckpt_status st = CKPT_OK;

	buf_init(&line, n * 6 * (size_t)CKPT_MAX_LABEL + 4096);
	if (o->is_json)
		st = buf_append(&line, "{", 1, err);
	for (size_t i = 0; i < n && st == CKPT_OK; i++) {
		if (i > 0)
			st = buf_append(&line, between, 1, err);
		if (st == CKPT_OK)
			st = o->is_json ? put_json(&line, &cells[i], err) :
			    put_tsv(&line, &cells[i], err);
	}
	if (st == CKPT_OK)
		st = buf_printf(&line, err, o->is_json ? "}\n" : "\n");
	return (put(f, &line, st, err));
}
