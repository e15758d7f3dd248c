/*
 * nn_run: the steps of a plan, one after another.
 */
#include "nn/nn_plan.h"

#include <math.h>

#define ALIGN 64

struct nn_work {
	float *arena;
	float *softmax; /* 6 + n_classes arrays of `block` floats */
};

enum ckpt_status
nn_work_new(const struct nn_plan *p, struct nn_work **out,
    struct ckpt_error *err)
{
	const size_t n_arena = (p->arena * sizeof(float) + ALIGN) / ALIGN *
	    ALIGN;
	const size_t n_softmax = (6 + p->n_classes) * p->block *
	    sizeof(float);
	struct nn_work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return (error_nomem(err, sizeof(*w)));
	w->arena = aligned_alloc(ALIGN, n_arena);
	w->softmax = aligned_alloc(ALIGN, n_softmax);
	if (w->arena == NULL || w->softmax == NULL) {
		nn_work_free(w);
		return (error_nomem(err, n_arena + n_softmax));
	}
	/* The borders of padded values stay as they are set here. */
	memset(w->arena, 0, n_arena);
	*out = w;
	return (CKPT_OK);
}

void
nn_work_free(struct nn_work *w)
{
	if (w == NULL)
		return;
	free(w->arena);
	free(w->softmax);
	free(w);
}

/* One image block after another into a wider block, or a padded one. */
static void
copy_images(const struct nn_plan *p, const struct nn_step *s,
    const float *in, size_t n_blocks, float *arena)
{
	const struct nn_view *a = &s->in[0], *b = &s->out;

	for (size_t c = 0; c < b->c; c++)
	for (size_t y = 0; y < b->h; y++)
	for (size_t x = 0; x < b->w; x++) {
		const float *src = in + c * a->channel + y * a->row +
		    x * NN_BLOCK;
		float *dst = arena + b->origin + c * b->channel +
		    y * b->row + x * p->block;

		for (size_t i = 0; i < p->block / NN_BLOCK; i++) {
			if (i < n_blocks)
				memcpy(dst, src + i * p->n_elements *
				    NN_BLOCK, NN_BLOCK * sizeof(*dst));
			else
				memset(dst, 0, NN_BLOCK * sizeof(*dst));
			dst += NN_BLOCK;
		}
	}
}

/* To a layout without gaps. The input is read whole. */
static void
copy(const struct nn_plan *p, const struct nn_step *s, const float *in,
    float *out)
{
	const struct nn_view *a = &s->in[0];

	for (size_t c = 0; c < a->c; c++)
		for (size_t y = 0; y < a->h; y++) {
			memcpy(out, in + c * a->channel + y * a->row,
			    a->w * p->block * sizeof(*out));
			out += a->w * p->block;
		}
}

static void
taps(const struct nn_plan *p, const struct nn_step *s, const float *weights,
    const float *in, float *out)
{
	struct kernel_taps t = {
		.in_row = s->in_row, .off = s->off, .n_taps = s->n_taps,
		.x = s->x, .weights = weights + s->weights,
		.bias = weights + s->bias, .out = out,
		.out_channel = s->out.channel, .out_row = s->out.row,
		.n_rows = s->out.h, .n_vecs = s->n_vecs, .end = s->end,
		.slope = s->slope
	};

	for (size_t g = 0; g < s->n_groups; g++) {
		t.in = in + g * s->group;
		for (size_t i = 0; i < s->n_tiles; i++) {
			t.n_out = (unsigned)nn_tile_width(s->n_out,
			    s->n_tiles, i);
			p->kernel->taps(&t);
			t.weights += t.n_out * s->n_taps;
			t.bias += t.n_out;
			t.out += t.n_out * s->out.channel;
		}
	}
}

/* The part of a window at `at` that lies inside [0, size): elements [*first,
 * *first + return value) of it. */
static size_t
clip(size_t at, const struct nn_step *s, int axis, size_t size,
    size_t *first)
{
	const int64_t d = s->dilation[axis];
	const int64_t start = (int64_t)at * s->stride[axis] -
	    (int64_t)s->padding[axis];
	const int64_t n = s->kernel[axis];
	int64_t a = start < 0 ? (-start + d - 1) / d : 0;
	int64_t b = start >= (int64_t)size ? 0 :
	    ((int64_t)size - 1 - start) / d + 1;

	if (b > n)
		b = n;
	if (a >= b)
		a = b = 0;
	*first = (size_t)a;
	return ((size_t)(b - a));
}

static void
pool_row(const struct nn_plan *p, const struct nn_step *s, size_t y,
    const float *in, float *out)
{
	const bool is_max = s->kind == NN_STEP_MAX_POOL;
	struct kernel_pool k = {
		.in_row = s->in[0].row * s->dilation[0],
		.in_column = p->block * s->dilation[1],
		.in_step = p->block * s->stride[1], .n_lanes = p->block,
		.factor = 1.0f / ((float)s->kernel[0] * (float)s->kernel[1])
	};
	const float nothing = is_max ? -INFINITY : 0;
	size_t y0, x0;

	k.n_y = clip(y, s, 0, s->in_h, &y0);
	in += (ptrdiff_t)s->in[0].row * ((ptrdiff_t)(y * s->stride[0] + y0 *
	    s->dilation[0]) - (ptrdiff_t)s->padding[0]);
	for (size_t x = 0; x < s->out.w; x += k.n_positions) {
		size_t next = x + 1, unused;

		/* Positions whose windows lie inside go in one call. */
		k.n_x = clip(x, s, 1, s->in_w, &x0);
		while (next < s->out.w && x0 == 0 && k.n_x == s->kernel[1] &&
		    clip(next, s, 1, s->in_w, &unused) == k.n_x)
			next++;
		k.n_positions = next - x;
		k.in = in + (ptrdiff_t)p->block * ((ptrdiff_t)(x *
		    s->stride[1] + x0 * s->dilation[1]) -
		    (ptrdiff_t)s->padding[1]);
		k.out = out + x * p->block;
		if (k.n_y == 0 || k.n_x == 0) /* all of it is padding */
			for (size_t i = 0; i < k.n_positions * p->block; i++)
				k.out[i] = nothing;
		else if (is_max)
			p->kernel->pool_max(&k);
		else
			p->kernel->pool_sum(&k);
	}
}

static void
add(const struct nn_plan *p, const struct nn_step *s, const float *images,
    float *arena)
{
	const struct nn_view *o = &s->out;
	const size_t n = o->w * p->block;

	for (size_t c = 0; c < o->c; c++)
	for (size_t y = 0; y < o->h; y++) {
		float *dst = arena + o->origin + c * o->channel + y * o->row;
		const float *first = NULL;

		for (size_t k = 0; k < s->n_inputs; k++) {
			const struct nn_view *v = &s->in[k];
			const float *src = (v->is_images ? images : arena) +
			    v->origin + c * v->channel + y * v->row;

			if (k == 0)
				first = src;
			else
				p->kernel->add(dst, k == 1 ? first : dst, src,
				    n);
		}
		if (s->n_inputs == 1)
			memcpy(dst, first, n * sizeof(*dst));
	}
}

static void
run_step(const struct nn_plan *p, const struct nn_step *s,
    const float *weights, const float *images, float *arena)
{
	const struct nn_view *a = &s->in[0], *o = &s->out;
	const float *in = (a->is_images ? images : arena) + a->origin;
	float *out = arena + o->origin;

	switch (s->kind) {
	case NN_STEP_LOAD: /* see nn_run */
		return;
	case NN_STEP_COPY:
		copy(p, s, in, out);
		return;
	case NN_STEP_TAPS:
		taps(p, s, weights, in, out);
		return;
	case NN_STEP_ADD:
		add(p, s, images, arena);
		return;
	case NN_STEP_MAX_POOL:
	case NN_STEP_AVG_POOL:
		for (size_t c = 0; c < o->c; c++)
			for (size_t y = 0; y < o->h; y++)
				pool_row(p, s, y, in + c * a->channel,
				    out + c * o->channel + y * o->row);
		return;
	case NN_STEP_MAP:
		for (size_t c = 0; c < o->c; c++)
			for (size_t y = 0; y < o->h; y++)
				s->map(out + c * o->channel + y * o->row,
				    in + c * a->channel + y * a->row,
				    o->w * p->block, s->slope);
		return;
	}
}

const float *
nn_run(const struct nn_plan *p, const float *weights, struct nn_work *w,
    const struct nn_images *images, size_t first)
{
	const float *in = images->data + first * images->n_elements *
	    NN_BLOCK;

	for (size_t i = 0; i < p->n_steps; i++) {
		const struct nn_step *s = &p->steps[i];

		if (s->kind == NN_STEP_LOAD)
			copy_images(p, s, in, images->n_blocks - first,
			    w->arena);
		else
			run_step(p, s, weights, in, w->arena);
	}
	return (w->arena + p->output);
}

void
nn_softmax(const struct nn_plan *p, struct nn_work *w,
    struct nn_softmax *out)
{
	const size_t n = p->block;
	const struct kernel_softmax s = {
		w->arena + p->output, p->n_classes, n, w->softmax,
		w->softmax + n, w->softmax + 2 * n, w->softmax + 3 * n,
		w->softmax + 4 * n, w->softmax + 5 * n, w->softmax + 6 * n
	};

	p->kernel->softmax(&s);
	*out = (struct nn_softmax){
		s.top, s.max, s.rest, s.rest2, s.log1p, s.entropy, s.exps
	};
}
