/*
 * Archives and compressed streams of safetensors files, with and without
 * random access. How much a stream unfolds to is bounded here as a consumer
 * would bound it.
 */
#include "foreign/foreign.h"
#include "fuzz.h"

#define MEMORY ((uint64_t)1 << 16)
#define MAX_BYTES ((uint64_t)1 << 20) /* read of one input */

struct stream {
	const uint8_t *data;
	size_t n;
};

static enum ckpt_status
stream_read(void *ctx, void *out, size_t n, size_t *got,
    struct ckpt_error *err)
{
	struct stream *s = ctx;

	(void)err;
	/* in small steps, so that what spans two reads is met */
	*got = s->n < 100 ? s->n : 100;
	if (*got > n)
		*got = n;
	memcpy(out, s->data, *got);
	s->data += *got;
	s->n -= *got;
	return (CKPT_OK);
}

static const struct bytes_ops stream_ops = { stream_read, NULL, NULL };

static enum ckpt_status
open_member(void *arg, struct bytes *in, const char *path,
    struct model_source **out, struct ckpt_error *err)
{
	enum foreign_kind kind;
	enum ckpt_status st = foreign_detect(in, &kind, err);

	if (st == CKPT_OK && kind != FOREIGN_SAFETENSORS)
		st = CKPT_END;
	if (st != CKPT_OK) {
		bytes_close(in);
		return (st);
	}
	return (safetensors_open_cached(in, path, MEMORY, arg, out, err));
}

static void
read_models(struct model_source *src, struct ckpt_error *err)
{
	unsigned char block[4096];
	struct model_head head;
	uint64_t left, total = 0;
	size_t part;
	enum ckpt_status st;

	while (total < MAX_BYTES &&
	    (st = model_next(src, &head, err)) != CKPT_END) {
		if (st != CKPT_OK) {
			if (err->text[0] == '\0' || err->status != st)
				abort();
			break;
		}
		total += 512;
		left = head.schema->n_bytes;
		for (; left > 0 && total < MAX_BYTES; left -= part) {
			part = left < sizeof(block) ? (size_t)left :
			    sizeof(block);
			if (model_read(src, block, part, err) != CKPT_OK)
				break;
			total += part;
		}
		model_head_release(&head);
		if (left > 0 && total < MAX_BYTES)
			break;
	}
}

/* As the tools open an input. Takes `in` over. */
static void
read_input(struct bytes *in, struct safetensors_cache *cache)
{
	struct archive_options options = { "in", cache, open_member };
	struct ckpt_error err = { .status = CKPT_OK };
	struct model_source *src;
	enum foreign_kind kind;
	unsigned char block[4096];
	size_t got = 1, total = 0;

	if (foreign_detect(in, &kind, &err) != CKPT_OK) {
		bytes_close(in);
		return;
	}
	if (kind == FOREIGN_COMPRESSED) {
		if (decompress_open(in, &in, &err) != CKPT_OK)
			return;
		if (foreign_detect(in, &kind, &err) != CKPT_OK) {
			bytes_close(in);
			return;
		}
	}
	if (kind == FOREIGN_ARCHIVE) {
		if (archive_open(in, &options, &src, &err) != CKPT_OK)
			return;
		read_models(src, &err);
		model_source_close(src);
		return;
	}
	while (got > 0 && total < MAX_BYTES &&
	    bytes_read(in, block, sizeof(block), &got, &err) == CKPT_OK)
		total += got;
	bytes_close(in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct stream stream = { data, n };
	struct safetensors_cache *cache;
	struct bytes *in;

	if (safetensors_cache_new(&cache, NULL) != CKPT_OK)
		return (0);
	if (bytes_memory(data, n, &in, NULL) == CKPT_OK)
		read_input(in, cache);
	if (bytes_new(&stream_ops, &stream, 0, &in, NULL) == CKPT_OK)
		read_input(in, cache);
	safetensors_cache_free(cache);
	return (0);
}
