/*
 * salvage_walk: from frame to frame, also over damage.
 */
#include "pack/index.h"
#include "pack/salvage.h"

#define WINDOW 65536

static const char *const tags[] = {
	WIRE_TAG_PART, WIRE_TAG_SCHEMA, WIRE_TAG_GROUP, WIRE_TAG_PAGE,
	WIRE_TAG_INDEX, WIRE_TAG_DIRECTORY, WIRE_TAG_END
};

static bool
is_tag(const unsigned char *p)
{
	size_t i;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (memcmp(p, tags[i], 4) == 0)
			return (true);
	return (false);
}

/* Whether this frame may follow the last one: numbers ascend in a part. A
 * pack within a page's bytes is thus mostly not taken for this one's
 * frames. A schema that is the first frame after a head begins a part whose
 * head is damaged. */
static bool
may_follow(const struct salvage_walk *w, const struct wire_frame *f)
{
	if (!w->has_last || f->kind == WIRE_PART)
		return (true);
	return (f->number > w->last.number ||
	    (f->kind == WIRE_SCHEMA && f->number == 1));
}

/* The first good header in [offset, offset + n) of `window`. */
static bool
find(const struct salvage_walk *w, const unsigned char *window, size_t n,
    uint64_t offset, struct wire_frame *f)
{
	size_t i;

	for (i = 0; i + WIRE_FRAME_SIZE <= n; i++)
		if (is_tag(window + i) && wire_frame_decode(window + i,
		    offset + i, f, NULL) == CKPT_OK && may_follow(w, f))
			return (true);
	return (false);
}

static enum ckpt_status
search(struct salvage_walk *w, struct wire_frame *f, struct ckpt_error *err)
{
	unsigned char *window;
	uint64_t at = w->offset;
	enum ckpt_status status = CKPT_END;
	size_t n;

	window = malloc(WINDOW);
	if (window == NULL)
		return (error_nomem(err, WINDOW));
	while (at + WIRE_FRAME_SIZE <= w->x->size) {
		n = w->x->size - at < WINDOW ? (size_t)(w->x->size - at) :
		    WINDOW;
		status = index_pread(w->x, window, n, at, err);
		if (status != CKPT_OK)
			break;
		if (find(w, window, n, at, f)) {
			w->damaged += f->offset - w->offset;
			break;
		}
		status = CKPT_END;
		at += n - WIRE_FRAME_SIZE + 1;
	}
	free(window);
	return (status);
}

enum ckpt_status
salvage_next(struct salvage_walk *w, struct wire_frame *f,
    struct ckpt_error *err)
{
	unsigned char header[WIRE_FRAME_SIZE];
	enum ckpt_status status;

	if (w->offset + WIRE_FRAME_SIZE > w->x->size)
		return (CKPT_END);
	status = index_pread(w->x, header, sizeof(header), w->offset, err);
	if (status != CKPT_OK)
		return (status);
	if (wire_frame_decode(header, w->offset, f, NULL) != CKPT_OK ||
	    !may_follow(w, f))
		status = search(w, f, err);
	if (status != CKPT_OK)
		return (status);
	w->last = *f;
	w->has_last = true;
	w->offset = f->offset + WIRE_FRAME_SIZE + f->stored;
	return (CKPT_OK);
}
