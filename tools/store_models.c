/*
 * store_models: ckpt-store add, get, ls and rm.
 */
#include "arch.h"
#include "copy.h"
#include "foreign/foreign.h"
#include "store.h"

static void
warn(void *arg, const char *text)
{
	const struct store_tool *t = arg;

	cli_warn(&t->cli, "%.100s: %s", t->path, text);
}

enum ckpt_status
store_tool_open(struct store_tool *t, bool is_reader, struct ckpt_error *err)
{
	struct store_options o = {
		.is_reader = is_reader,
		.n_threads = t->cli.n_threads,
		.memory = t->cli.memory,
		.warn = warn, .arg = t
	};

	return (store_open(t->path, &o, &t->store, err));
}

int
store_tool_end(struct store_tool *t, enum ckpt_status st, bool no,
    const struct ckpt_error *err)
{
	store_close(t->store);
	t->store = NULL;
	if (st != CKPT_OK) {
		cli_report(&t->cli, err);
		return (CLI_TROUBLE);
	}
	return (no ? CLI_NO : CLI_YES);
}

/* ---- which ---- */

/* Whether --arch fits the tensors of a record: asked once a schema. */
static enum ckpt_status
fits(struct store_tool *t, const struct store_entry *e, bool *out,
    struct ckpt_error *err)
{
	struct ckpt_error why = { .offset = CKPT_NO_OFFSET };
	struct model_head head;
	struct graph *g;
	struct fit *more;
	size_t i;
	enum ckpt_status st;

	for (i = 0; i < t->n_fits; i++)
		if (id_equal(&t->fits[i].schema, &e->schema)) {
			*out = t->fits[i].fits;
			return (CKPT_OK);
		}
	more = realloc(t->fits, (t->n_fits + 1) * sizeof(*more));
	if (more == NULL)
		return (error_nomem(err, (t->n_fits + 1) * sizeof(*more)));
	t->fits = more;
	st = store_head(t->store, &e->record, &head, err);
	if (st != CKPT_OK)
		return (st);
	st = cli_arch_choose(&t->cli, t->arch, head.schema, NULL, &g, &why);
	model_head_release(&head);
	if (st == CKPT_NO_MEMORY)
		return (error_nomem(err, 1));
	*out = st == CKPT_OK;
	if (st == CKPT_OK)
		graph_free(g);
	t->fits[t->n_fits].schema = e->schema;
	t->fits[t->n_fits++].fits = *out;
	return (CKPT_OK);
}

/* The metadata say it, else the tensors. */
static enum ckpt_status
has_arch(void *arg, const struct store_entry *e, struct ckpt_error *err)
{
	struct store_tool *t = arg;
	const char *stated = meta_get(e->meta, "arch");
	bool is;
	enum ckpt_status st = CKPT_OK;

	if (stated != NULL)
		is = strcmp(stated, t->arch) == 0;
	else
		st = fits(t, e, &is, err);
	return (st != CKPT_OK ? st : is ? CKPT_OK : CKPT_END);
}

void
store_tool_query(struct store_tool *t, struct store_query *out, bool *is_all)
{
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	struct graph *g;

	memset(out, 0, sizeof(*out));
	out->patterns = (const char *const *)t->args;
	out->n_patterns = (size_t)t->n_args;
	out->meta = t->meta;
	out->n_meta = t->n_meta;
	out->schema = t->schema;
	if (t->arch != NULL) {
		if (cli_arch_choose(&t->cli, t->arch, NULL, NULL, &g, &err) !=
		    CKPT_OK)
			cli_usage_error(&t->cli, "%s", err.text);
		graph_free(g);
		out->arg = t;
		out->keep = has_arch;
	}
	*is_all = t->n_args == 0 && t->n_meta == 0 && t->schema == NULL &&
	    t->arch == NULL;
}

/* ---- add and get ---- */

static enum ckpt_status
copy_all(struct store_tool *t, struct model_source *from,
    struct model_sink *to, uint64_t *n, struct ckpt_error *err)
{
	const struct meta none = { 0, NULL };
	const struct select all = { 0 };
	const struct copy_model *m;
	struct copy *c;
	enum ckpt_status st = copy_new(&t->cli, from, &all, &none, &c, err);

	if (st != CKPT_OK) {
		model_sink_abort(to);
		return (st);
	}
	for (*n = 0; (st = copy_next(c, &m, err)) == CKPT_OK; ++*n) {
		st = copy_write(c, to, err);
		if (st != CKPT_OK)
			break;
	}
	copy_free(c);
	if (st == CKPT_END)
		return (model_sink_close(to, err));
	model_sink_abort(to);
	return (st);
}

int
store_tool_add(struct store_tool *t)
{
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	struct model_source *from = NULL;
	struct store_added added = { 0 };
	struct model_sink *to;
	uint64_t n;
	enum ckpt_status st = store_tool_open(t, false, &err);

	if (st == CKPT_OK)
		st = cli_open_inputs(&t->cli, t->args, t->n_args, &from,
		    &err);
	if (st == CKPT_OK) {
		st = store_add(t->store, true, &added, &to, &err);
		if (st == CKPT_OK)
			st = copy_all(t, from, to, &n, &err);
		model_source_close(from);
	}
	if (st == CKPT_OK)
		(void)printf("added\tshared\tpresent\tbytes\tstored\n"
		    "%llu\t%llu\t%llu\t%llu\t%llu\n",
		    (unsigned long long)added.n_models,
		    (unsigned long long)added.n_shared,
		    (unsigned long long)added.n_present,
		    (unsigned long long)added.n_bytes,
		    (unsigned long long)added.n_stored);
	return (store_tool_end(t, st, false, &err));
}

int
store_tool_get(struct store_tool *t)
{
	const struct cli_pack_options options = { .has_codec = false };
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	struct model_source *from;
	struct model_sink *to;
	struct store_query q;
	bool is_all;
	uint64_t n = 0;
	enum ckpt_status st;

	store_tool_query(t, &q, &is_all);
	st = store_tool_open(t, true, &err);
	if (st == CKPT_OK)
		st = store_source(t->store, &q, &from, &err);
	if (st == CKPT_OK) {
		st = t->directory != NULL ?
		    safetensors_dir_open(t->directory, &to, &err) :
		    cli_open_pack(&t->cli, t->output, &options, &to, &err);
		if (st == CKPT_OK)
			st = copy_all(t, from, to, &n, &err);
		model_source_close(from);
	}
	return (store_tool_end(t, st, n == 0 && !is_all, &err));
}

/* ---- ls and rm ---- */

struct printing {
	struct store_tool *tool;
	struct buf line;
	uint64_t n;
};

static enum ckpt_status
put_json(struct buf *b, const struct store_entry *e, const char *model,
    const char *schema, const char *record, struct ckpt_error *err)
{
	size_t i;
	enum ckpt_status st = buf_printf(b, err, "{\"label\":");

	if (st == CKPT_OK)
		st = text_json(b, e->label, err);
	if (st == CKPT_OK)
		st = buf_printf(b, err, ",\"model\":\"%s\",\"schema\":\"%s\","
		    "\"parameters\":%llu,\"dtype\":\"%s\",\"bytes\":%llu,"
		    "\"record\":\"%s\",\"meta\":{", model, schema,
		    (unsigned long long)e->n_parameters, e->dtype,
		    (unsigned long long)e->n_bytes, record);
	for (i = 0; i < e->meta->n && st == CKPT_OK; i++) {
		st = buf_printf(b, err, "%s", i == 0 ? "" : ",");
		if (st == CKPT_OK)
			st = text_json(b, e->meta->entries[i].key, err);
		if (st == CKPT_OK)
			st = buf_printf(b, err, ":");
		if (st == CKPT_OK)
			st = text_json(b, e->meta->entries[i].value, err);
	}
	return (st == CKPT_OK ? buf_printf(b, err, "}}\n") : st);
}

static enum ckpt_status
print_entry(void *arg, const struct store_entry *e, struct ckpt_error *err)
{
	struct printing *p = arg;
	char model[ID_HEX_SIZE], schema[ID_HEX_SIZE], record[ID_HEX_SIZE];
	enum ckpt_status st;

	id_hex(&e->model, model);
	id_hex(&e->schema, schema);
	id_hex(&e->record, record);
	schema[12] = '\0'; /* as ckpt-cat -l */
	p->line.len = 0;
	if (p->tool->is_json) {
		st = put_json(&p->line, e, model, schema, record, err);
	} else {
		st = text_escape(&p->line, e->label, err);
		if (st == CKPT_OK)
			st = buf_printf(&p->line, err,
			    "\t%s\t%s\t%llu\t%s\t%llu\t%s\n", model, schema,
			    (unsigned long long)e->n_parameters, e->dtype,
			    (unsigned long long)e->n_bytes, record);
	}
	if (st == CKPT_OK)
		(void)fwrite(p->line.data, 1, p->line.len, stdout);
	p->n++;
	return (st);
}

int
store_tool_ls(struct store_tool *t)
{
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	struct printing p = { .tool = t, .line = BUF_INIT((size_t)64 << 20) };
	struct store_query q;
	bool is_all;
	enum ckpt_status st;

	store_tool_query(t, &q, &is_all);
	st = store_tool_open(t, true, &err);
	if (st == CKPT_OK && !t->is_json)
		(void)puts("label\tmodel\tschema\tparameters\tdtype\tbytes\t"
		    "record");
	if (st == CKPT_OK)
		st = store_list(t->store, &q, print_entry, &p, &err);
	buf_release(&p.line);
	return (store_tool_end(t, st, p.n == 0 && !is_all, &err));
}

int
store_tool_rm(struct store_tool *t)
{
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	struct store_query q;
	bool is_all;
	uint64_t n = 0;
	enum ckpt_status st;

	store_tool_query(t, &q, &is_all);
	if (is_all)
		cli_usage_error(&t->cli, "rm: name what is to go "
		    "('*' is everything)");
	st = store_tool_open(t, false, &err);
	if (st == CKPT_OK)
		st = store_remove(t->store, &q, &n, &err);
	if (st == CKPT_OK)
		(void)printf("removed\n%llu\n", (unsigned long long)n);
	return (store_tool_end(t, st, n == 0, &err));
}
