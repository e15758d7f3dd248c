/*
 * pack_index_pages: what each page of a pack is, by the page tables alone.
 */
#include "pack/index.h"

const char *
pack_coding_name(unsigned coding)
{
	switch (coding) {
	case WIRE_CODEC_NONE:
		return ("none");
	case WIRE_CODEC_ZSTD:
		return ("zstd");
	case WIRE_CODEC_PLANES:
		return ("planes");
	case WIRE_CODEC_SAME:
		return ("same");
	case WIRE_CODEC_BLOCKS:
		return ("blocks");
	case WIRE_CODEC_ORBIT:
		return ("orbit");
	case WIRE_CODEC_DIFFERENCE:
		return ("difference");
	default:
		return ("other");
	}
}

static enum ckpt_status
visit_group(struct pack_index *x, enum ckpt_status (*visit)(void *arg,
	const struct pack_page *p, struct ckpt_error *err), void *arg,
    struct ckpt_error *err)
{
	const struct index_group *g = &x->group;
	enum ckpt_status status = CKPT_OK;
	struct columns_cursor c;
	struct columns_page page;
	struct pack_page p;
	size_t tensor;
	uint32_t i;

	columns_begin(&c, g->schema, g->n_models);
	for (i = 0; status == CKPT_OK && columns_next(&c, &tensor, &page);
	    i++) {
		p.tensor = &g->schema->tensors[tensor];
		p.coding = g->pages[i].codec;
		p.is_reference = wire_is_reference(p.coding);
		p.raw = page.n_bytes;
		p.stored = g->pages[i].stored + WIRE_FRAME_SIZE;
		status = visit(arg, &p, err);
	}
	return (status);
}

enum ckpt_status
pack_index_pages(struct pack_index *x, enum ckpt_status (*visit)(void *arg,
	const struct pack_page *p, struct ckpt_error *err), void *arg,
    struct ckpt_error *err)
{
	enum ckpt_status status;
	uint32_t g;
	size_t i;

	for (i = 0; i < x->n_parts; i++)
		for (g = 0; g < x->parts[i].n_groups; g++) {
			status = index_group_load(x, i, g, err);
			if (status == CKPT_OK)
				status = visit_group(x, visit, arg, err);
			if (status != CKPT_OK)
				return (status);
		}
	return (CKPT_OK);
}

uint64_t
pack_index_size(const struct pack_index *x)
{
	return (x->size);
}
