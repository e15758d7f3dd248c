#include "foreign/header.h"
#include "foreign/scan.h"

/* A key, unescaped, in a buffer of keys. */
struct key {
	size_t start, n;
	size_t pos; /* in the text, for errors */
};

static int
key_cmp(const void *x, const void *y, void *arg)
{
	const struct key *a = x, *b = y;
	const unsigned char *keys = arg;
	int c = 0;

	if (a->n > 0 && b->n > 0)
		c = memcmp(keys + a->start, keys + b->start,
		    a->n < b->n ? a->n : b->n);
	if (c != 0)
		return (c);
	return (a->n < b->n ? -1 : a->n > b->n);
}

static enum ckpt_status
refuse_repeats(struct scan *s, struct buf *keys, struct buf *list,
    struct ckpt_error *err)
{
	struct key *k = (struct key *)(void *)list->data;
	size_t i, n = list->len / sizeof(*k);

	if (n < 2)
		return (CKPT_OK);
	qsort_r(k, n, sizeof(*k), key_cmp, keys->data);
	for (i = 1; i < n; i++) {
		if (key_cmp(&k[i - 1], &k[i], keys->data) != 0)
			continue;
		s->pos = k[i].pos > k[i - 1].pos ? k[i].pos : k[i - 1].pos;
		return (scan_error(s, err,
		    "\"__metadata__\" has the key \"%.*s\" twice",
		    k[i].n < 100 ? (int)k[i].n : 100,
		    (const char *)keys->data + k[i].start));
	}
	return (CKPT_OK);
}

/* One key and its value. */
static enum ckpt_status
read_member(struct scan *s, struct buf *keys, struct buf *list,
    struct ckpt_error *err)
{
	struct key k = { .start = keys->len };
	size_t end;
	enum ckpt_status st;

	scan_space(s);
	k.pos = s->pos;
	st = scan_string(s, keys, "a key of \"__metadata__\"", err);
	if (st != CKPT_OK)
		return (st);
	end = keys->len;
	k.n = end - k.start;
	st = buf_append(list, &k, sizeof(k), err);
	if (st == CKPT_OK)
		st = scan_expect(s, ':', "':'", err);
	if (st == CKPT_OK)
		st = scan_string(s, keys,
		    "a value of \"__metadata__\", a string", err);
	keys->len = end;
	return (st);
}

enum ckpt_status
header_meta_skip(struct scan *s, struct ckpt_error *err)
{
	/* a member takes six bytes of text: "":"", */
	struct buf keys = BUF_INIT(s->n - s->pos + 1);
	struct buf list = BUF_INIT(((s->n - s->pos) / 6 + 1) *
	    sizeof(struct key));
	enum ckpt_status st;

	st = scan_expect(s, '{', "\"__metadata__\", an object", err);
	if (st != CKPT_OK || scan_try(s, '}'))
		return (st);
	do
		st = read_member(s, &keys, &list, err);
	while (st == CKPT_OK && scan_try(s, ','));
	if (st == CKPT_OK)
		st = scan_expect(s, '}', "',' or '}' in \"__metadata__\"",
		    err);
	if (st == CKPT_OK)
		st = refuse_repeats(s, &keys, &list, err);
	buf_release(&list);
	buf_release(&keys);
	return (st);
}

enum ckpt_status
header_meta_check(const unsigned char *text, size_t n, uint64_t base,
    struct ckpt_error *err)
{
	struct scan s = { text, n, 0, base };
	enum ckpt_status st;

	if (n == 0 || text[0] != '{')
		return (scan_error(&s, err,
		    "expected \"__metadata__\", an object"));
	if (!text_is_utf8(text, n))
		return (scan_error(&s, err,
		    "the metadata is not valid UTF-8"));
	st = header_meta_skip(&s, err);
	if (st == CKPT_OK && s.pos != n)
		st = scan_error(&s, err,
		    "expected the end of the metadata object");
	return (st);
}
