/*
 * nn_path: which instruction sets there are, asked at run time.
 */
#include "nn/nn_plan.h"

const struct kernel *
nn_path_kernel(enum nn_path path)
{
	switch (path) {
	case NN_PATH_GENERIC:
		return (&kernel_generic);
#ifdef NN_X86_64
	case NN_PATH_AVX2:
		if (__builtin_cpu_supports("avx2") &&
		    __builtin_cpu_supports("fma"))
			return (&kernel_avx2);
		return (NULL);
	case NN_PATH_AVX512:
		if (__builtin_cpu_supports("avx512f"))
			return (&kernel_avx512);
		return (NULL);
#else
	case NN_PATH_AVX2:
	case NN_PATH_AVX512:
		return (NULL);
#endif
	case NN_PATH_BEST:
		break;
	}
	return (NULL);
}

bool
nn_path_available(enum nn_path path)
{
	return (path == NN_PATH_BEST || nn_path_kernel(path) != NULL);
}

const char *
nn_path_name(enum nn_path path)
{
	static const char *const names[] = {
		"best", "generic", "avx2", "avx512"
	};

	return ((unsigned)path < 4 ? names[path] : "?");
}
