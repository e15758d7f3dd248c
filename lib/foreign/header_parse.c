#include "foreign/header.h"
#include "foreign/scan.h"

/* A tensor as the header states it. */
struct entry {
	size_t pos;        /* of its name in the header */
	size_t order;      /* among the header's tensors */
	size_t name, n_name; /* in parser.text */
	size_t dims;       /* first of its dims in parser.dims, in bytes */
	unsigned n_dims;
	enum ckpt_dtype dtype;
	uint64_t begin, end;
};

struct parser {
	struct scan scan;
	struct buf text; /* strings, unescaped */
	struct buf dims; /* uint64_t each */
	struct buf entries;
	bool has_meta;
	struct header_meta meta;
};

static const char *
text_at(const struct parser *p, size_t offset)
{
	return ((const char *)p->text.data + offset);
}

static bool
text_is(const struct parser *p, size_t offset, const char *s)
{
	size_t n = p->text.len - offset;

	return (n == strlen(s) && memcmp(text_at(p, offset), s, n) == 0);
}

/* The name of an entry, cut for messages. */
#define NAME_OF(p, e) \
	(int)((e)->n_name < 200 ? (e)->n_name : 200), text_at(p, (e)->name)

static enum ckpt_status
parse_dtype(struct parser *p, struct entry *e, struct ckpt_error *err)
{
	size_t start = p->text.len, n;
	enum ckpt_status st;
	const char *upper;

	st = scan_string(&p->scan, &p->text, "a dtype, a string", err);
	if (st != CKPT_OK)
		return (st);
	n = p->text.len - start;
	e->dtype = dtype_find(text_at(p, start), n);
	upper = e->dtype == 0 ? NULL : dtype_upper_name(e->dtype);
	if (upper == NULL || !text_is(p, start, upper))
		return (scan_error(&p->scan, err,
		    "tensor %.*s: unknown dtype \"%.*s\"", NAME_OF(p, e),
		    n < 40 ? (int)n : 40, text_at(p, start)));
	p->text.len = start;
	return (CKPT_OK);
}

static enum ckpt_status
parse_shape(struct parser *p, struct entry *e, struct ckpt_error *err)
{
	uint64_t dim;
	enum ckpt_status st;

	e->dims = p->dims.len;
	st = scan_expect(&p->scan, '[', "a shape, an array", err);
	if (st != CKPT_OK || scan_try(&p->scan, ']'))
		return (st);
	do {
		if (e->n_dims == CKPT_MAX_DIMS)
			return (scan_error(&p->scan, err,
			    "tensor %.*s has more than %d dimensions",
			    NAME_OF(p, e), CKPT_MAX_DIMS));
		st = scan_integer(&p->scan, &dim, "a dimension", err);
		if (st != CKPT_OK)
			return (st);
		st = buf_append(&p->dims, &dim, sizeof(dim), err);
		if (st != CKPT_OK)
			return (st);
		e->n_dims++;
	} while (scan_try(&p->scan, ','));
	return (scan_expect(&p->scan, ']', "',' or ']' in a shape", err));
}

static enum ckpt_status
parse_offsets(struct parser *p, struct entry *e, struct ckpt_error *err)
{
	enum ckpt_status st;

	st = scan_expect(&p->scan, '[', "data_offsets, an array", err);
	if (st == CKPT_OK)
		st = scan_integer(&p->scan, &e->begin, "the first offset",
		    err);
	if (st == CKPT_OK)
		st = scan_expect(&p->scan, ',', "',' and a second offset",
		    err);
	if (st == CKPT_OK)
		st = scan_integer(&p->scan, &e->end, "the second offset",
		    err);
	if (st == CKPT_OK)
		st = scan_expect(&p->scan, ']',
		    "']' after two data_offsets", err);
	return (st);
}

/* The value of a tensor: exactly dtype, shape and data_offsets. */
static enum ckpt_status
parse_tensor(struct parser *p, struct entry *e, struct ckpt_error *err)
{
	static const struct {
		const char *key;
		enum ckpt_status (*parse)(struct parser *, struct entry *,
		    struct ckpt_error *);
	} fields[] = {
		{ "dtype", parse_dtype },
		{ "shape", parse_shape },
		{ "data_offsets", parse_offsets },
	};
	unsigned seen = 0, i;
	size_t key;
	enum ckpt_status st;

	st = scan_expect(&p->scan, '{', "a tensor's object", err);
	if (st != CKPT_OK)
		return (st);
	do {
		key = p->text.len;
		st = scan_string(&p->scan, &p->text,
		    "\"dtype\", \"shape\" or \"data_offsets\"", err);
		if (st != CKPT_OK)
			return (st);
		for (i = 0; i < 3 && !text_is(p, key, fields[i].key); i++)
			;
		if (i == 3 || (seen & 1U << i) != 0)
			return (scan_error(&p->scan, err,
			    "tensor %.*s: %s key \"%.*s\"", NAME_OF(p, e),
			    i == 3 ? "unknown" : "repeated",
			    p->text.len - key < 40 ?
			    (int)(p->text.len - key) : 40, text_at(p, key)));
		p->text.len = key;
		seen |= 1U << i;
		st = scan_expect(&p->scan, ':', "':'", err);
		if (st == CKPT_OK)
			st = fields[i].parse(p, e, err);
		if (st != CKPT_OK)
			return (st);
	} while (scan_try(&p->scan, ','));
	st = scan_expect(&p->scan, '}', "',' or '}' in a tensor's object",
	    err);
	if (st != CKPT_OK)
		return (st);
	for (i = 0; i < 3; i++)
		if ((seen & 1U << i) == 0)
			return (scan_error(&p->scan, err,
			    "tensor %.*s has no \"%s\"", NAME_OF(p, e),
			    fields[i].key));
	return (CKPT_OK);
}

/* One key of the header and its value. */
static enum ckpt_status
parse_member(struct parser *p, struct ckpt_error *err)
{
	struct entry e = { .name = p->text.len };
	enum ckpt_status st;
	struct scan *s = &p->scan;

	scan_space(s);
	e.pos = s->pos;
	st = scan_string(s, &p->text, "the name of a tensor", err);
	if (st != CKPT_OK)
		return (st);
	e.n_name = p->text.len - e.name;
	st = scan_expect(s, ':', "':'", err);
	if (st != CKPT_OK)
		return (st);
	if (text_is(p, e.name, "__metadata__")) {
		if (p->has_meta)
			return (scan_error(s, err,
			    "a second \"__metadata__\""));
		p->has_meta = true;
		p->text.len = e.name;
		scan_space(s);
		p->meta.start = s->pos;
		st = header_meta_skip(s, err);
		p->meta.n = s->pos - p->meta.start;
		return (st);
	}
	st = parse_tensor(p, &e, err);
	if (st != CKPT_OK)
		return (st);
	e.order = p->entries.len / sizeof(e);
	if (e.order >= CKPT_MAX_TENSORS)
		return (error_set(err, CKPT_LIMIT,
		    "the header names more than %d tensors",
		    CKPT_MAX_TENSORS));
	return (buf_append(&p->entries, &e, sizeof(e), err));
}

static enum ckpt_status
parse_object(struct parser *p, struct ckpt_error *err)
{
	struct scan *s = &p->scan;
	enum ckpt_status st;

	if (s->n == 0 || s->text[0] != '{')
		return (scan_error(s, err,
		    "the header does not begin with '{'"));
	s->pos = 1;
	if (!scan_try(s, '}')) {
		do {
			st = parse_member(p, err);
			if (st != CKPT_OK)
				return (st);
		} while (scan_try(s, ','));
		st = scan_expect(s, '}', "',' or '}' in the header", err);
		if (st != CKPT_OK)
			return (st);
	}
	scan_space(s);
	if (s->pos < s->n)
		return (scan_error(s, err,
		    "expected the end of the header behind its object"));
	return (CKPT_OK);
}

/* By place in the data; empty tensors at one place as the header has them. */
static int
entry_cmp(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->begin != b->begin)
		return (a->begin < b->begin ? -1 : 1);
	if (a->end != b->end)
		return (a->end < b->end ? -1 : 1);
	return (a->order < b->order ? -1 : a->order > b->order);
}

/* Adds a tensor to the schema, where its data must lie next. */
static enum ckpt_status
add_tensor(struct parser *p, const struct entry *e, struct schema *s,
    struct ckpt_error *err)
{
	unsigned long long at = s->n_bytes, begin = e->begin, end = e->end;
	const struct tensor_desc *t;
	enum ckpt_status st;

	p->scan.pos = e->pos;
	if (end < begin)
		return (scan_error(&p->scan, err, "tensor %.*s: data_offsets "
		    "[%llu,%llu] end before they begin", NAME_OF(p, e), begin,
		    end));
	if (begin != at)
		return (scan_error(&p->scan, err, "tensor %.*s: its data "
		    "begins at %llu, expected %llu: %s", NAME_OF(p, e), begin,
		    at, begin < at ? "an overlap" : "a hole"));
	st = schema_add(s, text_at(p, e->name), e->n_name, e->dtype,
	    e->n_dims, (const uint64_t *)(const void *)(p->dims.data +
	    e->dims), err);
	if (st != CKPT_OK) {
		if (err != NULL && st != CKPT_NO_MEMORY)
			err->offset = p->scan.base + e->pos;
		return (st);
	}
	t = &s->tensors[s->n_tensors - 1];
	if (t->n_bytes != end - begin)
		return (scan_error(&p->scan, err, "tensor %.*s: its shape "
		    "needs %llu bytes, its data_offsets [%llu,%llu] hold %llu",
		    NAME_OF(p, e), (unsigned long long)t->n_bytes, begin, end,
		    end - begin));
	return (CKPT_OK);
}

static enum ckpt_status
make_schema(struct parser *p, struct schema **out, struct ckpt_error *err)
{
	struct entry *entries = (struct entry *)(void *)p->entries.data;
	size_t i, n = p->entries.len / sizeof(*entries);
	size_t end = p->meta.start + p->meta.n;
	struct schema *s;
	enum ckpt_status st;

	st = schema_new(&s, err);
	if (st != CKPT_OK)
		return (st);
	if (n > 1)
		qsort(entries, n, sizeof(*entries), entry_cmp);
	for (i = 0; i < n && st == CKPT_OK; i++)
		st = add_tensor(p, &entries[i], s, err);
	if (st != CKPT_OK)
		goto err0;
	if (p->has_meta)
		st = schema_set_layout(s, p->scan.text, p->meta.start,
		    p->scan.text + end, p->scan.n - end, err);
	else
		st = schema_set_layout(s, p->scan.text, p->scan.n, "", 0, err);
	if (st != CKPT_OK)
		goto err0;
	st = schema_finish(s, err);
	if (st != CKPT_OK)
		goto err0;
	*out = s;
	return (CKPT_OK);

err0:
	schema_unref(s);
	return (st);
}

/* Refuses text that is not UTF-8, at the byte where it ceases to be. */
static enum ckpt_status
check_utf8(const struct scan *s, struct ckpt_error *err)
{
	struct scan at = *s;
	size_t n;

	if (text_is_utf8(s->text, s->n))
		return (CKPT_OK);
	for (; at.pos < s->n; at.pos += n) {
		for (n = 1; n <= 4 && n <= s->n - at.pos; n++)
			if (text_is_utf8(s->text + at.pos, n))
				break;
		if (n > 4 || n > s->n - at.pos)
			break;
	}
	return (scan_error(&at, err, "the header is not valid UTF-8"));
}

enum ckpt_status
header_parse(const unsigned char *text, size_t n, struct schema **out,
    struct header_meta *meta, struct ckpt_error *err)
{
	struct parser p = {
		.scan = { text, n, 0, HEADER_PREFIX },
		.text = BUF_INIT(n + 1),
		.dims = BUF_INIT(4 * n + sizeof(uint64_t)),
		/* the shortest tensor takes more than 40 bytes of text */
		.entries = BUF_INIT(sizeof(struct entry) * (n / 40 + 1)),
	};
	enum ckpt_status st;

	/* so that no pointer into them is ever NULL */
	st = buf_reserve(&p.text, 1, err);
	if (st == CKPT_OK)
		st = buf_reserve(&p.dims, sizeof(uint64_t), err);
	if (st == CKPT_OK)
		st = check_utf8(&p.scan, err);
	if (st == CKPT_OK)
		st = parse_object(&p, err);
	if (st == CKPT_OK)
		st = make_schema(&p, out, err);
	if (st == CKPT_OK)
		*meta = p.meta;
	buf_release(&p.entries);
	buf_release(&p.dims);
	buf_release(&p.text);
	return (st);
}
