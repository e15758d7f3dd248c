#include "match/gemm.h"

gemm_add *
gemm_path(unsigned i)
{
	switch (i) {
#ifdef MATCH_X86_64
	case 0:
		return (__builtin_cpu_supports("avx512f") ? gemm_avx512 :
		    NULL);
	case 1:
		return (__builtin_cpu_supports("avx2") &&
		    __builtin_cpu_supports("fma") ? gemm_avx2 : NULL);
#endif
	case GEMM_PATHS - 1:
		return (gemm_generic);
	default:
		return (NULL);
	}
}

gemm_add *
gemm_best(void)
{
	gemm_add *f = NULL;
	unsigned i;

	for (i = 0; f == NULL; i++)
		f = gemm_path(i);
	return (f);
}
