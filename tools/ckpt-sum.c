/*
 * ckpt-sum: IDs of models, tensors, records and orbits; -c checks a list.
 */
#include "cli.h"
#include "hash.h"
#include "plans.h"
#include "sumlist.h"

/* A list of sums larger than this is refused. */
#define LIST_MAX ((size_t)1 << 30)

struct sum {
	struct cli cli;
	enum {
		SUM_MODEL, SUM_TENSOR, SUM_RECORD, SUM_RELEASE, SUM_ORBIT
	} type;
	const char *arch;      /* --arch */
	const char *list_path; /* -c */
	bool is_status_only;
	bool ignores_missing;
	struct sumlist *list;
	size_t n_ok, n_failed, n_unlisted;
	struct model_source *source;
	struct hash *hash;
	struct sha256 *record_hash;
	struct buf records;    /* IDs, for a release */
	struct plans *plans;
};

enum { OPTION_ARCH = 256, OPTION_IGNORE_MISSING, OPTION_STATUS };

static const struct cli_option options[] = {
	{ "type", 't', "TYPE",
	    "model (default), tensor, record, release, orbit" },
	{ "check", 'c', "LIST", "check the IDs in LIST ('-': stdin)" },
	{ "ignore-missing", OPTION_IGNORE_MISSING, NULL,
	    "with -c: no word of what LIST alone names" },
	{ "status", OPTION_STATUS, NULL, "with -c: the exit status alone" },
	{ "arch", OPTION_ARCH, "ARCH", "for orbits: .arch file or name" },
	{ NULL, 0, NULL, NULL }
};

static void
parse_type(struct sum *s)
{
	const char *v = s->cli.value;

	if (strcmp(v, "model") == 0)
		s->type = SUM_MODEL;
	else if (strcmp(v, "tensor") == 0)
		s->type = SUM_TENSOR;
	else if (strcmp(v, "record") == 0)
		s->type = SUM_RECORD;
	else if (strcmp(v, "release") == 0)
		s->type = SUM_RELEASE;
	else if (strcmp(v, "orbit") == 0)
		s->type = SUM_ORBIT;
	else
		cli_usage_error(&s->cli, "--type=%s: expected model, tensor, "
		    "record, release or orbit", v);
}

static void
parse_options(struct sum *s, int argc, char **argv)
{
	int letter;

	cli_begin(&s->cli, argc, argv);
	while ((letter = cli_next_option(&s->cli)) != -1) {
		switch (letter) {
		case 't':
			parse_type(s);
			break;
		case 'c':
			s->list_path = s->cli.value;
			break;
		case OPTION_ARCH:
			s->arch = s->cli.value;
			break;
		case OPTION_IGNORE_MISSING:
			s->ignores_missing = true;
			break;
		case OPTION_STATUS:
			s->is_status_only = true;
			break;
		}
	}
	if (s->list_path == NULL && (s->ignores_missing || s->is_status_only))
		cli_usage_error(&s->cli,
		    "--ignore-missing and --status go with -c");
}

/* Reads and parses the list of -c. */
static enum ckpt_status
read_list(struct sum *s, struct ckpt_error *err)
{
	FILE *f;
	struct buf text;
	char chunk[65536];
	size_t n;
	enum ckpt_status st = CKPT_OK;

	if (strcmp(s->list_path, "-") == 0)
		f = stdin;
	else
		f = fopen(s->list_path, "re");
	if (f == NULL) {
		st = error_sys(err, "cannot open");
		goto err0;
	}
	buf_init(&text, LIST_MAX);
	while (st == CKPT_OK && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		st = buf_append(&text, chunk, n, err);
	if (st == CKPT_OK && ferror(f))
		st = error_sys(err, "cannot read");
	if (st == CKPT_OK)
		st = sumlist_parse((char *)text.data, text.len, &s->list,
		    err);
	if (st == CKPT_OK && sumlist_n(s->list) == 0)
		st = error_set(err, CKPT_INVALID, "the list is empty");
	buf_release(&text);
	if (f != stdin)
		(void)fclose(f);
err0:
	if (st != CKPT_OK)
		(void)error_where(err, s->list_path);
	return (st);
}

/* Prints an ID, or checks it against the list. */
static void
put_sum(struct sum *s, const struct ckpt_id *id, const char *label)
{
	enum sumlist_result result;

	if (s->list == NULL) {
		sumlist_print(id, label);
		return;
	}
	result = sumlist_check(s->list, id, label);
	s->n_ok += result == SUMLIST_OK;
	s->n_failed += result == SUMLIST_FAILED;
	s->n_unlisted += result == SUMLIST_UNLISTED;
	if (s->is_status_only || result == SUMLIST_UNLISTED ||
	    (s->cli.quiet && result == SUMLIST_OK))
		return;
	sumlist_print_result(label, result);
}

/* ---- models, tensors, records: hashed as they pass ---- */

static enum ckpt_status
sum_tensors(struct sum *s, const struct model_head *head,
    const struct ckpt_id *tensor_ids, struct ckpt_error *err)
{
	const struct schema *schema = head->schema;
	struct buf line;
	enum ckpt_status st = CKPT_OK;
	size_t i, t;

	buf_init(&line, CKPT_MAX_LABEL + CKPT_MAX_NAME + 16);
	for (i = 0; st == CKPT_OK && i < schema->n_tensors; i++) {
		t = schema->by_name[i];
		line.len = 0;
		st = buf_printf(&line, err, "%s\t%s", head->label,
		    schema->tensors[t].name);
		if (st == CKPT_OK)
			st = buf_append(&line, "", 1, err);
		if (st == CKPT_OK)
			put_sum(s, &tensor_ids[t], (char *)line.data);
	}
	buf_release(&line);
	return (st);
}

static enum ckpt_status
sum_head(struct sum *s, const struct model_head *head, struct ckpt_error *err)
{
	const struct ckpt_id *tensor_ids;
	struct ckpt_id id;
	enum ckpt_status st;

	st = hash_model(s->hash, s->source, head->schema, &tensor_ids, &id,
	    err);
	if (st != CKPT_OK)
		return (st);
	if (s->type == SUM_TENSOR)
		return (sum_tensors(s, head, tensor_ids, err));
	if (s->type == SUM_RECORD || s->type == SUM_RELEASE) {
		st = id_record(s->record_hash, &id, head->label, &head->meta,
		    &id, err);
		if (st != CKPT_OK)
			return (st);
	}
	if (s->type == SUM_RELEASE)
		return (buf_append(&s->records, &id, sizeof(id), err));
	put_sum(s, &id, head->label);
	return (CKPT_OK);
}

/* The one line of a release: all records, in order. */
static enum ckpt_status
sum_release(struct sum *s, struct ckpt_error *err)
{
	struct ckpt_id id;
	enum ckpt_status st;

	st = id_release((const struct ckpt_id *)s->records.data,
	    s->records.len / sizeof(id), &id, err);
	if (st == CKPT_OK)
		put_sum(s, &id, "(release)");
	return (st);
}

static enum ckpt_status
sum_stream(struct sum *s, struct ckpt_error *err)
{
	struct model_head head;
	enum ckpt_status st;

	while ((st = model_next(s->source, &head, err)) == CKPT_OK) {
		st = sum_head(s, &head, err);
		model_head_release(&head);
		if (st != CKPT_OK)
			return (st);
	}
	if (st != CKPT_END)
		return (st);
	return (s->type == SUM_RELEASE ? sum_release(s, err) : CKPT_OK);
}

/* ---- orbits: models whole, several at once ---- */

struct orbit_item {
	struct model model;
	const struct plan *plan;
	struct ckpt_id id;
};

static void
orbit_drop(void *arg, void *p)
{
	struct orbit_item *item = p;

	(void)arg;
	model_release(&item->model);
	free(item);
}

static enum ckpt_status
orbit_produce(void *arg, void **out, struct ckpt_error *err)
{
	struct sum *s = arg;
	struct orbit_item *item = calloc(1, sizeof(*item));
	enum ckpt_status st;

	if (item == NULL)
		return (error_nomem(err, sizeof(*item)));
	st = model_load(s->source, UINT64_MAX, &item->model, err);
	if (st != CKPT_OK) {
		free(item);
		return (st);
	}
	st = plans_get(s->plans, &item->model.head, &item->plan, err);
	if (st != CKPT_OK) {
		orbit_drop(s, item);
		return (st);
	}
	*out = item;
	return (CKPT_OK);
}

static enum ckpt_status
orbit_work(void *arg, void *p, unsigned thread, struct ckpt_error *err)
{
	struct orbit_item *item = p;
	enum ckpt_status st;

	(void)arg;
	(void)thread;
	st = sym_orbit_id(item->plan->sym, &item->model, &item->id, err);
	if (st != CKPT_OK)
		(void)error_where(err, item->model.head.label);
	return (st);
}

static enum ckpt_status
orbit_consume(void *arg, void *p, struct ckpt_error *err)
{
	struct orbit_item *item = p;

	(void)err;
	put_sum(arg, &item->id, item->model.head.label);
	orbit_drop(arg, item);
	return (CKPT_OK);
}

static enum ckpt_status
sum_orbits(struct sum *s, struct ckpt_error *err)
{
	struct threads_pipe p = {
		.n_threads = s->cli.n_threads,
		.arg = s,
		.produce = orbit_produce,
		.work = orbit_work,
		.consume = orbit_consume,
		.drop = orbit_drop,
	};
	enum ckpt_status st;

	st = plans_new(&s->cli, s->arch, PLANS_TABLE_ALONE, &s->plans, err);
	if (st != CKPT_OK)
		return (st);
	st = threads_pipe_run(&p, err);
	plans_free(s->plans);
	return (st);
}

/* ---- the whole ---- */

static enum ckpt_status
sum_inputs(struct sum *s, struct ckpt_error *err)
{
	enum ckpt_status st;

	st = cli_open_inputs(&s->cli, s->cli.args, s->cli.n_args, &s->source,
	    err);
	if (st != CKPT_OK)
		return (st);
	if (s->type == SUM_ORBIT) {
		st = sum_orbits(s, err);
		goto err0;
	}
	st = hash_new(s->cli.n_threads, &s->hash, err);
	if (st != CKPT_OK)
		goto err0;
	st = sha256_new(&s->record_hash, err);
	if (st != CKPT_OK)
		goto err1;
	buf_init(&s->records, SIZE_MAX / 2);
	st = sum_stream(s, err);
	buf_release(&s->records);
	sha256_free(s->record_hash);
err1:
	hash_free(s->hash);
err0:
	model_source_close(s->source);
	return (st);
}

/* What the list names and the inputs lack, the warnings, and the status. */
static int
finish_check(struct sum *s)
{
	size_t i, n_missing = 0;

	for (i = 0; i < sumlist_n(s->list); i++) {
		if (!sumlist_is_missing(s->list, i) || s->ignores_missing)
			continue;
		n_missing++;
		if (!s->is_status_only)
			sumlist_print_result(sumlist_label(s->list, i),
			    SUMLIST_MISSING);
	}
	if (!s->is_status_only) {
		if (s->n_failed > 0)
			cli_warn(&s->cli, "%zu computed IDs did NOT match",
			    s->n_failed);
		if (n_missing > 0)
			cli_warn(&s->cli, "%zu listed labels are missing",
			    n_missing);
		if (s->n_unlisted > 0)
			cli_warn(&s->cli, "%zu labels are not in the list",
			    s->n_unlisted);
		if (s->ignores_missing && s->n_ok + s->n_failed == 0)
			cli_warn(&s->cli, "%s: nothing was verified",
			    s->list_path);
	}
	return (s->n_failed > 0 || n_missing > 0 ||
	    s->n_ok == 0 ? CLI_NO : CLI_YES);
}

int
main(int argc, char **argv)
{
	struct sum s = { .cli = {
		.tool = "ckpt-sum",
		.synopsis = "[OPTION]... [INPUT]...",
		.purpose = "Print or check the IDs of models.",
		.options = options,
	} };
	struct ckpt_error err = { .status = CKPT_OK };
	enum ckpt_status st = CKPT_OK;
	int status = CLI_YES;

	parse_options(&s, argc, argv);
	if (s.list_path != NULL)
		st = read_list(&s, &err);
	if (st == CKPT_OK)
		st = sum_inputs(&s, &err);
	if (st != CKPT_OK) {
		cli_report(&s.cli, &err);
		status = CLI_TROUBLE;
	} else if (s.list != NULL) {
		status = finish_check(&s);
	}
	sumlist_free(s.list);
	return (cli_end(&s.cli, status));
}
