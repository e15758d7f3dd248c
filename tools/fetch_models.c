#include "copy.h"
#include "fetch.h"

/* Copies what is selected; the sink is opened when there is something to
 * write, so that a failed fetch leaves nothing behind. */
static enum ckpt_status
copy_models(struct fetch *f, struct copy *copy, struct model_sink **sink,
    struct ckpt_error *err)
{
	const struct cli_pack_options options = { .has_codec = false };
	const struct copy_model *m;
	enum ckpt_status st;

	f->n_models = 0;
	while ((st = copy_next(copy, &m, err)) == CKPT_OK) {
		if (*sink == NULL)
			st = cli_open_pack(&f->cli, f->output, &options, sink,
			    err);
		if (st == CKPT_OK)
			st = copy_write(copy, *sink, err);
		if (st != CKPT_OK)
			return (st);
		f->n_models++;
	}
	if (st == CKPT_END && *sink == NULL)
		return (cli_open_pack(&f->cli, f->output, &options, sink,
		    err));
	return (st == CKPT_END ? CKPT_OK : st);
}

enum ckpt_status
fetch_models(struct fetch *f, struct ckpt_error *err)
{
	const struct meta set = { 0, NULL };
	struct model_source *source;
	struct model_sink *sink = NULL;
	struct copy *copy;
	enum ckpt_status st;

	st = fetch_source_open(f, &source, err);
	if (st != CKPT_OK)
		return (st);
	st = copy_new(&f->cli, source, &f->select, &set, &copy, err);
	if (st != CKPT_OK)
		goto err0;
	st = copy_models(f, copy, &sink, err);
	if (st == CKPT_OK)
		st = model_sink_close(sink, err);
	else
		model_sink_abort(sink);
	copy_free(copy);
err0:
	model_source_close(source);
	return (st);
}
