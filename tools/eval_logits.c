/*
 * eval_logits: models x images x classes as .npy. The head of the file has
 * the number of models, which is known at the end; until then the numbers
 * wait in a file without a name beside the output.
 */
#include "eval.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

struct eval_logits {
	char *path;
	FILE *spool;
	uint64_t dims[3];
};

/* The output is a file: one that exists must be a regular one. */
static enum ckpt_status
check_path(const char *path, struct ckpt_error *err)
{
	struct stat sb;

	if (stat(path, &sb) == 0 && !S_ISREG(sb.st_mode))
		return (error_set(err, CKPT_USAGE, "logits are written to a "
		    "regular file only"));
	return (CKPT_OK);
}

static enum ckpt_status
open_spool(const char *path, FILE **out, struct ckpt_error *err)
{
	const char *slash = strrchr(path, '/');
	const int n = slash == NULL ? 0 : (int)(slash - path) + 1;
	const size_t size = (size_t)n + 32;
	char *name = malloc(size);
	enum ckpt_status st = CKPT_OK;
	int fd;

	if (name == NULL)
		return (error_nomem(err, size));
	(void)snprintf(name, size, "%.*s.ckpt-eval-XXXXXX", n, path);
	fd = mkstemp(name);
	if (fd < 0) {
		st = error_sys(err, "cannot create a temporary file");
		goto err0;
	}
	(void)unlink(name);
	*out = fdopen(fd, "w+");
	if (*out == NULL) {
		st = error_sys(err, "cannot open a temporary file");
		(void)close(fd);
	}
err0:
	free(name);
	return (st);
}

enum ckpt_status
eval_logits_open(const char *path, struct eval_logits **out,
    struct ckpt_error *err)
{
	struct eval_logits *l;
	enum ckpt_status st;

	st = check_path(path, err);
	if (st != CKPT_OK)
		return (error_where(err, path));
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return (error_nomem(err, sizeof(*l)));
	l->path = strdup(path);
	if (l->path == NULL) {
		st = error_nomem(err, strlen(path));
		goto err0;
	}
	st = open_spool(path, &l->spool, err);
	if (st != CKPT_OK) {
		(void)error_where(err, path);
		goto err0;
	}
	*out = l;
	return (CKPT_OK);

err0:
	eval_logits_abort(l);
	return (st);
}

enum ckpt_status
eval_logits_add(struct eval_logits *l, const float *logits, size_t n_images,
    size_t n_classes, struct ckpt_error *err)
{
	const size_t n = n_images * n_classes;

	if (l->dims[0] != 0 && n_classes != l->dims[2])
		return (error_set(err, CKPT_INVALID, "%zu classes, %llu "
		    "before: --logits is one array", n_classes,
		    (unsigned long long)l->dims[2]));
	l->dims[0]++;
	l->dims[1] = n_images;
	l->dims[2] = n_classes;
	for (size_t i = 0; i < n;) {
		unsigned char chunk[4096];
		const size_t k = n - i < 1024 ? n - i : 1024;

		for (size_t j = 0; j < k; j++) {
			uint32_t bits;

			memcpy(&bits, &logits[i + j], 4);
			le32_store(chunk + 4 * j, bits);
		}
		if (fwrite(chunk, 4, k, l->spool) != k) {
			(void)error_sys(err, "cannot write");
			return (error_where(err, l->path));
		}
		i += k;
	}
	return (CKPT_OK);
}

enum ckpt_status
eval_logits_close(struct eval_logits *l, struct ckpt_error *err)
{
	char chunk[65536];
	struct npy_writer *w;
	enum ckpt_status st;
	size_t n;

	if (fflush(l->spool) != 0 || fseeko(l->spool, 0, SEEK_SET) != 0) {
		st = error_sys(err, "cannot write");
		goto err0;
	}
	st = npy_writer_open(l->path, CKPT_F32, 3, l->dims, &w, err);
	if (st != CKPT_OK)
		goto err0;
	while (st == CKPT_OK && (n = fread(chunk, 1, sizeof(chunk),
	    l->spool)) > 0)
		st = npy_writer_write(w, chunk, n, err);
	if (st == CKPT_OK && ferror(l->spool))
		st = error_sys(err, "cannot read a temporary file");
	if (st != CKPT_OK)
		npy_writer_abort(w);
	else
		st = npy_writer_close(w, err);
err0:
	if (st != CKPT_OK)
		(void)error_where(err, l->path);
	eval_logits_abort(l);
	return (st);
}

void
eval_logits_abort(struct eval_logits *l)
{
	if (l == NULL)
		return;
	if (l->spool != NULL)
		(void)fclose(l->spool);
	free(l->path);
	free(l);
}
