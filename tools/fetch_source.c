#include "fetch.h"

enum ckpt_status
fetch_get(struct fetch *f, struct fetch_item *item, struct ckpt_error *err)
{
	enum ckpt_status st;

	f->current = item;
	st = remote_fetch(&item->url, item->has_sha256 ? &item->sha256 : NULL,
	    &f->remote, &item->file, err);
	fetch_watch_clear(f);
	f->current = NULL;
	return (st);
}

enum ckpt_status
fetch_models(struct fetch *f, struct ckpt_error *err)
{
	(void)f;
	return (error_set(err, CKPT_USAGE, "not yet: only --raw"));
}
