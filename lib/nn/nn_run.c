/*
 * nn_run: the steps of a plan, one after another.
 */
#include "nn/nn_plan.h"

#define ALIGN 64

enum ckpt_status
nn_work_new(const struct nn_plan *p, struct nn_work **out,
    struct ckpt_error *err)
{
	const size_t n_arena = (p->arena * sizeof(float) + ALIGN) / ALIGN *
	    ALIGN;
	const size_t n_softmax = (6 + p->n_classes) * p->block *
	    sizeof(float);
	const size_t n_scratch = (p->scratch * sizeof(float) + ALIGN) /
	    ALIGN * ALIGN;
	struct nn_work *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return (error_nomem(err, sizeof(*w)));
	w->arena = aligned_alloc(ALIGN, n_arena);
	w->softmax = aligned_alloc(ALIGN, n_softmax);
	w->scratch = aligned_alloc(ALIGN, n_scratch);
	if (w->arena == NULL || w->softmax == NULL || w->scratch == NULL) {
		nn_work_free(w);
		return (error_nomem(err, n_arena + n_softmax + n_scratch));
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
	free(w->scratch);
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

/* Outputs that have gaps: each row goes through one without. */
static void
taps_with_gaps(const struct nn_plan *p, const struct nn_step *s,
    const struct kernel_taps *taps, float *scratch)
{
	struct kernel_taps t = *taps;

	t.out = scratch;
	t.out_channel = s->out.w * p->block;
	t.n_rows = 1;
	for (size_t y = 0; y < s->out.h; y++, t.in += t.in_row) {
		p->kernel->taps(&t);
		for (size_t o = 0; o < t.n_out; o++)
			for (size_t x = 0; x < s->out.w; x++)
				memcpy(taps->out + o * s->out.channel +
				    y * s->out.row + x * s->out_column,
				    scratch + o * t.out_channel +
				    x * p->block, p->block * sizeof(float));
	}
}

static void
taps(const struct nn_plan *p, const struct nn_step *s, const float *weights,
    const float *in, float *out, float *scratch)
{
	struct kernel_taps t = {
		.in_row = s->in_row, .off = s->off, .n_taps = s->n_taps,
		.x = s->x, .weights = weights + s->packed,
		.bias = weights + s->packed_bias, .n_out = s->n_out,
		.n_tiles = s->n_tiles, .out = out,
		.out_channel = s->out.channel, .out_row = s->out.row,
		.n_rows = s->out.h, .n_vecs = s->n_vecs, .end = s->end,
		.slope = s->slope
	};

	for (size_t g = 0; g < s->n_groups; g++) {
		t.in = in + g * s->group;
		if (s->out_column == p->block)
			p->kernel->taps(&t);
		else
			taps_with_gaps(p, s, &t, scratch);
		t.weights += s->n_out * s->n_taps;
		t.bias += s->n_out;
		t.out += s->n_out * s->out.channel;
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
			else if (k + 1 < s->n_inputs)
				p->kernel->add(dst, k == 1 ? first : dst, src,
				    n, KERNEL_END_NONE, 0);
			else
				p->kernel->add(dst, k == 1 ? first : dst, src,
				    n, s->end, s->slope);
		}
		if (s->n_inputs == 1)
			memcpy(dst, first, n * sizeof(*dst));
	}
}

static void
concat(const struct nn_plan *p, const struct nn_step *s, const float *images,
    float *arena)
{
	const struct nn_view *o = &s->out;
	float *out = arena + o->origin;

	for (size_t k = 0; k < s->n_inputs; k++) {
		const struct nn_view *v = &s->in[k];
		const float *in = (v->is_images ? images : arena) + v->origin;

		for (size_t c = 0; c < v->c; c++, out += o->channel)
			for (size_t y = 0; y < o->h; y++)
				memcpy(out + y * o->row, in + c * v->channel +
				    y * v->row, o->w * p->block *
				    sizeof(*out));
	}
}

static void
map(const struct nn_plan *p, const struct nn_step *s, const float *in,
    float *out)
{
	const struct nn_view *a = &s->in[0], *o = &s->out;

	for (size_t c = 0; c < o->c; c++)
		for (size_t y = 0; y < o->h; y++)
			s->map(out + c * o->channel + y * o->row,
			    in + c * a->channel + y * a->row,
			    o->w * p->block, s->slope);
}

static void
run_step(const struct nn_plan *p, const struct nn_step *s,
    const float *weights, const float *images, float *arena, float *scratch)
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
		taps(p, s, weights, in, out, scratch);
		return;
	case NN_STEP_WINOGRAD:
		nn_winograd_run(p, s, weights, in, out, scratch);
		return;
	case NN_STEP_ADD:
		add(p, s, images, arena);
		return;
	case NN_STEP_MAX_POOL:
	case NN_STEP_AVG_POOL:
		for (size_t c = 0; c < o->c; c++)
			for (size_t y = 0; y < o->h; y++)
				nn_pool_row(p, s, y, in + c * a->channel,
				    out + c * o->channel + y * o->row);
		return;
	case NN_STEP_CONCAT:
		concat(p, s, images, arena);
		return;
	case NN_STEP_MAP:
		map(p, s, in, out);
		return;
	case NN_STEP_AFFINE:
	case NN_STEP_NORM:
	case NN_STEP_LAYER_NORM:
		nn_norm_run(p, s, weights, in, out);
		return;
	}
}

void
nn_step_run(const struct nn_plan *p, size_t i, const float *weights,
    struct nn_work *w, const struct nn_images *images, size_t first)
{
	const struct nn_step *s = &p->steps[i];
	const float *in = images->data + first * images->n_elements *
	    NN_BLOCK;

	if (s->kind == NN_STEP_LOAD)
		copy_images(p, s, in, images->n_blocks - first, w->arena);
	else
		run_step(p, s, weights, in, w->arena, w->scratch);
}

struct nn_seen
nn_watch_see(const struct nn_plan *p, const struct nn_watch *watch,
    const struct nn_work *w, const struct nn_images *images, size_t first)
{
	const struct nn_view *v = &watch->view;
	const size_t n = images->n - first * NN_BLOCK;

	return ((struct nn_seen){
		.node = watch->node,
		.data = (v->is_images ? images->data + first *
		    images->n_elements * NN_BLOCK : w->arena) + v->origin,
		.c = v->c, .h = v->h, .w = v->w,
		.channel = v->channel, .row = v->row, .block = p->block,
		.first = first * NN_BLOCK,
		.n_images = n < p->block ? n : p->block
	});
}

const float *
nn_run_watched(const struct nn_plan *p, const float *weights,
    struct nn_work *w, const struct nn_images *images, size_t first,
    void (*see)(void *arg, const struct nn_seen *value), void *arg)
{
	size_t watch = 0;

	for (size_t i = 0; i <= p->n_steps; i++) {
		for (; watch < p->n_watches && see != NULL &&
		    p->watches[watch].n_steps == i; watch++) {
			const struct nn_seen seen = nn_watch_see(p,
			    &p->watches[watch], w, images, first);

			see(arg, &seen);
		}
		if (i < p->n_steps)
			nn_step_run(p, i, weights, w, images, first);
	}
	return (w->arena + p->output);
}

const float *
nn_run(const struct nn_plan *p, const float *weights, struct nn_work *w,
    const struct nn_images *images, size_t first)
{
	return (nn_run_watched(p, weights, w, images, first, NULL, NULL));
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
