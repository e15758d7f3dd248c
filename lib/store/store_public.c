/*
 * store_public: the calls of ckpt.h that use stores.
 */
#include "store/store.h"

struct ckpt_store {
	struct store *store;
};

enum ckpt_status
ckpt_store_init(const char *path, struct ckpt_error *err)
{
	return (store_init(path, err));
}

enum ckpt_status
ckpt_store_open(const char *path, int read_only, unsigned n_threads,
    uint64_t memory, struct ckpt_store **out, struct ckpt_error *err)
{
	struct store_options o = {
		.is_reader = read_only != 0, .n_threads = n_threads,
		.memory = memory
	};
	struct ckpt_store *s = malloc(sizeof(*s));
	enum ckpt_status status;

	if (s == NULL)
		return (error_nomem(err, sizeof(*s)));
	status = store_open(path, &o, &s->store, err);
	if (status != CKPT_OK) {
		free(s);
		return (status);
	}
	*out = s;
	return (CKPT_OK);
}

void
ckpt_store_close(struct ckpt_store *s)
{
	if (s == NULL)
		return;
	store_close(s->store);
	free(s);
}

enum ckpt_status
ckpt_store_add(struct ckpt_store *s, struct ckpt_writer **out,
    struct ckpt_error *err)
{
	struct model_sink *sink;
	enum ckpt_status status;

	status = store_add(s->store, false, NULL, &sink, err);
	return (status != CKPT_OK ? status :
	    pack_public_writer(sink, out, err));
}

enum ckpt_status
ckpt_store_get(struct ckpt_store *s, const char *pattern,
    struct ckpt_reader **out, struct ckpt_error *err)
{
	struct store_query q = {
		.patterns = &pattern, .n_patterns = pattern != NULL
	};
	struct model_source *source;
	enum ckpt_status status;

	status = store_source(s->store, &q, &source, err);
	return (status != CKPT_OK ? status :
	    pack_public_reader(source, out, err));
}
