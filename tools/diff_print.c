#include <inttypes.h>
#include <math.h>

#include "base/banned.h"
#include "diff.h"

static const char *const result_names[] = {
	"equal", "differ", "dtype", "shape", "only-in-a", "only-in-b"
};

/* What a row says; texts are escaped when printed, NULL is "-" or null. */
struct row {
	const char *label, *tensor, *result;
	char dtype[32];
	char shape[256];
	const struct compare *c;
};

static void
put_shape(const struct tensor_desc *t, char *out, size_t size)
{
	size_t at = 0;
	unsigned i;
	int n;

	if (t->n_dims == 0)
		at = (size_t)snprintf(out, size, "scalar");
	for (i = 0; i < t->n_dims && at < size; i++) {
		n = snprintf(out + at, size - at, "%s%" PRIu64,
		    i > 0 ? "x" : "", t->dims[i]);
		at += n > 0 ? (size_t)n : 0;
	}
}

/* "f16", or "f16/f32" where they differ. */
static void
describe(const struct tensor_desc *a, const struct tensor_desc *b,
    struct row *r)
{
	char p[120], q[120];

	put_shape(a != NULL ? a : b, p, sizeof(p));
	put_shape(b != NULL ? b : a, q, sizeof(q));
	if (strcmp(p, q) == 0)
		(void)snprintf(r->shape, sizeof(r->shape), "%s", p);
	else
		(void)snprintf(r->shape, sizeof(r->shape), "%s/%s", p, q);
	if (a == NULL || b == NULL || a->dtype == b->dtype)
		(void)snprintf(r->dtype, sizeof(r->dtype), "%s",
		    dtype_name((a != NULL ? a : b)->dtype));
	else
		(void)snprintf(r->dtype, sizeof(r->dtype), "%s/%s",
		    dtype_name(a->dtype), dtype_name(b->dtype));
}

static void
put_text(const char *s)
{
	for (; *s != '\0'; s++)
		switch (*s) {
		case '\\':
			(void)fputs("\\\\", stdout);
			break;
		case '\n':
			(void)fputs("\\n", stdout);
			break;
		case '\r':
			(void)fputs("\\r", stdout);
			break;
		case '\t':
			(void)fputs("\\t", stdout);
			break;
		default:
			(void)putchar((unsigned char)*s);
		}
}

/* TSV writes nan and inf; JSON has no such numbers. */
static void
put_number(bool is_json, double x)
{
	if (is_json && !isfinite(x))
		(void)fputs("null", stdout);
	else
		(void)printf("%.9g", x);
}

/* The numbers of a row, each after `sep` and, in JSON, its name. */
static void
put_numbers(bool is_json, const struct compare *c)
{
	static const char *const names[] = {
		"differing", "elements", "max_ulps", "max_abs", "rel_l2",
		"cosine"
	};
	bool has_numbers = c != NULL && compare_has_numbers(c);
	size_t i;

	for (i = 0; i < 6; i++) {
		if (is_json)
			(void)printf(", \"%s\": ", names[i]);
		else
			(void)putchar('\t');
		if (c != NULL && i == 0)
			(void)printf("%" PRIu64, c->n_differ);
		else if (c != NULL && i == 1)
			(void)printf("%" PRIu64, c->n_elements);
		else if (i < 2 || !has_numbers ||
		    (i == 2 && !compare_has_ulps(c)))
			(void)fputs(is_json ? "null" : "-", stdout);
		else if (i < 4 && c->n_nan > 0)
			put_number(is_json, (double)NAN);
		else if (i == 2)
			(void)printf("%" PRIu64, c->max_ulps);
		else
			put_number(is_json, i == 3 ? c->max_abs : i == 4 ?
			    compare_relative(c) : compare_cosine(c));
	}
}

static void
put_row(struct diff *d, const struct row *r)
{
	if (!d->has_header)
		(void)puts("label\ttensor\tresult\tdtype\tshape\tdiffering\t"
		    "elements\tmax_ulps\tmax_abs\trel_l2\tcosine");
	d->has_header = true;
	put_text(r->label);
	(void)putchar('\t');
	put_text(r->tensor != NULL ? r->tensor : "-");
	(void)printf("\t%s\t%s\t%s", r->result, r->dtype[0] != '\0' ?
	    r->dtype : "-", r->shape[0] != '\0' ? r->shape : "-");
	put_numbers(false, r->c);
	(void)putchar('\n');
}

static enum ckpt_status
put_object(const struct row *r, struct ckpt_error *err)
{
	struct buf text = BUF_INIT(16 * (CKPT_MAX_LABEL + CKPT_MAX_NAME));
	enum ckpt_status st;

	st = text_json(&text, r->label, err);
	if (st == CKPT_OK)
		st = buf_printf(&text, err, ", \"tensor\": ");
	if (st == CKPT_OK)
		st = r->tensor != NULL ? text_json(&text, r->tensor, err) :
		    buf_printf(&text, err, "null");
	if (st == CKPT_OK) {
		(void)printf("{\"label\": %.*s, \"result\": \"%s\"",
		    (int)text.len, (const char *)text.data, r->result);
		if (r->tensor != NULL) {
			(void)printf(", \"dtype\": \"%s\", \"shape\": "
			    "\"%s\"", r->dtype, r->shape);
			put_numbers(true, r->c);
		}
		(void)puts("}");
	}
	buf_release(&text);
	return (st);
}

static enum ckpt_status
put(struct diff *d, const struct row *r, struct ckpt_error *err)
{
	if (d->cli.quiet || d->is_brief)
		return (CKPT_OK);
	if (d->is_json)
		return (put_object(r, err));
	put_row(d, r);
	return (CKPT_OK);
}

enum ckpt_status
diff_put_tensor(struct diff *d, const char *label,
    const struct tensor_desc *a, const struct tensor_desc *b,
    enum diff_result result, const struct compare *c, struct ckpt_error *err)
{
	struct row r = { .label = label, .result = result_names[result],
	    .tensor = a != NULL ? a->name : b->name, .c = c };

	if (result == DIFF_EQUAL && !d->shows_all)
		return (CKPT_OK);
	describe(a, b, &r);
	return (put(d, &r, err));
}

enum ckpt_status
diff_put_model(struct diff *d, const char *label, bool only_a,
    struct ckpt_error *err)
{
	struct row r = { .label = label,
	    .result = result_names[only_a ? DIFF_ONLY_A : DIFF_ONLY_B] };

	if (d->is_brief && !d->is_json && !d->cli.quiet) {
		(void)printf("Only in %s: ", only_a ? "A" : "B");
		put_text(label);
		(void)putchar('\n');
	}
	if (d->is_brief && d->is_json && !d->cli.quiet)
		return (put_object(&r, err));
	return (put(d, &r, err));
}

enum ckpt_status
diff_put_brief(struct diff *d, const char *label, const char *a,
    const char *b, struct ckpt_error *err)
{
	struct row r = { .label = label,
	    .result = result_names[DIFF_NUMBERS] };

	if (d->cli.quiet || !d->is_brief)
		return (CKPT_OK);
	if (d->is_json)
		return (put_object(&r, err));
	(void)fputs("Models ", stdout);
	put_text(a);
	(void)fputs(" and ", stdout);
	put_text(b);
	(void)puts(" differ");
	return (CKPT_OK);
}

enum ckpt_status
diff_put_orbit(struct diff *d, const char *label, const char *witness,
    struct ckpt_error *err)
{
	struct buf text = BUF_INIT(16 * (CKPT_MAX_LABEL + CKPT_MAX_VALUE));
	enum ckpt_status st = CKPT_OK;

	if (d->cli.quiet || d->is_brief)
		return (CKPT_OK);
	if (!d->is_json) {
		put_text(label);
		(void)printf("\tsame orbit\t%s\n", witness);
		return (CKPT_OK);
	}
	st = text_json(&text, label, err);
	if (st == CKPT_OK)
		st = buf_printf(&text, err,
		    ", \"result\": \"same-orbit\", \"witness\": ");
	if (st == CKPT_OK)
		st = text_json(&text, witness, err);
	if (st == CKPT_OK)
		(void)printf("{\"label\": %.*s}\n", (int)text.len,
		    (const char *)text.data);
	buf_release(&text);
	return (st);
}
