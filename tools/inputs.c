#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "cli.h"
#include "formats.h"
#include "pack/pack.h"
#include "store/store.h"
#include "walk.h"

struct inputs {
	struct model_source source;
	const struct cli *cli;
	const struct pack_selection *selection; /* or NULL: all */
	struct walk *walk;
	struct safetensors_cache *cache;
	struct model_source *current;
	char *path;       /* of the current file */
	bool is_archive;  /* the current file */
	uint64_t n_found; /* sources in the current file */
	uint64_t n_total; /* files opened */
};

/* A pack of which not all is wanted, by its index. False where that cannot
 * be used: the file is read front to back then, and what is wrong said. */
static bool
open_indexed(struct inputs *s, const struct pack_reader_options *options,
    struct model_source **out)
{
	struct pack_index *index;
	struct bytes *in;
	int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return (fd >= 0 && bytes_fd(fd, &in, NULL) == CKPT_OK &&
	    pack_index_open(in, options, &index, NULL) == CKPT_OK &&
	    pack_index_source(index, s->selection, out, NULL) == CKPT_OK);
}

/* Tells of damage that costs no more than what it names. */
static void
note_loss(void *arg, const struct ckpt_error *err)
{
	const struct inputs *s = arg;
	struct ckpt_error named = *err;

	(void)error_where(&named, s->path);
	cli_report(s->cli, &named);
	++*s->cli->n_lost;
}

/* Opens what is neither an archive nor compressed. Takes `in` over. */
static enum ckpt_status
open_leaf(struct inputs *s, struct bytes *in, enum foreign_kind kind,
    const char *label, bool in_archive, struct model_source **out,
    struct ckpt_error *err)
{
	struct pack_reader_options options = {
		.n_threads = s->cli->n_threads,
		.memory = s->cli->memory,
		.bases = s->cli->bases,
		.arg = s,
		.lost = s->cli->n_lost != NULL ? note_loss : NULL,
		.damaged = note_loss,
	};

	/* its reader says best what is wrong with it */
	if (kind == FOREIGN_UNKNOWN &&
	    formats_has_suffix(label, ".safetensors"))
		kind = FOREIGN_SAFETENSORS;
	if (kind == FOREIGN_PACK && s->selection != NULL && !in_archive &&
	    strcmp(s->path, "-") != 0 && bytes_is_random(in, NULL) &&
	    open_indexed(s, &options, out)) {
		bytes_close(in);
		return (CKPT_OK);
	}
	if (kind == FOREIGN_PACK)
		return (pack_source_open(in, &options, out, err));
	if (kind == FOREIGN_SAFETENSORS)
		return (safetensors_open_cached(in, label, s->cli->memory,
		    s->cache, out, err));
	bytes_close(in);
	return (formats_refuse(kind, in_archive, err));
}

static enum ckpt_status
open_member(void *arg, struct bytes *in, const char *path,
    struct model_source **out, struct ckpt_error *err)
{
	struct inputs *s = arg;
	enum foreign_kind kind;
	enum ckpt_status st = foreign_detect(in, &kind, err);

	/* a zip file of PyTorch need not begin with it */
	if (st == CKPT_OK && kind == FOREIGN_UNKNOWN &&
	    formats_has_suffix(path, "/data.pkl"))
		kind = FOREIGN_TORCH_ZIP;
	if (st == CKPT_OK && formats_may_skip(kind, path)) {
		cli_warn(s->cli, "%s!%s: skipped, not a checkpoint", s->path,
		    path);
		st = CKPT_END;
	}
	if (st != CKPT_OK) {
		bytes_close(in);
		return (st);
	}
	st = open_leaf(s, in, kind, path, true, out, err);
	s->n_found += st == CKPT_OK;
	return (st);
}

/* Opens one file's bytes, which it takes over; CKPT_END skips the file. */
static enum ckpt_status
open_bytes(struct inputs *s, struct bytes *in, bool is_given,
    struct ckpt_error *err)
{
	struct archive_options archive = { s->path, s, open_member };
	enum foreign_kind kind;
	bool is_compressed;
	char *label;
	enum ckpt_status st = foreign_detect(in, &kind, err);

	is_compressed = st == CKPT_OK && kind == FOREIGN_COMPRESSED;
	if (is_compressed) {
		st = decompress_open(in, &in, err);
		if (st != CKPT_OK)
			return (st);
		st = foreign_detect(in, &kind, err);
	}
	if (st == CKPT_OK && !is_given && formats_may_skip(kind, s->path)) {
		cli_warn(s->cli, "%s: skipped, not a checkpoint", s->path);
		st = CKPT_END;
	}
	if (st != CKPT_OK) {
		bytes_close(in);
		return (st);
	}
	s->is_archive = kind == FOREIGN_ARCHIVE;
	if (s->is_archive)
		return (archive_open(in, &archive, &s->current, err));
	label = formats_label(s->path, is_compressed);
	if (label == NULL) {
		bytes_close(in);
		return (error_nomem(err, strlen(s->path)));
	}
	st = open_leaf(s, in, kind, label, false, &s->current, err);
	s->n_found += st == CKPT_OK;
	free(label);
	return (st);
}

static enum ckpt_status
open_file(struct inputs *s, bool is_given, struct ckpt_error *err)
{
	struct bytes *in;
	int fd;
	enum ckpt_status st;

	if (is_given && strcmp(s->path, "-") == 0)
		fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		st = error_sys(err, "cannot open");
	else if ((st = bytes_fd(fd, &in, err)) == CKPT_OK)
		st = open_bytes(s, in, is_given, err);
	if (st != CKPT_OK && st != CKPT_END)
		(void)error_where(err, s->path);
	return (st);
}

/* Opens the next file that holds models. */
static enum ckpt_status
next_file(struct inputs *s, struct ckpt_error *err)
{
	const char *path;
	bool is_given;
	enum ckpt_status st = CKPT_END;

	/* cli_open_bytes has opened its one file */
	if (s->walk == NULL)
		return (CKPT_END);
	while (st == CKPT_END) {
		st = walk_next(s->walk, &path, &is_given, err);
		if (st == CKPT_END && s->n_total == 0)
			return (error_set(err, CKPT_NOT_OURS,
			    "there is no checkpoint in the inputs"));
		if (st != CKPT_OK)
			return (st);
		free(s->path);
		s->path = strdup(path);
		if (s->path == NULL)
			return (error_nomem(err, strlen(path)));
		st = open_file(s, is_given, err);
	}
	s->n_total++;
	return (st);
}

/* The current file has ended. */
static enum ckpt_status
leave_file(struct inputs *s, struct ckpt_error *err)
{
	model_source_close(s->current);
	s->current = NULL;
	if (s->is_archive && s->n_found == 0) {
		(void)error_set(err, CKPT_NOT_OURS,
		    "there is no checkpoint in this archive");
		(void)error_where(err, s->path);
		return (CKPT_NOT_OURS);
	}
	return (CKPT_OK);
}

/* A pack out of a store may hold models whose weights are elsewhere. */
static enum ckpt_status
check_stand_in(struct inputs *s, struct model_head *head,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	if (head->schema->n_tensors > 0 ||
	    meta_get(&head->meta, STORE_SAME_KEY) == NULL)
		return (CKPT_OK);
	st = error_set(err, CKPT_INVALID, "the weights of model %.200s are "
	    "in another pack of its store: ckpt-store get reads them",
	    head->label);
	(void)error_where(err, s->path);
	model_head_release(head);
	return (st);
}

static const struct model_source_ops inputs_ops, unstated_ops;

static enum ckpt_status
next(struct model_source *source, struct model_head *head,
    struct ckpt_error *err)
{
	struct inputs *s = (struct inputs *)source;
	enum ckpt_status st;

	for (;;) {
		if (s->current == NULL) {
			s->n_found = 0;
			st = next_file(s, err);
			if (st != CKPT_OK)
				return (st);
		}
		st = model_next(s->current, head, err);
		if (st != CKPT_END) {
			if (st != CKPT_OK)
				(void)error_where(err, s->path);
			else
				st = check_stand_in(s, head, err);
			s->source.ops = s->current->ops->confirm != NULL ?
			    &inputs_ops : &unstated_ops;
			return (st);
		}
		st = leave_file(s, err);
		if (st != CKPT_OK)
			return (st);
	}
}

static enum ckpt_status
read_data(struct model_source *source, void *out, size_t n,
    struct ckpt_error *err)
{
	struct inputs *s = (struct inputs *)source;
	enum ckpt_status st;

	if (s->current == NULL)
		return (error_set(err, CKPT_USAGE, "no model is open"));
	st = model_read(s->current, out, n, err);
	if (st != CKPT_OK)
		(void)error_where(err, s->path);
	return (st);
}

static enum ckpt_status
confirm(struct model_source *source, const struct ckpt_id *tensor_ids,
    struct ckpt_error *err)
{
	struct inputs *s = (struct inputs *)source;
	enum ckpt_status st;

	if (s->current == NULL)
		return (error_set(err, CKPT_USAGE, "no model is open"));
	st = model_confirm(s->current, tensor_ids, err);
	if (st != CKPT_OK)
		(void)error_where(err, s->path);
	return (st);
}

static enum ckpt_status
pread_data(struct model_source *source, void *out, size_t n, uint64_t offset,
    struct ckpt_error *err)
{
	struct inputs *s = (struct inputs *)source;
	enum ckpt_status st;

	if (s->current == NULL || s->current->ops->pread == NULL)
		return (CKPT_USAGE);
	/* called by several threads, each with an error of its own */
	if (err != NULL)
		err->text[0] = '\0';
	st = s->current->ops->pread(s->current, out, n, offset, err);
	if (st != CKPT_OK && err != NULL && err->text[0] != '\0')
		(void)error_where(err, s->path);
	return (st);
}

static void
close_inputs(struct model_source *source)
{
	struct inputs *s = (struct inputs *)source;

	model_source_close(s->current);
	safetensors_cache_free(s->cache);
	walk_free(s->walk);
	free(s->path);
	free(s);
}

static const struct model_source_ops inputs_ops = {
	.next = next,
	.read = read_data,
	.confirm = confirm,
	.pread = pread_data,
	.close = close_inputs
};

/* While the current source states no IDs, so that nobody need read what he
 * does not want. */
static const struct model_source_ops unstated_ops = {
	.next = next,
	.read = read_data,
	.pread = pread_data,
	.close = close_inputs
};

enum ckpt_status
cli_open_selected(const struct cli *c, char **paths, int n_paths,
    const struct pack_selection *selection, struct model_source **out,
    struct ckpt_error *err)
{
	struct inputs *s = calloc(1, sizeof(*s));
	enum ckpt_status st;

	if (s == NULL)
		return (error_nomem(err, sizeof(*s)));
	s->source.ops = &inputs_ops;
	s->cli = c;
	s->selection = selection;
	st = safetensors_cache_new(&s->cache, err);
	if (st == CKPT_OK)
		st = walk_new(paths, n_paths, &s->walk, err);
	if (st != CKPT_OK) {
		close_inputs(&s->source);
		return (st);
	}
	*out = &s->source;
	return (CKPT_OK);
}

enum ckpt_status
cli_open_bytes(const struct cli *c, struct bytes *in, const char *name,
    struct model_source **out, struct ckpt_error *err)
{
	struct inputs *s = calloc(1, sizeof(*s));
	enum ckpt_status st;

	if (s == NULL) {
		bytes_close(in);
		return (error_nomem(err, sizeof(*s)));
	}
	s->source.ops = &inputs_ops;
	s->cli = c;
	s->path = strdup(name);
	st = s->path == NULL ? error_nomem(err, strlen(name)) :
	    safetensors_cache_new(&s->cache, err);
	if (st == CKPT_OK)
		st = open_bytes(s, in, true, err);
	else
		bytes_close(in);
	if (st != CKPT_OK) {
		close_inputs(&s->source);
		return (st);
	}
	*out = &s->source;
	return (CKPT_OK);
}

enum ckpt_status
cli_open_inputs(const struct cli *c, char **paths, int n_paths,
    struct model_source **out, struct ckpt_error *err)
{
	return (cli_open_selected(c, paths, n_paths, NULL, out, err));
}
