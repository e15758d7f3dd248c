/*
 * body_math: exp, log1p, tanh and what is built on them. Included by the
 * kernel_*.c files.
 *
 * The polynomials of exp and log are those of S. Moshier's Cephes library for
 * single precision; the tests compare each function with libm's in double.
 */

/* exp(x) for x <= 88, relative error below 2e-7; 0 below -87; NaN stays. */
ALWAYS_INLINE vec
math_exp(vec x)
{
	const vec shift = vec_set1(12582912.0f); /* 1.5 * 2^23: rounds */
	const vec low = vec_set1(-87.0f), high = vec_set1(88.0f);
	const vecmask zero = vec_less(x, low);
	vec n, r, p;

	x = vec_select(vec_less(high, x), high, vec_select(zero, low, x));
	n = vec_fma(x, vec_set1(1.44269504f), shift) - shift;
	r = vec_fma(n, vec_set1(-0.693359375f), x);
	r = vec_fma(n, vec_set1(2.12194440e-4f), r);
	p = vec_set1(1.9875691500e-4f);
	p = vec_fma(p, r, vec_set1(1.3981999507e-3f));
	p = vec_fma(p, r, vec_set1(8.3334519073e-3f));
	p = vec_fma(p, r, vec_set1(4.1665795894e-2f));
	p = vec_fma(p, r, vec_set1(1.6666665459e-1f));
	p = vec_fma(p, r, vec_set1(5.0000001201e-1f));
	p = vec_fma(p, r * r, r) + vec_set1(1);
	return (vec_select(zero, vec_set1(0), p * vec_exp2i(n)));
}

/* log(1 + x) for x >= 0, relative error below 4e-7; NaN stays. */
ALWAYS_INLINE vec
math_log1p(vec x)
{
	const vec one = vec_set1(1);
	const vec u = x + one;
	vec e, m, z, p, y;
	vecmask big;

	m = vec_split(u, &e);
	big = vec_less(vec_set1(1.41421356f), m);
	e = vec_select(big, e + one, e);
	m = vec_select(big, m * vec_set1(0.5f), m) - one;
	z = m * m;
	p = vec_set1(7.0376836292e-2f);
	p = vec_fma(p, m, vec_set1(-1.1514610310e-1f));
	p = vec_fma(p, m, vec_set1(1.1676998740e-1f));
	p = vec_fma(p, m, vec_set1(-1.2420140846e-1f));
	p = vec_fma(p, m, vec_set1(1.4249322787e-1f));
	p = vec_fma(p, m, vec_set1(-1.6668057665e-1f));
	p = vec_fma(p, m, vec_set1(2.0000714765e-1f));
	p = vec_fma(p, m, vec_set1(-2.4999993993e-1f));
	p = vec_fma(p, m, vec_set1(3.3333331174e-1f));
	y = p * m * z;
	y = vec_fma(e, vec_set1(-2.12194440e-4f), y);
	y = vec_fma(z, vec_set1(-0.5f), y) + m;
	y = vec_fma(e, vec_set1(0.693359375f), y);
	/* What rounding took from 1 + x, to first order. */
	y = y + (x - (u - one)) / u;
	return (vec_select(vec_is_nan(x), x, y));
}

/* tanh(x), relative error below 4e-7; NaN stays. x P(x^2) / Q(x^2), both of
 * degree 4, fitted to relative error on (0, 9.02] by least squares with
 * Lawson's weights: 2e-8 before rounding. From 9.02 on tanh is 1 in float. */
ALWAYS_INLINE vec
math_tanh(vec x)
{
	const vec one = vec_set1(1), minus = vec_set1(-1);
	const vec high = vec_set1(9.02f), low = vec_set1(-9.02f);
	vec z, p, q;

	x = vec_select(vec_less(high, x), high, x);
	x = vec_select(vec_less(x, low), low, x);
	z = x * x;
	p = vec_set1(1.33189282e-08f);
	p = vec_fma(p, z, vec_set1(2.05833858e-05f));
	p = vec_fma(p, z, vec_set1(0.0034940294f));
	p = vec_fma(p, z, vec_set1(0.133797139f));
	p = vec_fma(p, z, one);
	q = vec_set1(7.76196259e-07f);
	q = vec_fma(q, z, vec_set1(0.000328308379f));
	q = vec_fma(q, z, vec_set1(0.0258710533f));
	q = vec_fma(q, z, vec_set1(0.467130303f));
	q = vec_fma(q, z, one);
	p = x * p / q;
	p = vec_select(vec_less(one, p), one, p);
	return (vec_select(vec_less(p, minus), minus, p));
}

/* 1 / (1 + exp(-x)), relative error below 3e-7 above -87; NaN stays. */
ALWAYS_INLINE vec
math_sigmoid(vec x)
{
	const vec one = vec_set1(1);
	const vec e = math_exp(vec_set1(0) - x);

	return (one / (one + e));
}

/* erf(x), relative error below 4e-7; NaN stays. x P(x^2) / Q(x^2), both of
 * degree 5, fitted to relative error on (0, 3.93] as tanh's: 2e-8 before
 * rounding. From 3.93 on erf is 1 in float. */
ALWAYS_INLINE vec
math_erf(vec x)
{
	const vec one = vec_set1(1), minus = vec_set1(-1);
	const vec high = vec_set1(3.93f), low = vec_set1(-3.93f);
	vec z, p, q;

	x = vec_select(vec_less(high, x), high, x);
	x = vec_select(vec_less(x, low), low, x);
	z = x * x;
	p = vec_set1(2.041957065e-6f);
	p = vec_fma(p, z, vec_set1(2.848079455e-4f));
	p = vec_fma(p, z, vec_set1(3.779616448e-3f));
	p = vec_fma(p, z, vec_set1(5.279030160e-2f));
	p = vec_fma(p, z, vec_set1(0.1907841059f));
	p = vec_fma(p, z, vec_set1(1.128379145f));
	q = vec_set1(3.800390043e-5f);
	q = vec_fma(q, z, vec_set1(1.165213032e-3f));
	q = vec_fma(q, z, vec_set1(1.499745104e-2f));
	q = vec_fma(q, z, vec_set1(0.1142576175f));
	q = vec_fma(q, z, vec_set1(0.5024107311f));
	q = vec_fma(q, z, one);
	p = x * p / q;
	p = vec_select(vec_less(one, p), one, p);
	return (vec_select(vec_less(p, minus), minus, p));
}

/* The standard normal distribution function, for GELU: x < 0 by
 * erfc(z) = t exp(-z^2 + P(t)), t = 1 / (1 + z / 2), with z = -x / sqrt(2) and
 * the polynomial of Press et al., Numerical Recipes, 6.2 (relative error below
 * 1.2e-7), since 1 + erf(x) would cancel there; NaN stays. */
ALWAYS_INLINE vec
math_normal(vec x)
{
	const vec one = vec_set1(1), half = vec_set1(0.5f);
	const vec y = x * vec_set1(0.707106781f);
	const vec z = vec_select(vec_less(y, vec_set1(0)), vec_set1(0) - y, y);
	const vec t = one / vec_fma(z, half, one);
	vec p = vec_set1(0.17087277f);

	p = vec_fma(p, t, vec_set1(-0.82215223f));
	p = vec_fma(p, t, vec_set1(1.48851587f));
	p = vec_fma(p, t, vec_set1(-1.13520398f));
	p = vec_fma(p, t, vec_set1(0.27886807f));
	p = vec_fma(p, t, vec_set1(-0.18628806f));
	p = vec_fma(p, t, vec_set1(0.09678418f));
	p = vec_fma(p, t, vec_set1(0.37409196f));
	p = vec_fma(p, t, vec_set1(1.00002368f));
	p = vec_fma(p, t, vec_set1(-1.26551223f));
	p = t * math_exp(p - z * z);
	return (half * vec_select(vec_less(y, vec_set1(0)), p,
	    one + math_erf(y)));
}

/* What a step does last. */
ALWAYS_INLINE vec
math_end(vec x, const enum kernel_end end, vec slope)
{
	const vec zero = vec_set1(0);

	/* NaN is not less than 0 and stays. */
	if (end == KERNEL_END_RELU)
		x = vec_select(vec_less(x, zero), zero, x);
	else if (end == KERNEL_END_LEAKY)
		x = vec_select(vec_less(x, zero), x * slope, x);
	return (x);
}

static void
map_relu(float *out, const float *in, size_t n, float slope)
{
	const vec zero = vec_set1(0), by = vec_set1(slope);

	for (size_t i = 0; i < n; i += SIMD_LANES) {
		const vec x = vec_load(in + i);
		vec y = zero;

		/* Not x * 0: -infinity becomes 0, not NaN. */
		if (slope != 0)
			y = x * by;
		vec_store(out + i, vec_select(vec_less(x, zero), y, x));
	}
}

static void
map_tanh(float *out, const float *in, size_t n, float slope)
{
	(void)slope;
	for (size_t i = 0; i < n; i += SIMD_LANES)
		vec_store(out + i, math_tanh(vec_load(in + i)));
}

static void
map_sigmoid(float *out, const float *in, size_t n, float slope)
{
	(void)slope;
	for (size_t i = 0; i < n; i += SIMD_LANES)
		vec_store(out + i, math_sigmoid(vec_load(in + i)));
}

static void
map_silu(float *out, const float *in, size_t n, float slope)
{
	(void)slope;
	for (size_t i = 0; i < n; i += SIMD_LANES) {
		const vec x = vec_load(in + i);

		vec_store(out + i, x / (vec_set1(1) +
		    math_exp(vec_set1(0) - x)));
	}
}

static void
map_gelu(float *out, const float *in, size_t n, float slope)
{
	(void)slope;
	for (size_t i = 0; i < n; i += SIMD_LANES) {
		const vec x = vec_load(in + i);

		vec_store(out + i, x * math_normal(x));
	}
}

ALWAYS_INLINE void
add_end(float *out, const float *a, const float *b, size_t n,
    const enum kernel_end end, float slope)
{
	for (size_t i = 0; i < n; i += SIMD_LANES)
		vec_store(out + i, math_end(vec_load(a + i) +
		    vec_load(b + i), end, vec_set1(slope)));
}

static void
map_add(float *out, const float *a, const float *b, size_t n,
    enum kernel_end end, float slope)
{
	if (end == KERNEL_END_NONE)
		add_end(out, a, b, n, KERNEL_END_NONE, 0);
	else if (end == KERNEL_END_RELU)
		add_end(out, a, b, n, KERNEL_END_RELU, 0);
	else
		add_end(out, a, b, n, KERNEL_END_LEAKY, slope);
}

ALWAYS_INLINE void
affine_end(float *out, const float *in, size_t n, float factor, float shift,
    const enum kernel_end end, float slope)
{
	const vec a = vec_set1(factor), b = vec_set1(shift);

	for (size_t i = 0; i < n; i += SIMD_LANES)
		vec_store(out + i, math_end(vec_fma(vec_load(in + i), a, b),
		    end, vec_set1(slope)));
}

static void
map_affine(float *out, const float *in, size_t n, float factor, float shift,
    enum kernel_end end, float slope)
{
	if (end == KERNEL_END_NONE)
		affine_end(out, in, n, factor, shift, KERNEL_END_NONE, 0);
	else if (end == KERNEL_END_RELU)
		affine_end(out, in, n, factor, shift, KERNEL_END_RELU, 0);
	else
		affine_end(out, in, n, factor, shift, KERNEL_END_LEAKY,
		    slope);
}

static void
softmax_vec(const struct kernel_softmax *s, size_t i)
{
	const size_t n = s->n_lanes;
	const vec zero = vec_set1(0);
	vec top = zero, max = vec_load(s->logits + i);
	vec rest = zero, rest2 = zero, spread = zero, log;

	for (size_t c = 1; c < s->n_classes; c++) {
		const vec z = vec_load(s->logits + c * n + i);
		const vecmask more = vec_less(max, z);

		max = vec_select(more, z, max);
		top = vec_select(more, vec_set1((float)c), top);
	}
	for (size_t c = 0; c < s->n_classes; c++) {
		const vecmask is_top = vec_equal(top, vec_set1((float)c));
		const vec low = vec_set1(-88);
		vec d = vec_load(s->logits + c * n + i) - max, e;

		d = vec_select(vec_less(d, low), low, d);
		e = math_exp(d);
		vec_store(s->exps + c * n + i, e);
		/* An infinite maximum minus itself is NaN: not left out. */
		e = vec_select(is_top, vec_select(vec_is_nan(e), e, zero), e);
		rest = rest + e;
		rest2 = vec_fma(e, e, rest2);
		spread = vec_fma(e, zero - d, spread);
	}
	log = math_log1p(rest);
	vec_store(s->top + i, top);
	vec_store(s->max + i, max);
	vec_store(s->rest + i, rest);
	vec_store(s->rest2 + i, rest2);
	vec_store(s->log1p + i, log);
	vec_store(s->entropy + i, log + spread / (rest + vec_set1(1)));
}

static void
softmax(const struct kernel_softmax *s)
{
	for (size_t i = 0; i < s->n_lanes; i += SIMD_LANES)
		softmax_vec(s, i);
}
