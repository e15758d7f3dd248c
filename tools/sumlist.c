#include "sumlist.h"

struct line {
	char *label;
	struct ckpt_id id;
	size_t number; /* from 0 */
	bool is_taken;
};

struct sumlist {
	size_t n;
	struct line *lines;   /* in the list's order */
	struct line **sorted; /* by label, then number */
};

static bool
needs_escape(const char *label)
{
	return (strpbrk(label, "\\\n\r") != NULL);
}

static void
put_escaped(const char *label)
{
	for (; *label != '\0'; label++) {
		if (*label == '\n')
			(void)fputs("\\n", stdout);
		else if (*label == '\r')
			(void)fputs("\\r", stdout);
		else if (*label == '\\')
			(void)fputs("\\\\", stdout);
		else
			(void)putchar(*label);
	}
}

void
sumlist_print(const struct ckpt_id *id, const char *label)
{
	char hex[ID_HEX_SIZE];

	id_hex(id, hex);
	(void)printf("%s%s  ", needs_escape(label) ? "\\" : "", hex);
	put_escaped(label);
	(void)putchar('\n');
}

void
sumlist_print_result(const char *label, enum sumlist_result result)
{
	(void)fputs(needs_escape(label) ? "\\" : "", stdout);
	put_escaped(label);
	(void)printf(": %s\n", result == SUMLIST_OK ? "OK" :
	    result == SUMLIST_FAILED ? "FAILED" : "missing");
}

/* One line of `n` bytes, without its LF. */
static enum ckpt_status
parse_line(const char *s, size_t n, size_t number, struct line *out,
    struct ckpt_error *err)
{
	bool is_escaped = n > 0 && *s == '\\';

	if (is_escaped) {
		s++;
		n--;
	}
	if (n < ID_HEX_SIZE + 2 || memchr(s, '\0', n) != NULL ||
	    !id_parse(s, &out->id) || s[64] != ' ' ||
	    (s[65] != ' ' && s[65] != '*'))
		return (error_line(err, CKPT_INVALID, number + 1,
		    "expected 64 lower-case hex digits, two spaces and a "
		    "label"));
	out->label = strndup(s + 66, n - 66);
	if (out->label == NULL)
		return (error_nomem(err, n));
	if (is_escaped && !text_unescape(out->label)) {
		free(out->label);
		out->label = NULL;
		return (error_line(err, CKPT_INVALID, number + 1,
		    "a backslash in the label of an escaped line is followed "
		    "by none of \\ n r"));
	}
	out->number = number;
	return (CKPT_OK);
}

static int
line_cmp(const void *a, const void *b)
{
	const struct line *p = *(struct line *const *)a;
	const struct line *q = *(struct line *const *)b;
	int c = strcmp(p->label, q->label);

	if (c != 0)
		return (c);
	return (p->number < q->number ? -1 : p->number > q->number);
}

static size_t
count_lines(const char *text, size_t n)
{
	size_t i, lines = 0;

	for (i = 0; i < n; i++)
		lines += text[i] == '\n' || i + 1 == n;
	return (lines);
}

enum ckpt_status
sumlist_parse(const char *text, size_t n, struct sumlist **out,
    struct ckpt_error *err)
{
	struct sumlist *l = calloc(1, sizeof(*l));
	size_t n_lines = count_lines(text, n), len;
	const char *p = text, *end;
	enum ckpt_status st = CKPT_NO_MEMORY;

	if (l == NULL)
		return (error_nomem(err, sizeof(*l)));
	l->lines = calloc(n_lines + 1, sizeof(*l->lines));
	l->sorted = calloc(n_lines + 1, sizeof(*l->sorted));
	if (l->lines == NULL || l->sorted == NULL) {
		(void)error_nomem(err, n_lines * sizeof(*l->lines));
		goto err0;
	}
	for (; l->n < n_lines; l->n++) {
		len = n - (size_t)(p - text);
		end = memchr(p, '\n', len);
		if (end != NULL)
			len = (size_t)(end - p);
		st = parse_line(p, len, l->n, &l->lines[l->n], err);
		if (st != CKPT_OK)
			goto err0;
		l->sorted[l->n] = &l->lines[l->n];
		p += len + 1;
	}
	qsort(l->sorted, l->n, sizeof(struct line *), line_cmp);
	*out = l;
	return (CKPT_OK);

err0:
	sumlist_free(l);
	return (st);
}

void
sumlist_free(struct sumlist *l)
{
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i < l->n; i++)
		free(l->lines[i].label);
	free(l->lines);
	free(l->sorted);
	free(l);
}

size_t
sumlist_n(const struct sumlist *l)
{
	return (l->n);
}

enum sumlist_result
sumlist_check(struct sumlist *l, const struct ckpt_id *id, const char *label)
{
	size_t low = 0, high = l->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(l->sorted[mid]->label, label) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < l->n; low++) {
		if (strcmp(l->sorted[low]->label, label) != 0)
			break;
		if (l->sorted[low]->is_taken)
			continue;
		l->sorted[low]->is_taken = true;
		return (id_equal(&l->sorted[low]->id, id) ?
		    SUMLIST_OK : SUMLIST_FAILED);
	}
	return (SUMLIST_UNLISTED);
}

const char *
sumlist_label(const struct sumlist *l, size_t i)
{
	return (l->lines[i].label);
}

bool
sumlist_is_missing(const struct sumlist *l, size_t i)
{
	return (!l->lines[i].is_taken);
}
