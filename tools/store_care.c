/*
 * store_care: ckpt-store init, gc, fsck and stat.
 */
#include "store.h"

int
store_tool_init(struct store_tool *t)
{
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };

	return (store_tool_end(t, store_init(t->path, &err), false, &err));
}

int
store_tool_gc(struct store_tool *t)
{
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	struct store_collected c = { 0 };
	enum ckpt_status st = store_tool_open(t, false, &err);

	if (st == CKPT_OK)
		st = store_gc(t->store, &c, &err);
	if (st == CKPT_OK)
		(void)printf("temporaries\tpacks\tfreed\n%llu\t%llu\t%llu\n",
		    (unsigned long long)c.n_temporaries,
		    (unsigned long long)c.n_packs,
		    (unsigned long long)c.n_freed);
	return (store_tool_end(t, st, false, &err));
}

static void
print_line(void *arg, const char *text)
{
	(void)arg;
	(void)puts(text);
}

int
store_tool_fsck(struct store_tool *t)
{
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	struct store_options o = {
		.n_threads = t->cli.n_threads, .memory = t->cli.memory
	};
	struct store_fsck check = {
		.repairs = t->repairs, .rebuilds = t->rebuilds,
		.report = print_line
	};
	enum ckpt_status st = store_fsck(t->path, &o, &check, &err);

	return (store_tool_end(t, st, check.n_problems > 0 ||
	    check.n_lost > 0, &err));
}

int
store_tool_stat(struct store_tool *t)
{
	struct ckpt_error err = { .offset = CKPT_NO_OFFSET };
	struct store_counts c = { 0 };
	enum ckpt_status st = store_tool_open(t, true, &err);

	if (st == CKPT_OK)
		st = store_count(t->store, &c, &err);
	if (st == CKPT_OK)
		(void)printf("records\tmodels\tbytes\tpacks\tstored\tremoved\t"
		    "temporaries\treferred\treferring\n%llu\t%llu\t%llu\t"
		    "%llu\t%llu\t%llu\t%llu\t%llu\t%llu\n",
		    (unsigned long long)c.n_records,
		    (unsigned long long)c.n_models,
		    (unsigned long long)c.n_bytes,
		    (unsigned long long)c.n_packs,
		    (unsigned long long)c.n_stored,
		    (unsigned long long)c.n_removed,
		    (unsigned long long)c.n_temporaries,
		    (unsigned long long)c.n_referred,
		    (unsigned long long)c.n_referring);
	return (store_tool_end(t, st, false, &err));
}
