#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base_packs.h"
#include "copy.h"
#include "foreign/foreign.h"

/* The file's bytes, or NULL if it is no pack with random access. */
static enum ckpt_status
open_pack(const char *path, struct bytes **out, struct ckpt_error *err)
{
	enum foreign_kind kind;
	struct bytes *in;
	enum ckpt_status st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	*out = NULL;
	if (fd < 0)
		return (error_sys(err, "cannot open"));
	st = bytes_fd(fd, &in, err);
	if (st != CKPT_OK)
		return (st);
	if (bytes_is_random(in, NULL)) {
		st = foreign_detect(in, &kind, err);
		if (st == CKPT_OK && kind == FOREIGN_PACK) {
			*out = in;
			return (CKPT_OK);
		}
	}
	bytes_close(in);
	return (st);
}

static enum ckpt_status
copy_all(const struct cli *c, struct model_source *source,
    struct model_sink *sink, struct ckpt_error *err)
{
	const struct select all = { 0 };
	const struct meta none = { 0 };
	const struct copy_model *m;
	struct copy *copy;
	enum ckpt_status st;

	st = copy_new(c, source, &all, &none, &copy, err);
	if (st != CKPT_OK)
		return (st);
	do {
		st = copy_next(copy, &m, err);
		if (st == CKPT_OK)
			st = copy_write(copy, sink, err);
	} while (st == CKPT_OK);
	copy_free(copy);
	return (st == CKPT_END ? CKPT_OK : st);
}

/* A pack of the input's models, in a file that has no name. */
static enum ckpt_status
make_pack(const struct cli *c, const char *path, struct bytes **out,
    struct ckpt_error *err)
{
	struct pack_writer_options o = { .codec = PACK_CODEC_NONE,
	    .n_threads = c->n_threads };
	char *paths[] = { (char *)(uintptr_t)path, NULL };
	struct model_source *source;
	struct model_sink *sink;
	struct outfile *f;
	enum ckpt_status st;
	FILE *file;
	int fd;

	st = cli_open_inputs(c, paths, 1, &source, err);
	if (st != CKPT_OK)
		return (st);
	file = spool_open();
	st = file == NULL ? error_sys(err, "cannot make a temporary file") :
	    outfile_borrow(fileno(file), &f, err);
	if (st == CKPT_OK)
		st = pack_writer_open(f, &o, &sink, err);
	if (st == CKPT_OK) {
		st = copy_all(c, source, sink, err);
		if (st == CKPT_OK)
			st = model_sink_close(sink, err);
		else
			model_sink_abort(sink);
	}
	model_source_close(source);
	if (st == CKPT_OK) {
		fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
		st = fd < 0 || lseek(fd, 0, SEEK_SET) != 0 ?
		    error_sys(err, "cannot read a temporary file") :
		    bytes_fd(fd, out, err);
	}
	if (file != NULL)
		(void)fclose(file);
	return (st);
}

enum ckpt_status
base_packs_open(const struct cli *c, const char *const *paths, size_t n,
    struct pack_base **out, struct ckpt_error *err)
{
	struct pack_reader_options o = {
		.n_threads = 1, .memory = c->memory
	};
	struct pack_base *b;
	struct bytes *in;
	enum ckpt_status st = pack_base_new(&b, err);
	size_t i;

	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < n && st == CKPT_OK; i++) {
		st = open_pack(paths[i], &in, err);
		if (st == CKPT_OK && in == NULL)
			st = make_pack(c, paths[i], &in, err);
		if (st == CKPT_OK)
			st = pack_base_add(b, in, &o, err);
		if (st != CKPT_OK)
			(void)error_where(err, paths[i]);
	}
	if (st != CKPT_OK)
		pack_base_free(b);
	else
		*out = b;
	return (st);
}
