#include <sys/stat.h>

#include "base/banned.h"
#include "diff.h"

/*
 * Two streams are compared in step, as diff -r compares directories: equal
 * labels are a pair; else the label that comes first in natural order has no
 * partner. That holds if both streams have one order, which is checked: a
 * label that was said to have no partner must not turn up later.
 */

/* A model's name among those of its input: for a directory, the path within
 * it, as diff -r pairs files. */
static const char *
label_in(const char *path, const char *label)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (strncmp(label, path, n) == 0 && label[n] == '/')
		label += n + strspn(label + n, "/");
	return (label);
}

/* One operand: its source, its current head, and the labels of its models
 * that were found to be without a partner. */
struct input {
	const struct cli *cli;
	char *path;
	struct model_source *source;
	struct model_head head;
	struct model first;   /* the first model, where it had to be read */
	bool has_first;       /* it is the current one */
	bool is_single;       /* one model in all */
	bool at_end;
	char **lone;
	size_t n_lone;
};

static enum ckpt_status
input_next(struct input *in, struct ckpt_error *err)
{
	enum ckpt_status st;

	model_head_release(&in->head);
	st = model_next(in->source, &in->head, err);
	if (st == CKPT_END) {
		in->at_end = true;
		return (CKPT_OK);
	}
	return (st != CKPT_OK ? error_where(err, in->path) : CKPT_OK);
}

static enum ckpt_status
input_open(struct input *in, struct ckpt_error *err)
{
	enum ckpt_status st;

	st = cli_open_inputs(in->cli, &in->path, 1, &in->source, err);
	return (st == CKPT_OK ? input_next(in, err) : st);
}

/* What can be opened twice. */
static bool
is_on_disk(const char *path)
{
	struct stat sb;

	return (strcmp(path, "-") != 0 && stat(path, &sb) == 0 &&
	    (S_ISREG(sb.st_mode) || S_ISDIR(sb.st_mode)));
}

/* Whether the input has one model only. A file is asked by opening it a
 * second time, so that its model need not be held; of a pipe the first
 * model is read into memory. */
static enum ckpt_status
input_count(struct input *in, struct ckpt_error *err)
{
	struct input again = { .cli = in->cli, .path = in->path };
	struct diff_side side = { .head = &in->head, .source = in->source };
	enum ckpt_status st;

	if (in->at_end)
		return (CKPT_OK);
	if (is_on_disk(in->path)) {
		st = input_open(&again, err);
		if (st == CKPT_OK)
			st = input_next(&again, err);
		in->is_single = again.at_end;
		model_head_release(&again.head);
		model_source_close(again.source);
		return (st);
	}
	st = diff_load(&side, &in->first, err);
	if (st != CKPT_OK)
		return (st);
	in->has_first = true;
	st = input_next(in, err);
	in->is_single = in->at_end;
	return (st);
}

/* The current model: the first one, read already, or the source's. */
static const struct model_head *
input_head(const struct input *in)
{
	return (in->has_first ? &in->first.head : in->at_end ? NULL :
	    &in->head);
}

static struct diff_side
input_side(struct input *in)
{
	if (in->has_first)
		return ((struct diff_side){ .head = &in->first.head,
		    .data = in->first.data });
	return ((struct diff_side){ .head = &in->head,
	    .source = in->source });
}

static const char *
input_label(const struct input *in)
{
	return (label_in(in->path, input_head(in)->label));
}

static enum ckpt_status
input_advance(struct input *in, struct ckpt_error *err)
{
	if (in->has_first) {
		in->has_first = false;
		return (CKPT_OK);
	}
	return (input_next(in, err));
}

static void
input_close(struct input *in)
{
	size_t i;

	for (i = 0; i < in->n_lone; i++)
		free(in->lone[i]);
	free(in->lone);
	if (in->first.data != NULL)
		model_release(&in->first);
	model_head_release(&in->head);
	model_source_close(in->source);
}

/* Notes that the current model of `in` has no partner in `other`; fails if
 * that was said of its label on the other side. */
static enum ckpt_status
note_lone(struct input *in, const struct input *other, struct ckpt_error *err)
{
	const char *label = input_label(in);
	char **lone;
	size_t i;

	for (i = 0; i < other->n_lone; i++)
		if (strcmp(other->lone[i], label) == 0)
			return (error_set(err, CKPT_INVALID,
			    "%s and %s have their models in different "
			    "orders (%.200s)", in->path, other->path, label));
	if ((in->n_lone & (in->n_lone - 1)) == 0) {
		lone = realloc(in->lone, (2 * in->n_lone + 1) *
		    sizeof(*lone));
		if (lone == NULL)
			return (error_nomem(err, in->n_lone * sizeof(*lone)));
		in->lone = lone;
	}
	in->lone[in->n_lone] = strdup(label);
	if (in->lone[in->n_lone] == NULL)
		return (error_nomem(err, strlen(label)));
	in->n_lone++;
	return (CKPT_OK);
}

static enum ckpt_status
put_lone(struct diff *d, struct input *in, struct input *other, bool is_a,
    struct ckpt_error *err)
{
	enum ckpt_status st;

	st = note_lone(in, other, err);
	if (st != CKPT_OK)
		return (st);
	d->n_differ++;
	st = diff_put_model(d, input_label(in), is_a, err);
	if (st != CKPT_OK)
		return (st);
	return (input_advance(in, err));
}

static enum ckpt_status
put_pair(struct diff *d, struct input *a, struct input *b,
    struct ckpt_error *err)
{
	struct diff_side p = input_side(a), q = input_side(b);
	enum ckpt_status st;

	st = diff_pair(d, input_label(a), &p, &q, err);
	if (st == CKPT_OK)
		st = input_advance(a, err);
	if (st == CKPT_OK)
		st = input_advance(b, err);
	return (st);
}

static enum ckpt_status
merge(struct diff *d, struct input *a, struct input *b,
    struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;
	bool has_a, has_b;
	int c;

	if (a->is_single && b->is_single)
		return (put_pair(d, a, b, err));
	while (st == CKPT_OK) {
		has_a = input_head(a) != NULL;
		has_b = input_head(b) != NULL;
		if (!has_a && !has_b)
			break;
		c = !has_a ? 1 : !has_b ? -1 :
		    text_natural_cmp(input_label(a), input_label(b));
		if (c == 0)
			st = put_pair(d, a, b, err);
		else if (c < 0)
			st = put_lone(d, a, b, true, err);
		else
			st = put_lone(d, b, a, false, err);
	}
	return (st);
}

enum ckpt_status
diff_streams(struct diff *d, char *path_a, char *path_b,
    struct ckpt_error *err)
{
	struct input a = { .cli = &d->cli, .path = path_a };
	struct input b = { .cli = &d->cli, .path = path_b };
	enum ckpt_status st;

	st = input_open(&a, err);
	if (st == CKPT_OK)
		st = input_open(&b, err);
	if (st == CKPT_OK)
		st = input_count(&a, err);
	if (st == CKPT_OK && (a.is_single || a.at_end))
		st = input_count(&b, err);
	if (st == CKPT_OK)
		st = merge(d, &a, &b, err);
	input_close(&a);
	input_close(&b);
	return (st);
}

enum ckpt_status
diff_base(struct diff *d, struct ckpt_error *err)
{
	struct model_source *source = NULL;
	struct model base = { .data = NULL };
	struct model_head head;
	struct diff_side a, b;
	char *path = (char *)(uintptr_t)d->base;
	enum ckpt_status st;

	st = cli_open_inputs(&d->cli, &path, 1, &source, err);
	if (st != CKPT_OK)
		return (st);
	st = model_load(source, UINT64_MAX, &base, err);
	model_source_close(source);
	if (st == CKPT_END)
		st = error_set(err, CKPT_INVALID, "there is no model in it");
	if (st != CKPT_OK)
		return (error_where(err, path));
	st = cli_open_inputs(&d->cli, d->cli.args, d->cli.n_args, &source,
	    err);
	if (st != CKPT_OK)
		goto err0;
	while ((st = model_next(source, &head, err)) == CKPT_OK) {
		a = (struct diff_side){ .head = &base.head,
		    .data = base.data };
		b = (struct diff_side){ .head = &head, .source = source };
		st = diff_pair(d, head.label, &a, &b, err);
		model_head_release(&head);
		if (st != CKPT_OK)
			break;
	}
	model_source_close(source);
	if (st == CKPT_END)
		st = CKPT_OK;
err0:
	model_release(&base);
	return (st);
}
