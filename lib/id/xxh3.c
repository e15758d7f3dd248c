#include <xxhash.h>

#include "id/id.h"

uint64_t
xxh3_64(const void *data, size_t n)
{
	return (XXH3_64bits(data, n));
}
