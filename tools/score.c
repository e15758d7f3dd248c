#include "base/banned.h"
#include "score.h"

struct stats_example
score_example(const struct nn_softmax *s, const float *logits, size_t block,
    size_t i, uint32_t label)
{
	const double rest = (double)s->rest[i], sum = 1 + rest;
	const double e = (double)s->exps[label * block + i];
	const bool is_right = (uint32_t)s->top[i] == label;
	/* The e of all other classes, and of all classes but the label and
	 * the top one: squared. No difference of nearly equal numbers. */
	const double others = is_right ? rest : sum - e;
	const double squares = is_right ? (double)s->rest2[i] :
	    1 + (double)s->rest2[i] - e * e;
	const double nll = (double)s->log1p[i] + ((double)s->max[i] -
	    (double)logits[label * block + i]);

	return ((struct stats_example){ .is_right = is_right,
	    .confidence = 1 / sum, .nll = nll,
	    .brier = (squares + others * others) / (sum * sum) });
}
