/*
 * Packs: front to back, by their end, and salvaged, thin ones with any bases
 * or with themselves. The input is read as it is, and again with its frames'
 * numbers and checksums made right, so that what lies behind the checksums is
 * reached.
 */
#include "fuzz.h"
#include "id/id.h"
#include "pack/pack.h"

#define MEMORY (1 << 20)
#define MAX_READ (1 << 24) /* bytes read of all models, to stay fast */

static void
note_loss(void *arg, const struct ckpt_error *err)
{
	if (err->text[0] == '\0')
		abort();
	++*(size_t *)arg;
}

/* An error says what, where and by which section. */
static void
check_error(enum ckpt_status status, const struct ckpt_error *err)
{
	if (err->text[0] == '\0' || err->status != status)
		abort();
	if ((status == CKPT_CORRUPT || status == CKPT_NEWER ||
	    status == CKPT_TRUNCATED || status == CKPT_NOT_OURS) &&
	    (err->section[0] == '\0' || err->offset == CKPT_NO_OFFSET))
		abort();
	if (status == CKPT_USAGE || status == CKPT_SYSTEM)
		abort();
}

static void
drain(struct model_source *src)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct model_head head;
	unsigned char *out = malloc(65536);
	uint64_t left, total = 0;
	enum ckpt_status status = CKPT_NO_MEMORY;
	size_t n;

	while (out != NULL && total < MAX_READ) {
		status = model_next(src, &head, &err);
		if (status != CKPT_OK)
			break;
		left = head.schema->n_bytes;
		model_head_release(&head);
		while (left > 0 && status == CKPT_OK && total < MAX_READ) {
			n = left < 65536 ? (size_t)left : 65536;
			status = model_read(src, out, n, &err);
			left -= n;
			total += n;
		}
		if (status != CKPT_OK)
			break;
	}
	if (status != CKPT_OK && status != CKPT_END)
		check_error(status, &err);
	free(out);
	model_source_close(src);
}

/* Tensors that stand outside of thin packs: those whose ID begins with an
 * even byte, of up to so many pages as the second says. */
static enum ckpt_status
read_base(void *arg, const struct ckpt_id *tensor, uint64_t begin, void *out,
    uint32_t n, unsigned limit, unsigned *height, struct ckpt_error *err)
{
	(void)arg, (void)err;
	if (begin % (1 << 20) != 0 || n == 0 || n > 1 << 20)
		abort();
	if (tensor->bytes[0] % 2 != 0 || begin >> 20 > tensor->bytes[1])
		return (CKPT_END);
	*height = tensor->bytes[2] % 4;
	if (*height > limit)
		return (CKPT_END);
	memset(out, tensor->bytes[3], n);
	return (CKPT_OK);
}

static const struct pack_bases bases = { .read = read_base };

static void
stream(const unsigned char *data, size_t n, const struct pack_bases *b,
    size_t *lost)
{
	struct pack_reader_options o = { .n_threads = 1, .memory = MEMORY,
		.bases = b };
	struct ckpt_error err = { .status = CKPT_OK };
	struct model_source *src;
	struct bytes *in;

	if (lost != NULL) {
		o.arg = lost;
		o.lost = note_loss;
	}
	if (bytes_memory(data, n, &in, &err) != CKPT_OK)
		return;
	if (pack_source_open(in, &o, &src, &err) == CKPT_OK)
		drain(src);
}

static void
with_itself(const unsigned char *data, size_t n)
{
	struct pack_reader_options o = { .n_threads = 1, .memory = MEMORY };
	struct ckpt_error err = { .status = CKPT_OK };
	struct pack_base *b;
	struct bytes *in;
	enum ckpt_status status;

	if (pack_base_new(&b, &err) != CKPT_OK)
		return;
	status = bytes_memory(data, n, &in, &err);
	if (status == CKPT_OK)
		status = pack_base_add(b, in, &o, &err);
	if (status == CKPT_OK)
		stream(data, n, pack_base_bases(b), NULL);
	pack_base_free(b);
}

static enum ckpt_status
visit(void *arg, uint64_t ordinal, const struct tensor_desc *t,
    uint64_t begin, const void *data, size_t n, struct ckpt_error *err)
{
	uint64_t *total = arg;

	(void)ordinal, (void)data;
	if (begin + n > t->n_bytes)
		abort();
	*total += n;
	return (*total < MAX_READ ? CKPT_OK :
	    error_set(err, CKPT_CANCELLED, "enough"));
}

/* The last model, and all columns of its names. */
static void
by_place(struct pack_index *x)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct model_head head;
	enum ckpt_status status;
	uint64_t n = pack_index_n_models(x), at, total = 0;
	size_t i;
	void *out;

	if (n == 0 || pack_index_head(x, n - 1, &head, &err) != CKPT_OK)
		return;
	status = pack_index_find(x, head.label, &at, &err);
	if (status == CKPT_END || (status == CKPT_OK && at >= n))
		abort();
	for (i = 0; i < head.schema->n_tensors && i < 8; i++) {
		if (head.schema->tensors[i].n_bytes < MAX_READ) {
			out = malloc((size_t)head.schema->tensors[i].n_bytes +
			    1);
			if (out != NULL)
				status = pack_index_read(x, n - 1, i, out,
				    &err);
			free(out);
		}
		status = pack_index_column(x, head.schema->tensors[i].name,
		    visit, &total, &err);
	}
	model_head_release(&head);
	(void)status;
}

static void
random_access(const unsigned char *data, size_t n)
{
	struct pack_reader_options o = { .n_threads = 1, .memory = MEMORY,
		.bases = &bases };
	struct ckpt_error err = { .status = CKPT_OK };
	struct model_source *src;
	struct pack_index *x;
	struct bytes *in;
	enum ckpt_status status;

	if (bytes_memory(data, n, &in, &err) != CKPT_OK)
		return;
	status = pack_index_open(in, &o, &x, &err);
	if (status != CKPT_OK) {
		check_error(status, &err);
		return;
	}
	by_place(x);
	if (pack_index_source(x, NULL, &src, &err) == CKPT_OK)
		drain(src);
}

static void
put(unsigned char *p, uint64_t x, unsigned n)
{
	for (; n > 0; n--, x >>= 8)
		*p++ = (unsigned char)x;
}

/* Makes numbers and checksums of the frames right. */
static void
mend(unsigned char *data, size_t n)
{
	uint64_t stored, number = 0;
	size_t at;

	for (at = 0; n - at >= 32; at += 32 + (size_t)stored) {
		if (memcmp(data + at, PACK_MAGIC, PACK_MAGIC_SIZE) == 0)
			number = 0;
		put(data + at + 8, number++, 4);
		stored = le32_load(data + at + 12);
		if (stored > n - at - 32)
			stored = n - at - 32;
		put(data + at + 20, xxh3_64(data + at + 32, (size_t)stored),
		    8);
		put(data + at + 28, xxh3_64(data + at, 28), 4);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned char *copy = malloc(n + 1);
	size_t lost = 0;

	if (copy == NULL)
		return (0);
	stream(data, n, &bases, NULL);
	random_access(data, n);
	stream(data, n, &bases, &lost);
	if (n > 0)
		memcpy(copy, data, n);
	mend(copy, n);
	stream(copy, n, &bases, NULL);
	random_access(copy, n);
	stream(copy, n, &bases, &lost);
	with_itself(copy, n);
	free(copy);
	return (0);
}
