/*
 * store: what the commands of ckpt-store share.
 */
#ifndef CKPT_TOOLS_STORE_H
#define CKPT_TOOLS_STORE_H

#include "cli.h"
#include "store/store.h"

struct store_tool {
	struct cli cli;
	const char *path;      /* of the store */
	char **args;           /* what follows it */
	int n_args;
	const char *output;    /* -o */
	const char *directory; /* -C */
	const char *arch;      /* --arch */
	const char **meta;     /* --meta */
	size_t n_meta;
	const char *schema;    /* --schema */
	bool is_json, repairs, rebuilds;
	/* of --arch: the schemas seen, and whether it fits */
	struct fit { struct ckpt_id schema; bool fits; } *fits;
	size_t n_fits;
	struct store *store;
};

/* The commands: a status for exit; errors are reported. */
int store_tool_init(struct store_tool *t);
int store_tool_add(struct store_tool *t);
int store_tool_get(struct store_tool *t);
int store_tool_ls(struct store_tool *t);
int store_tool_rm(struct store_tool *t);
int store_tool_gc(struct store_tool *t);
int store_tool_fsck(struct store_tool *t);
int store_tool_stat(struct store_tool *t);

/* Opens t->store. */
CKPT_CHECKED enum ckpt_status store_tool_open(struct store_tool *t,
    bool is_reader, struct ckpt_error *err);

/* Reports `err` unless `st` is CKPT_OK, closes the store, and returns the
 * exit status: `no` is true where nothing was found. */
int store_tool_end(struct store_tool *t, enum ckpt_status st, bool no,
    const struct ckpt_error *err);

/* What the arguments and filters mean; *is_all tells that it is all. */
void store_tool_query(struct store_tool *t, struct store_query *out,
    bool *is_all);

#endif
