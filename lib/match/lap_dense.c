#include "match/lap_dense.h"

const struct lap_dense *
lap_dense_path(unsigned i)
{
	switch (i) {
#ifdef MATCH_X86_64
	case 0:
		return (__builtin_cpu_supports("avx512f") ?
		    &lap_dense_avx512 : NULL);
	case 1:
		return (__builtin_cpu_supports("avx2") ?
		    &lap_dense_avx2 : NULL);
#endif
	case LAP_DENSE_PATHS - 1:
		return (&lap_dense_generic);
	default:
		return (NULL);
	}
}

const struct lap_dense *
lap_dense_best(void)
{
	const struct lap_dense *d = NULL;
	unsigned i;

	for (i = 0; d == NULL; i++)
		d = lap_dense_path(i);
	return (d);
}
