/*
 * nn_pool: the steps of pooling.
 */
#include "nn/nn_plan.h"

#include <math.h>

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

void
nn_pool_row(const struct nn_plan *p, const struct nn_step *s, size_t y,
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
