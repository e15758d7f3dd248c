/* Texts of .arch files drawn at random. */
#include <stdarg.h>

#include "random_net.h"

static void
put(struct buf *out, const char *text)
{
	struct ckpt_error err = { 0 };

	random_net_need(buf_append(out, text, strlen(text), &err), &err);
}

static void
activation(struct random *r, struct buf *out)
{
	static const char *const names[] = { "relu\n", "tanh\n", "relu\n",
	    "leakyrelu\n", "sigmoid\n", "" };

	put(out, names[random_below(r, 6)]);
}

/* A vector network: linear layers, now and then with a residual sum. */
static void
vector_arch(struct random *r, uint32_t max_units, struct buf *out)
{
	char line[128];
	uint32_t n_layers = 1 + random_below(r, 3), i, n;

	put(out, "ckpt-arch 1\ninput 3\n");
	for (i = 0; i < n_layers; i++) {
		n = 1 + random_below(r, max_units);
		snprintf(line, sizeof(line), "linear a%u out=%u bias=%s\n", i,
		    n, random_below(r, 3) ? "yes" : "no");
		put(out, line);
		activation(r, out);
		if (random_below(r, 3) > 0)
			continue;
		snprintf(line, sizeof(line), "flatten s%u\nlinear b%u out=%u "
		    "bias=no\n", i, i, n);
		put(out, line);
		activation(r, out);
		snprintf(line, sizeof(line), "flatten t%u\nadd from=s%u,t%u\n",
		    i, i, i);
		put(out, line);
		if (random_below(r, 2))
			activation(r, out);
	}
	put(out, "linear z out=2\noutput\n");
}

/* An image network: convolutions, some grouped, and a linear layer. */
static void
image_arch(struct random *r, uint32_t max_units, struct buf *out)
{
	char line[128];
	uint32_t n_layers = 1 + random_below(r, 3), i, c = 2, groups, k;

	put(out, "ckpt-arch 1\ninput 2x8x8\n");
	for (i = 0; i < n_layers; i++) {
		groups = 1;
		for (k = 2; k <= c; k++)
			if (c % k == 0 && random_below(r, 2))
				groups = k;
		c = groups * (1 + random_below(r, max_units / groups + 1));
		k = 1 + random_below(r, 2);
		snprintf(line, sizeof(line), "conv c%u out=%u kernel=%ux%u "
		    "padding=%u groups=%u bias=%s\n", i, c, k,
		    1 + random_below(r, 2), k - 1, groups,
		    random_below(r, 2) ? "yes" : "no");
		put(out, line);
		activation(r, out);
		if (random_below(r, 4) == 0)
			put(out, random_below(r, 2) ?
			    "maxpool kernel=2 stride=1\n" :
			    "avgpool kernel=2 stride=1\n");
	}
	put(out, random_below(r, 2) ? "globalavgpool\n" : "flatten\n");
	put(out, "linear z out=2\noutput\n");
}

/* ---- all operations ---- */

#define MAX_RESULTS 64

/* A network while it is written: what has been read by a later line, so that
 * it may be read again, and the line before. */
struct drawn {
	struct random *r;
	struct buf *out;
	uint32_t max_units;
	bool is_vector;
	uint32_t c;           /* of the line before */
	unsigned n_names, n_results;
	struct {
		char name[16];
		uint32_t c;
	} results[MAX_RESULTS];
	char last[16];
};

static bool
chance(struct drawn *d, uint32_t one_in)
{
	return (random_below(d->r, one_in) == 0);
}

__attribute__((format(printf, 2, 3))) static void
say(struct drawn *d, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(d->out, text);
}

/* The name of the next line, which reads the one before. */
static const char *
next(struct drawn *d)
{
	if (d->n_results < MAX_RESULTS && d->last[0] != '\0') {
		memcpy(d->results[d->n_results].name, d->last,
		    sizeof(d->last));
		d->results[d->n_results++].c = d->c;
	}
	snprintf(d->last, sizeof(d->last), "n%u", d->n_names++);
	return (d->last);
}

/* A divisor of n, mostly not 1. */
static uint32_t
divisor(struct drawn *d, uint32_t n)
{
	uint32_t k, found = 1;

	for (k = 2; k <= n; k++)
		if (n % k == 0 && !chance(d, 3))
			found = k;
	return (found);
}

static void
draw_product(struct drawn *d, uint32_t out)
{
	static const char *const ops[] = { "conv", "convtranspose" };
	uint32_t groups = 1, k = 1 + 2 * random_below(d->r, 2);

	if (d->is_vector) {
		say(d, "linear %s out=%u bias=%s\n", next(d), out,
		    chance(d, 2) ? "yes" : "no");
	} else {
		if (chance(d, 3) && out % d->c == 0)
			groups = divisor(d, d->c);
		say(d, "%s %s out=%u kernel=%u padding=%u groups=%u "
		    "bias=%s\n", ops[chance(d, 4)], next(d), out, k, k / 2,
		    groups, chance(d, 2) ? "yes" : "no");
	}
	d->c = out;
}

static void
draw_norm(struct drawn *d)
{
	const char *affine = chance(d, 5) ? "no" : "yes";

	switch (random_below(d->r, 6)) {
	case 0:
		say(d, "frn %s tau=%s affine=%s\n", next(d),
		    chance(d, 2) ? "no" : "yes", affine);
		break;
	case 1:
		say(d, "layernorm %s affine=%s\n", next(d), affine);
		break;
	case 2:
		say(d, "groupnorm %s groups=%u affine=%s\n", next(d),
		    divisor(d, d->c), affine);
		break;
	case 3:
		say(d, "batchnorm %s weight=no\n", next(d));
		break;
	default:
		say(d, "batchnorm %s affine=%s\n", next(d), affine);
		break;
	}
}

static void
draw_activation(struct drawn *d)
{
	static const char *const names[] = { "relu", "relu", "tanh", "silu",
	    "gelu", "leakyrelu", "dropout", "sigmoid", "tanh", "relu" };

	say(d, "%s %s\n", names[random_below(d->r, 10)], next(d));
}

/* One layer of `out` channels: product, mostly a norm, mostly an
 * activation. */
static void
draw_layer(struct drawn *d, uint32_t out)
{
	if (chance(d, 5) && out == d->c && !d->is_vector) {
		say(d, "conv %s out=%u groups=%u kernel=3 padding=1 bias=no\n",
		    next(d), out, out);
	} else
		draw_product(d, out);
	if (!chance(d, 3))
		draw_norm(d);
	if (!chance(d, 3))
		draw_activation(d);
}

/* A sum of the line before and a branch that reads it. */
static void
draw_residual(struct drawn *d)
{
	char from[16], branch[16];
	uint32_t c = d->c;

	memcpy(from, d->last, sizeof(from));
	if (chance(d, 3))
		draw_layer(d, 1 + random_below(d->r, d->max_units));
	draw_layer(d, c);
	memcpy(branch, d->last, sizeof(branch));
	say(d, "add %s from=%s,%s\n", next(d), branch, from);
	if (chance(d, 2))
		draw_activation(d);
}

/* With an earlier result, the input among them, before or behind. */
static void
draw_concat(struct drawn *d)
{
	uint32_t i, c;
	char from[16];

	if (d->n_results == 0)
		return;
	i = random_below(d->r, d->n_results);
	c = d->results[i].c;
	if (d->c + c > 2 * d->max_units)
		return;
	memcpy(from, d->last, sizeof(from));
	if (chance(d, 2))
		say(d, "concat %s from=%s,%s\n", next(d), from,
		    d->results[i].name);
	else
		say(d, "concat %s from=%s,%s\n", next(d), d->results[i].name,
		    from);
	d->c += c;
}

/* Two concatenations of two branches each, tied by a sum. */
static void
draw_tied(struct drawn *d)
{
	char from[16], names[4][16], sums[2][16];
	uint32_t c = 2 + random_below(d->r, d->max_units), k, parts[4];

	memcpy(from, d->last, sizeof(from));
	parts[0] = 1 + random_below(d->r, c - 1);
	parts[1] = c - parts[0];
	parts[2] = 1 + random_below(d->r, c - 1);
	parts[3] = c - parts[2];
	for (k = 0; k < 4; k++) {
		say(d, d->is_vector ? "linear %s out=%u from=%s\n" :
		    "conv %s out=%u kernel=1 from=%s\n", next(d), parts[k],
		    from);
		memcpy(names[k], d->last, sizeof(from));
		d->c = parts[k];
		if (chance(d, 3))
			draw_norm(d);
		memcpy(names[k], d->last, sizeof(from));
	}
	for (k = 0; k < 2; k++) {
		say(d, "concat %s from=%s,%s\n", next(d), names[2 * k],
		    names[2 * k + 1]);
		d->c = c; /* the one before was noted with its own */
		memcpy(sums[k], d->last, sizeof(from));
	}
	say(d, "add %s from=%s,%s\n", next(d), sums[0], sums[1]);
}

/* Two layers that share their tensors. */
static void
draw_shared(struct drawn *d)
{
	const char *op = d->is_vector ? "linear" : "conv";
	const char *kernel = d->is_vector ? "" : " kernel=1";
	char first[16];

	say(d, "%s %s out=%u%s bias=no\n", op, next(d), d->c, kernel);
	memcpy(first, d->last, sizeof(first));
	if (chance(d, 2))
		draw_activation(d);
	say(d, "%s %s out=%u%s weight=%s.weight bias=no\n", op, next(d),
	    d->c, kernel, first);
	if (chance(d, 2))
		return;
	say(d, "batchnorm %s\n", next(d));
	memcpy(first, d->last, sizeof(first));
	draw_activation(d);
	draw_product(d, d->c);
	say(d, "batchnorm %s weight=%s.weight bias=%s.bias "
	    "mean=%s.running_mean var=%s.running_var\n", next(d), first,
	    first, first, first);
}

/* From an image to a vector: units of several numbers. */
static void
draw_flatten(struct drawn *d)
{
	if (d->is_vector || d->c > 4)
		return;
	say(d, "avgpool %s kernel=2\n", next(d));
	if (chance(d, 2)) {
		/* two numbers of each channel */
		say(d, "convtranspose %s out=%u kernel=2x1 groups=%u\n",
		    next(d), d->c, d->c);
		d->c *= 2;
	}
	say(d, "flatten %s\n", next(d));
	d->is_vector = true;
	d->n_results = 0;
}

/* Uses of a block that stands at the head of the file: b1 is for vectors. */
static void
draw_uses(struct drawn *d)
{
	char names[2][16];
	unsigned k = d->is_vector;

	(void)next(d);
	snprintf(names[0], sizeof(names[0]), "u%u", d->n_names++);
	snprintf(names[1], sizeof(names[1]), "u%u", d->n_names++);
	if (chance(d, 2)) {
		say(d, "use b%u %s wide=%u out=%u\n", k, names[0],
		    1 + random_below(d->r, d->max_units), d->c);
		memcpy(d->last, names[0], sizeof(d->last));
	} else {
		say(d, "use b%u %s %s wide=%u out=%u\n", k, names[0],
		    names[1], 1 + random_below(d->r, d->max_units), d->c);
		memcpy(d->last, names[1], sizeof(d->last));
	}
}

static void
draw_block(struct drawn *d, bool is_vector)
{
	static const char *const norms[] = { "batchnorm", "frn", "layernorm" };
	const char *product = is_vector ? "linear" : "conv";
	const char *kernel = is_vector ? "" : " kernel=1";

	say(d, "block b%u\n%s a out=$wide%s\n%s n\nrelu\n%s b out=$out%s\n"
	    "add from=b,in\n%send\n", is_vector, product, kernel,
	    norms[random_below(d->r, 3)], product, kernel,
	    chance(d, 2) ? "tanh\n" : "relu\n");
}

/* A network of all operations. Sides stay 3 long up to the last pool. */
static void
any_arch(struct random *r, uint32_t max_units, struct buf *out)
{
	struct drawn d = { .r = r, .out = out, .max_units = max_units };
	uint32_t n = 1 + random_below(r, 4), i;

	d.is_vector = chance(&d, 3);
	d.c = 1 + random_below(r, 3);
	memcpy(d.last, "input", 6);
	say(&d, d.is_vector ? "ckpt-arch 1\ninput %u\n" :
	    "ckpt-arch 1\ninput %ux3x3\n", d.c);
	if (!d.is_vector)
		draw_block(&d, false);
	draw_block(&d, true);
	for (i = 0; i < n; i++) {
		switch (random_below(r, 10)) {
		case 0:
			draw_concat(&d);
			break;
		case 8:
			draw_shared(&d);
			break;
		case 9:
			draw_flatten(&d);
			break;
		case 1:
		case 2:
			draw_residual(&d);
			break;
		case 3:
			draw_tied(&d);
			break;
		case 4:
			draw_uses(&d);
			break;
		default:
			draw_layer(&d, 1 + random_below(r, max_units));
			break;
		}
	}
	if (!d.is_vector)
		put(out, chance(&d, 2) ? "globalavgpool\n" :
		    "avgpool kernel=2\nflatten\n");
	if (chance(&d, 4))
		put(out, "batchnorm last\n");
	put(out, "linear z out=2\noutput\n");
}

void
random_net_cycles_arch(struct random *r, uint32_t n, struct buf *out)
{
	static const char *const names[] = { "sigmoid", "tanh", "relu" };
	const char *act = names[random_below(r, 3)];
	struct ckpt_error err = { 0 };
	enum ckpt_status st;

	if (random_below(r, 2))
		st = buf_printf(out, &err, "ckpt-arch 1\ninput 1\n"
		    "linear a out=%u bias=no\n%s\nlinear b out=%u bias=no\n"
		    "%s\nlinear z out=1\noutput\n", n, act, n, act);
	else
		st = buf_printf(out, &err, "ckpt-arch 1\ninput 1\n"
		    "linear a out=%u bias=no\n%s s\nlinear b out=%u bias=no\n"
		    "%s t\nadd from=s,t\nlinear z out=1\noutput\n", n, act,
		    n, act);
	random_net_need(st, &err);
}

void
random_net_plain_arch(struct random *r, uint32_t max_units, struct buf *out)
{
	if (random_below(r, 2))
		vector_arch(r, max_units, out);
	else
		image_arch(r, max_units, out);
}

void
random_net_arch(struct random *r, uint32_t max_units, struct buf *out)
{
	if (random_below(r, 2))
		any_arch(r, max_units, out);
	else
		random_net_plain_arch(r, max_units, out);
}
