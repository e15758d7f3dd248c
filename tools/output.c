#include "cli.h"
#include "pack/pack.h"

enum ckpt_status
cli_open_pack(const struct cli *c, const char *path,
    const struct cli_pack_options *options, struct model_sink **out,
    struct ckpt_error *err)
{
	struct pack_writer_options o = {
		.codec = options->has_codec ?
		    (enum pack_codec)options->codec : PACK_CODEC_FLOAT,
		.level = options->level,
		.group_models = options->group_models,
		.is_archive = options->is_archive,
		.has_ids = options->has_ids,
		.bases = c->bases,
		.n_threads = c->n_threads,
	};
	struct outfile *f;
	enum ckpt_status st;

	if (path == NULL || strcmp(path, "-") == 0)
		cli_refuse_terminal(c);
	st = outfile_open(path, &f, err);
	if (st != CKPT_OK)
		return (st);
	return (pack_writer_open(f, &o, out, err));
}
