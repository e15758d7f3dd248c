/*
 * arch: by option, by metadata, or recognised.
 */
#include "arch.h"

#include <dirent.h>
#include <errno.h>

#define MAX_DIRECTORIES 64
#define MAX_NAME 255 /* bytes of an architecture's name */

/* The graph of an .arch text, for models of `schema` if that is not NULL. */
static enum ckpt_status
parse(const char *text, size_t n, const struct schema *schema,
    struct graph **out, struct ckpt_error *err)
{
	return (schema == NULL ? graph_parse(text, n, out, err) :
	    graph_parse_for(text, n, schema, out, err));
}

/* Reads and parses an .arch file. */
static enum ckpt_status
read_file(const char *path, const struct schema *schema,
    struct graph **out, struct ckpt_error *err)
{
	FILE *f = fopen(path, "re");
	struct buf text;
	char chunk[16384];
	size_t n;
	enum ckpt_status st = CKPT_OK;

	if (f == NULL) {
		(void)error_sys(err, "cannot open");
		return (error_where(err, path));
	}
	buf_init(&text, ARCH_MAX_BYTES);
	while (st == CKPT_OK && (n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		st = buf_append(&text, chunk, n, err);
	if (st == CKPT_OK && ferror(f))
		st = error_sys(err, "cannot read");
	if (st == CKPT_OK)
		st = parse((const char *)text.data, text.len, schema, out,
		    err);
	buf_release(&text);
	(void)fclose(f);
	return (st == CKPT_OK ? CKPT_OK : error_where(err, path));
}

/* Directory `i` of CKPT_ARCH_PATH into `out`; false beyond the last. Empty
 * entries are returned as such. */
static bool
directory(unsigned i, char *out, size_t size)
{
	const char *p = getenv("CKPT_ARCH_PATH");
	size_t n;

	if (p == NULL || *p == '\0' || i >= MAX_DIRECTORIES)
		return (false);
	for (; i > 0; i--) {
		p = strchr(p, ':');
		if (p == NULL)
			return (false);
		p++;
	}
	n = strcspn(p, ":");
	if (n >= size)
		n = 0;
	memcpy(out, p, n);
	out[n] = '\0';
	return (true);
}

static bool
is_arch_file(const char *name)
{
	const size_t n = strlen(name);

	return (n > 5 && strcmp(name + n - 5, ".arch") == 0);
}

/* A known name. CKPT_END if it is none. */
static enum ckpt_status
find_name(const char *name, const struct schema *schema,
    struct graph **out, struct ckpt_error *err)
{
	char dir[1024], path[1024 + MAX_NAME + 8];
	const char *text;

	for (size_t i = 0; i < graph_shipped_count(); i++) {
		if (strcmp(graph_shipped_name(i), name) != 0)
			continue;
		text = graph_shipped_text(i);
		return (parse(text, strlen(text), schema, out, err));
	}
	if (strlen(name) > MAX_NAME || strchr(name, '/') != NULL)
		return (CKPT_END);
	for (unsigned i = 0; directory(i, dir, sizeof(dir)); i++) {
		FILE *f;

		if (dir[0] == '\0')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s.arch", dir, name);
		f = fopen(path, "re");
		if (f == NULL)
			continue;
		(void)fclose(f);
		return (read_file(path, schema, out, err));
	}
	return (CKPT_END);
}

/* Whether the graph's table of symmetries is the one that the models carry,
 * if they do: what aligned them knew what fits the tensors. */
static enum ckpt_status
agrees(const struct graph *g, const struct schema *schema, bool *out,
    struct ckpt_error *err)
{
	struct symmetry *table;
	struct buf text;
	enum ckpt_status st;

	*out = true;
	if (schema->symmetry == NULL)
		return (CKPT_OK);
	st = symmetry_derive(g, &table, err);
	if (st != CKPT_OK)
		return (st);
	buf_init(&text, SIZE_MAX / 2);
	st = symmetry_print(table, &text, err);
	if (st == CKPT_OK)
		*out = text.len == strlen(schema->symmetry) &&
		    memcmp(text.data, schema->symmetry, text.len) == 0;
	buf_release(&text);
	symmetry_free(table);
	return (st);
}

/* ---- recognition ---- */

struct candidates {
	const struct cli *cli;
	const struct schema *schema;
	struct graph *graph; /* the first that fits; owned */
	size_t n;            /* how many fit */
	struct buf names;    /* of those that fit */
	struct buf known;    /* of all */
};

/* A candidate of this name; its graph, which is taken over, is NULL if the
 * tensors are not its own. */
static enum ckpt_status
consider(struct candidates *k, struct graph *g, const char *name,
    struct ckpt_error *err)
{
	bool is_it = g != NULL;
	enum ckpt_status st;

	st = buf_printf(&k->known, err, "%s%s", k->known.len ? ", " : "",
	    name);
	if (st == CKPT_OK && is_it)
		st = agrees(g, k->schema, &is_it, err);
	if (st == CKPT_OK && is_it)
		st = buf_printf(&k->names, err, "%s%s", k->n ? ", " : "",
		    name);
	if (st == CKPT_OK && is_it && k->n++ == 0)
		k->graph = g;
	else
		graph_free(g);
	return (st);
}

static enum ckpt_status
consider_directory(struct candidates *k, const char *dir,
    struct ckpt_error *err)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	char path[1024 + MAX_NAME + 8];
	enum ckpt_status st = CKPT_OK;

	if (d == NULL) {
		cli_warn(k->cli, "%s (of CKPT_ARCH_PATH): %s", dir,
		    strerror(errno));
		return (CKPT_OK);
	}
	while (st == CKPT_OK && (entry = readdir(d)) != NULL) {
		struct ckpt_error bad = { .status = CKPT_OK };
		struct graph *g = NULL;

		if (!is_arch_file(entry->d_name) || entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir,
		    entry->d_name);
		if (read_file(path, NULL, &g, &bad) != CKPT_OK) {
			cli_warn(k->cli, "%s: line %llu: %s (not used)", path,
			    (unsigned long long)bad.line, bad.text);
			continue;
		}
		graph_free(g);
		g = NULL;
		(void)read_file(path, k->schema, &g, &bad);
		st = consider(k, g, path, err);
	}
	(void)closedir(d);
	return (st);
}

static enum ckpt_status
consider_all(struct candidates *k, struct ckpt_error *err)
{
	enum ckpt_status st = CKPT_OK;
	char dir[1024];

	for (size_t i = 0; i < graph_shipped_count() && st == CKPT_OK; i++) {
		const char *text = graph_shipped_text(i);
		struct graph *g = NULL;

		st = graph_parse_for(text, strlen(text), k->schema, &g, err);
		if (st == CKPT_OK || st == CKPT_INVALID)
			st = consider(k, g, graph_shipped_name(i), err);
	}
	for (unsigned i = 0; st == CKPT_OK && directory(i, dir, sizeof(dir));
	    i++)
		if (dir[0] != '\0')
			st = consider_directory(k, dir, err);
	return (st);
}

static enum ckpt_status
recognise(const struct cli *c, const struct schema *schema,
    struct graph **out, struct ckpt_error *err)
{
	struct candidates k = { .cli = c, .schema = schema };
	enum ckpt_status st;

	buf_init(&k.names, 65536);
	buf_init(&k.known, 65536);
	st = consider_all(&k, err);
	if (st != CKPT_OK)
		goto err0;
	if (k.n == 0) {
		st = error_set(err, CKPT_INVALID, "no known architecture "
		    "fits the tensors%s (known: %.*s); --arch=FILE names one",
		    schema->symmetry != NULL ? " and their symmetries" : "",
		    (int)k.known.len, k.known.len ? (char *)k.known.data :
		    "");
		goto err0;
	}
	if (k.n > 1) {
		st = error_set(err, CKPT_INVALID, "%zu architectures fit the "
		    "tensors: %.*s; --arch says which", k.n,
		    (int)k.names.len, (char *)k.names.data);
		goto err0;
	}
	if (!c->quiet)
		(void)fprintf(stderr, "%s: recognised the architecture "
		    "%.*s\n", c->tool, (int)k.names.len,
		    (char *)k.names.data);
	buf_release(&k.known);
	buf_release(&k.names);
	*out = k.graph;
	return (CKPT_OK);

err0:
	graph_free(k.graph);
	buf_release(&k.known);
	buf_release(&k.names);
	return (st);
}

/* The graph by a name or path that somebody has given. */
static enum ckpt_status
find_given(const char *arch, bool may_be_path,
    const struct schema *schema, struct graph **out, struct ckpt_error *err)
{
	enum ckpt_status st;

	if (may_be_path && (strchr(arch, '/') != NULL || is_arch_file(arch)))
		return (read_file(arch, schema, out, err));
	st = find_name(arch, schema, out, err);
	if (st != CKPT_END)
		return (st);
	return (error_set(err, CKPT_INVALID, "%s\"%s\" is not a known "
	    "architecture%s", may_be_path ? "--arch: " :
	    "the metadata key arch: ", arch, may_be_path ?
	    ", nor a path (one ends in .arch)" : "; --arch=FILE names one"));
}

enum ckpt_status
cli_arch_choose(const struct cli *c, const char *arch,
    const struct schema *schema, const struct meta *meta,
    struct graph **out, struct ckpt_error *err)
{
	const char *key = meta == NULL ? NULL : meta_get(meta, "arch");

	if (arch != NULL)
		return (find_given(arch, true, schema, out, err));
	if (key != NULL)
		return (find_given(key, false, schema, out, err));
	return (recognise(c, schema, out, err));
}
