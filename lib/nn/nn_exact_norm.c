/*
 * nn_exact_norm: normalisations in double.
 *
 * FRN: S. Singh, S. Krishnan, "Filter Response Normalization Layer" (CVPR
 * 2020), equations 1 to 3. Group norm: Y. Wu, K. He (ECCV 2018), equations 1
 * to 3. Layer norm: J. L. Ba, J. R. Kiros, G. E. Hinton (2016), equation 3,
 * over the channels at each position.
 */
#include "nn/nn_exact.h"

#include <math.h>

static double
number(const double *x, size_t i, double otherwise)
{
	return (x == NULL ? otherwise : x[i]);
}

/* Mean and mean square distance from it (FRN: from 0) of n numbers, `step`
 * apart. */
static void
moments(const struct nn_exact *e, const double *x, size_t n, size_t step,
    double *mean, double *var)
{
	double sum = 0, square = 0;

	if (e->node->op != GRAPH_FRN)
		for (size_t i = 0; i < n; i++)
			sum += x[i * step];
	*mean = sum / (double)n;
	for (size_t i = 0; i < n; i++) {
		const double d = x[i * step] - *mean;

		square += d * d;
	}
	*var = square / (double)n;
}

/* n numbers of channel c, one after another. */
static void
apply(const struct nn_exact *e, size_t c, size_t at, size_t n, double mean,
    double var)
{
	const double scale = 1 / sqrt(var + e->node->eps);
	const double weight = number(e->weight, c, 1);
	const double bias = number(e->bias, c, 0);

	for (size_t i = at; i < at + n; i++) {
		e->out[i] = (e->in[i] - mean) * scale * weight + bias;
		if (e->tau != NULL && e->out[i] < e->tau[c])
			e->out[i] = e->tau[c];
	}
}

void
nn_exact_norm(const struct nn_exact *e)
{
	const struct graph_node *n = e->node;
	const size_t plane = (size_t)n->h * n->w;
	const size_t per = n->op == GRAPH_GROUP_NORM ? n->c / n->groups : 1;
	double mean = 0, var = 1;

	if (n->op == GRAPH_LAYER_NORM) {
		for (size_t i = 0; i < plane; i++) {
			moments(e, e->in + i, n->c, plane, &mean, &var);
			for (size_t c = 0; c < n->c; c++)
				apply(e, c, c * plane + i, 1, mean, var);
		}
		return;
	}
	for (size_t c = 0; c < n->c; c++) {
		if (n->op == GRAPH_BATCH_NORM) {
			mean = e->mean[c];
			var = e->var[c];
		} else if (c % per == 0) {
			moments(e, e->in + c * plane, per * plane, 1, &mean,
			    &var);
		}
		apply(e, c, c * plane, plane, mean, var);
	}
}
