#include <limits.h>
#include <zlib.h>

#include "foreign/gunzip.h"

#define BLOCK 65536

struct gunzip {
	struct bytes *in;
	z_stream z;
	bool is_member; /* within a member of the stream */
	unsigned char block[BLOCK];
};

/* Makes input available; z.avail_in stays 0 only at the end. */
static enum ckpt_status
fill(struct gunzip *g, struct ckpt_error *err)
{
	size_t got;
	enum ckpt_status st;

	if (g->z.avail_in > 0)
		return (CKPT_OK);
	st = bytes_read(g->in, g->block, sizeof(g->block), &got, err);
	g->z.next_in = g->block;
	g->z.avail_in = (uInt)got;
	return (st);
}

static uint64_t
offset_of(const struct gunzip *g)
{
	return (bytes_offset(g->in) - g->z.avail_in);
}

/* Between members: whether a further one begins. */
static enum ckpt_status
next_member(struct gunzip *g, bool *found, struct ckpt_error *err)
{
	enum ckpt_status st;

	for (;;) {
		st = fill(g, err);
		if (st != CKPT_OK)
			return (st);
		*found = g->z.avail_in > 0;
		if (!*found)
			return (CKPT_OK);
		if (*g->z.next_in != 0)
			break;
		g->z.next_in++; /* zeros that fill a tape's last block */
		g->z.avail_in--;
	}
	if (*g->z.next_in != 0x1F || inflateReset(&g->z) != Z_OK)
		return (error_at(err, CKPT_CORRUPT, offset_of(g), NULL,
		    "expected the end of the gzip stream or a further "
		    "member, found byte 0x%02X", *g->z.next_in));
	g->is_member = true;
	return (CKPT_OK);
}

/* Decodes until the output is full or the member ends. */
static enum ckpt_status
inflate_some(struct gunzip *g, struct ckpt_error *err)
{
	enum ckpt_status st = fill(g, err);
	int r;

	if (st != CKPT_OK)
		return (st);
	if (g->z.avail_in == 0)
		return (error_at(err, CKPT_TRUNCATED, offset_of(g), NULL,
		    "the gzip stream ends too early"));
	r = inflate(&g->z, Z_NO_FLUSH);
	if (r == Z_STREAM_END)
		g->is_member = false;
	else if (r == Z_MEM_ERROR)
		return (error_nomem(err, sizeof(*g)));
	else if (r != Z_OK && r != Z_BUF_ERROR)
		return (error_at(err, CKPT_CORRUPT, offset_of(g), NULL,
		    "the gzip stream is damaged: %s",
		    g->z.msg == NULL ? "invalid data" : g->z.msg));
	return (CKPT_OK);
}

static enum ckpt_status
gunzip_read(void *ctx, void *out, size_t n, size_t *got,
    struct ckpt_error *err)
{
	struct gunzip *g = ctx;
	enum ckpt_status st = CKPT_OK;
	bool found = true;

	*got = 0;
	if (n > UINT_MAX)
		n = UINT_MAX;
	g->z.next_out = out;
	g->z.avail_out = (uInt)n;
	while (st == CKPT_OK && found && g->z.avail_out > 0) {
		if (g->is_member)
			st = inflate_some(g, err);
		else
			st = next_member(g, &found, err);
	}
	if (st == CKPT_OK)
		*got = n - g->z.avail_out;
	return (st);
}

static void
gunzip_close(void *ctx)
{
	struct gunzip *g = ctx;

	(void)inflateEnd(&g->z);
	bytes_close(g->in);
	free(g);
}

static const struct bytes_ops gunzip_ops = {
	gunzip_read, NULL, gunzip_close
};

enum ckpt_status
gunzip_open(struct bytes *in, struct bytes **out, struct ckpt_error *err)
{
	struct gunzip *g = malloc(sizeof(*g));

	if (g == NULL) {
		bytes_close(in);
		return (error_nomem(err, sizeof(*g)));
	}
	memset(g, 0, offsetof(struct gunzip, block));
	g->in = in;
	g->is_member = true;
	/* 15: the largest window; + 16: gzip, with its CRC checked */
	if (inflateInit2(&g->z, 15 + 16) != Z_OK) {
		bytes_close(in);
		free(g);
		return (error_nomem(err, sizeof(*g)));
	}
	return (bytes_new(&gunzip_ops, g, 0, out, err));
}
