#include "codec/plane_kernel.h"

const struct plane_kernel *
plane_kernel_at(unsigned i)
{
	switch (i) {
#ifdef CODEC_X86_64
	case 0:
		return (__builtin_cpu_supports("avx512f") &&
		    __builtin_cpu_supports("avx512bw") &&
		    __builtin_cpu_supports("avx512cd") &&
		    __builtin_cpu_supports("avx512vbmi2") &&
		    __builtin_cpu_supports("avx512vl") &&
		    __builtin_cpu_supports("bmi2") ?
		    &plane_kernel_avx512 : NULL);
	case 1:
		return (__builtin_cpu_supports("avx2") &&
		    __builtin_cpu_supports("bmi2") ?
		    &plane_kernel_avx2 : NULL);
#endif
	case PLANE_KERNELS - 1:
		return (&plane_kernel_generic);
	default:
		return (NULL);
	}
}

const struct plane_kernel *
plane_kernel_best(void)
{
	const struct plane_kernel *k = NULL;
	unsigned i;

	for (i = 0; k == NULL; i++)
		k = plane_kernel_at(i);
	return (k);
}
