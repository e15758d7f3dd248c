#include <math.h>

#include "match/mass_envelope.h"

#define SMALLEST_PIVOT 1e-14 /* part of the diagonal that must remain */

enum ckpt_status
mass_envelope_new(struct mass_envelope *m, size_t n, struct ckpt_error *err)
{
	size_t i;

	*m = (struct mass_envelope){ .n = n };
	m->first = calloc(n + 1, sizeof(*m->first));
	m->start = calloc(n + 1, sizeof(*m->start));
	if (m->first == NULL || m->start == NULL) {
		mass_envelope_release(m);
		return (error_nomem(err, n * sizeof(*m->first)));
	}
	for (i = 0; i < n; i++)
		m->first[i] = i;
	return (CKPT_OK);
}

void
mass_envelope_release(struct mass_envelope *m)
{
	free(m->first);
	free(m->start);
	free(m->entries);
	memset(m, 0, sizeof(*m));
}

void
mass_envelope_join(struct mass_envelope *m, size_t p, size_t q)
{
	if (p < q && p < m->first[q])
		m->first[q] = p;
	else if (q < p && q < m->first[p])
		m->first[p] = q;
}

enum ckpt_status
mass_envelope_finish(struct mass_envelope *m, struct ckpt_error *err)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		m->start[i + 1] = m->start[i] + i - m->first[i] + 1;
	m->entries = calloc(m->start[m->n] + 1, sizeof(*m->entries));
	if (m->entries == NULL)
		return (error_nomem(err,
		    m->start[m->n] * sizeof(*m->entries)));
	return (CKPT_OK);
}

void
mass_envelope_clear(struct mass_envelope *m)
{
	memset(m->entries, 0, m->start[m->n] * sizeof(*m->entries));
}

/* The entry (row, col), col <= row, of the envelope. */
static double *
entry(const struct mass_envelope *m, size_t row, size_t col)
{
	return (&m->entries[m->start[row] + (col - m->first[row])]);
}

void
mass_envelope_add(struct mass_envelope *m, size_t p, size_t q, double weight)
{
	*entry(m, p > q ? p : q, p > q ? q : p) += weight;
}

void
mass_envelope_factor(struct mass_envelope *m)
{
	double *d, full, sum, x;
	size_t i, j, k;

	for (i = 0; i < m->n; i++) {
		/* L times D of this row */
		for (j = m->first[i]; j < i; j++) {
			k = m->first[j] > m->first[i] ? m->first[j] :
			    m->first[i];
			for (sum = 0; k < j; k++)
				sum += *entry(m, i, k) * *entry(m, j, k);
			*entry(m, i, j) -= sum;
		}
		d = entry(m, i, i);
		full = *d;
		for (k = m->first[i]; k < i; k++) {
			x = *entry(m, i, k) / *entry(m, k, k);
			*d -= x * *entry(m, i, k);
			*entry(m, i, k) = x;
		}
		if (!(*d > SMALLEST_PIVOT * full))
			*d = HUGE_VAL;
	}
}

void
mass_envelope_solve(const struct mass_envelope *m, double *b)
{
	size_t i, k;

	for (i = 0; i < m->n; i++)
		for (k = m->first[i]; k < i; k++)
			b[i] -= *entry(m, i, k) * b[k];
	for (i = 0; i < m->n; i++)
		b[i] /= *entry(m, i, i);
	for (i = m->n; i-- > 0;)
		for (k = m->first[i]; k < i; k++)
			b[k] -= *entry(m, i, k) * b[i];
}
