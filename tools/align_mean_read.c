/*
 * align_mean_read: the models of --to=mean, from memory or read again, and
 * what is kept of each.
 */
#include <sys/stat.h>

#include <unistd.h>

#include "base/banned.h"
#include "align_mean.h"

/* A kept model's head and what belongs to it, about. */
#define HEAD_BYTES 1024

/* Part of the memory that records may take; beyond it they are on disk. */
#define RECORDS_PART 32

/* ---- records ---- */

static uint64_t
record_size(const struct align_mean *m)
{
	return (sizeof(struct ckpt_id) + m->code_size);
}

static enum ckpt_status
encode(const struct align_mean *m, const struct match_map *map,
    unsigned char **out, struct ckpt_error *err)
{
	*out = malloc(m->code_size + 1);
	if (*out == NULL)
		return (error_nomem(err, m->code_size));
	match_code_put(m->shape, m->scale, map, *out);
	return (CKPT_OK);
}

enum ckpt_status
align_record_add(struct align_mean *m, const struct align_item *item,
    struct ckpt_error *err)
{
	unsigned char *code;
	enum ckpt_status st;

	st = encode(m, &item->map, &code, err);
	if (st != CKPT_OK)
		return (st);
	st = hold_add(m->records, &item->id, sizeof(item->id), err);
	if (st == CKPT_OK)
		st = hold_add(m->records, code, m->code_size, err);
	free(code);
	return (st);
}

enum ckpt_status
align_record_set_map(struct align_mean *m, const struct align_item *item,
    struct ckpt_error *err)
{
	unsigned char *code;
	enum ckpt_status st;

	st = encode(m, &item->map, &code, err);
	if (st != CKPT_OK)
		return (st);
	st = hold_write(m->records, code, m->code_size,
	    item->number * record_size(m) + sizeof(item->id), err);
	free(code);
	return (st);
}

enum ckpt_status
align_record_map(const struct align_mean *m, uint64_t number,
    struct match_map *out, struct ckpt_error *err)
{
	unsigned char *code = malloc(m->code_size + 1);
	enum ckpt_status st;

	if (code == NULL)
		return (error_nomem(err, m->code_size));
	st = hold_read(m->records, code, m->code_size,
	    number * record_size(m) + sizeof(struct ckpt_id), err);
	if (st == CKPT_OK)
		st = match_map_new(m->shape, out, err);
	if (st == CKPT_OK)
		match_code_get(m->shape, m->scale, code, out);
	free(code);
	return (st);
}

enum ckpt_status
align_record_check(const struct align_mean *m, const struct align_item *item,
    struct ckpt_error *err)
{
	struct ckpt_id id;
	enum ckpt_status st;

	st = hold_read(m->records, &id, sizeof(id),
	    item->number * record_size(m), err);
	if (st != CKPT_OK || id_equal(&id, &item->id))
		return (st);
	(void)error_set(err, CKPT_MISMATCH, "is not the model that it was "
	    "when the inputs were read before");
	return (error_where(err, item->in.head.label));
}

/* ---- reading ---- */

/* Whether the inputs are files that can be read again; notes where standard
 * input begins if it is one. */
static bool
can_read_again(struct align *a)
{
	struct align_mean *m = a->mean;
	struct stat sb;
	int i, n_stdin = a->cli.n_args == 0;

	for (i = 0; i < a->cli.n_args; i++)
		if (strcmp(a->cli.args[i], "-") == 0)
			n_stdin++;
		else if (stat(a->cli.args[i], &sb) != 0 ||
		    !(S_ISREG(sb.st_mode) || S_ISDIR(sb.st_mode)))
			return (false);
	if (n_stdin == 0)
		m->stdin_at = -1;
	return (n_stdin == 0 || (n_stdin == 1 && m->stdin_at >= 0));
}

static enum ckpt_status
open_again(struct align *a, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;

	model_source_close(a->source);
	a->source = NULL;
	if (m->stdin_at >= 0 && lseek(STDIN_FILENO, m->stdin_at,
	    SEEK_SET) < 0)
		return (error_sys(err, "cannot read standard input again"));
	return (cli_open_inputs(&m->cli, a->cli.args, a->cli.n_args,
	    &a->source, err));
}

enum ckpt_status
align_mean_admit(const struct align *a, const struct align_item *item,
    struct ckpt_error *err)
{
	const struct align_mean *m = a->mean;

	if (match_fits(m->shape, item->plan->plan->sym))
		return (CKPT_OK);
	(void)error_set(err, CKPT_INVALID, "its tensors or symmetries are not "
	    "those of the first model, %.200s", m->out.head.label);
	return (error_where(err, item->in.head.label));
}

/* What the first model decides. */
static enum ckpt_status
begin(struct align *a, const struct align_item *item, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	enum ckpt_status st;

	m->plan = item->plan;
	m->shape = item->plan->shape;
	m->scale = a->scale;
	m->code_size = match_code_size(m->shape, m->scale);
	st = match_mean_new(m->shape, m->scale, &m->mean, err);
	if (st == CKPT_OK)
		st = match_mean_new(m->shape, m->scale, &m->raw, err);
	if (st == CKPT_OK)
		st = align_mean_model_new(m, &item->in, err);
	if (st == CKPT_OK)
		st = hold_new(a->cli.memory / RECORDS_PART, &m->records, err);
	return (st == CKPT_OK ? hold_begin(m->records, 0, err) : st);
}

static enum ckpt_status
keep(struct align *a, struct align_item *item, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	struct align_item **kept;
	size_t n = m->capacity == 0 ? 64 : 2 * m->capacity;

	if (m->n_kept == m->capacity) {
		kept = realloc(m->kept, n * sizeof(*kept));
		if (kept == NULL)
			return (error_nomem(err, n * sizeof(*kept)));
		m->kept = kept;
		m->capacity = n;
	}
	m->kept[m->n_kept++] = item;
	return (CKPT_OK);
}

static uint64_t
bytes_of(const struct align_item *item)
{
	const struct schema *s = item->in.head.schema;

	return (s->n_bytes + s->n_tensors * sizeof(*item->tensor_ids) +
	    HEAD_BYTES);
}

/* Keeps models up to the window, or while they take half of the memory. */
static enum ckpt_status
fill(struct align *a, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	const uint64_t window = a->mean_options.window;
	struct align_item *item;
	enum ckpt_status st;
	uint64_t n_bytes = 0;

	while (window == 0 || m->n_kept < window) {
		st = align_item_read(a, &item, err);
		if (st == CKPT_END) {
			m->is_ended = true;
			return (CKPT_OK);
		}
		if (st != CKPT_OK)
			return (st);
		m->next_item = item;
		align_item_keep(a, item);
		if (m->plan == NULL)
			st = begin(a, item, err);
		if (st == CKPT_OK)
			st = align_mean_admit(a, item, err);
		n_bytes += bytes_of(item);
		if (st == CKPT_OK && window == 0 && m->n_kept > 0 &&
		    n_bytes > a->cli.memory / 2)
			return (CKPT_OK);
		if (st == CKPT_OK)
			st = keep(a, item, err);
		if (st != CKPT_OK)
			return (st);
		m->next_item = NULL;
	}
	return (CKPT_OK);
}

static void
forget(struct align *a)
{
	struct align_mean *m = a->mean;
	size_t i;

	for (i = 0; i < m->n_kept; i++)
		align_item_free(a, m->kept[i]);
	m->n_kept = 0;
	align_item_free(a, m->next_item);
	m->next_item = NULL;
}

enum ckpt_status
align_mean_gather(struct align *a, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	enum ckpt_status st;

	m->cli = a->cli;
	m->cli.quiet = true;
	m->stdin_at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	st = fill(a, err);
	if (st != CKPT_OK)
		return (st);
	if (m->plan == NULL)
		return (error_set(err, CKPT_INVALID, "no models in the "
		    "input: there is no mean"));
	m->is_first = true;
	m->is_in_memory = true;
	if (a->mean_options.window > 0 || (!m->is_ended &&
	    !can_read_again(a))) {
		m->is_stream = true;
		m->window = a->mean_options.window > 0 ?
		    a->mean_options.window : m->n_kept;
	} else if (!m->is_ended) {
		m->is_in_memory = false;
		forget(a);
		return (open_again(a, err));
	}
	return (CKPT_OK);
}

enum ckpt_status
align_mean_rewind(struct align *a, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;

	m->at = 0;
	m->end = m->n;
	m->is_first = false;
	return (m->is_in_memory ? CKPT_OK : open_again(a, err));
}

static enum ckpt_status
changed(const struct align_mean *m, bool is_more, struct ckpt_error *err)
{
	return (error_set(err, CKPT_MISMATCH, "the inputs have %s than the "
	    "%llu models that they had when they were read before",
	    is_more ? "more" : "fewer", (unsigned long long)m->n));
}

/* After the last model: nothing may follow that was not there before. */
static enum ckpt_status
expect_end(struct align *a, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	struct model_head head;
	enum ckpt_status st;

	if (m->is_in_memory || m->is_first || m->at < m->n)
		return (CKPT_END);
	st = model_next(a->source, &head, err);
	if (st != CKPT_OK)
		return (st);
	model_head_release(&head);
	return (changed(m, true, err));
}

/* The next model, from where it is. */
static enum ckpt_status
get(struct align *a, struct align_item **out, struct ckpt_error *err)
{
	struct align_mean *m = a->mean;

	if (m->is_in_memory) {
		if (m->at == m->n_kept)
			return (CKPT_END);
		*out = m->kept[m->at];
		return (align_item_wait(a, *out, m->shape->total *
		    sizeof(double)));
	}
	if (m->next_item == NULL)
		return (align_item_read(a, out, err));
	*out = m->next_item;
	(*out)->is_kept = false;
	m->next_item = NULL;
	return (align_item_wait(a, *out, bytes_of(*out) +
	    m->shape->total * sizeof(double)));
}

enum ckpt_status
align_mean_next(struct align *a, struct align_item **out,
    struct ckpt_error *err)
{
	struct align_mean *m = a->mean;
	struct align_item *item = NULL;
	enum ckpt_status st;

	if (m->at == m->end)
		return (expect_end(a, err));
	st = get(a, &item, err);
	if (st == CKPT_END) {
		m->is_ended = true;
		return (m->is_first ? CKPT_END : changed(m, false, err));
	}
	if (st == CKPT_OK)
		item->number = m->at++;
	if (st == CKPT_OK && !m->is_first && !m->is_in_memory)
		st = align_record_check(m, item, err);
	if (st == CKPT_OK)
		st = align_mean_admit(a, item, err);
	if (st != CKPT_OK) {
		if (item != NULL && !item->is_kept)
			align_item_free(a, item);
		return (st);
	}
	*out = item;
	return (CKPT_OK);
}
