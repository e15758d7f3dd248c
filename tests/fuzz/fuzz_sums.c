/*
 * Lists of sums: whatever is parsed is found again, each line once.
 */
#include "fuzz.h"
#include "sumlist.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct ckpt_error err = { .status = CKPT_OK };
	struct ckpt_id id = { { 0 } };
	struct sumlist *list;
	size_t i;

	if (sumlist_parse((const char *)data, n, &list, &err) != CKPT_OK) {
		if (err.text[0] == '\0')
			abort();
		return (0);
	}
	for (i = 0; i < sumlist_n(list); i++) {
		if (!sumlist_is_missing(list, i) &&
		    strlen(sumlist_label(list, i)) == 0)
			abort();
		if (sumlist_check(list, &id, sumlist_label(list, i)) ==
		    SUMLIST_UNLISTED)
			abort();
	}
	for (i = 0; i < sumlist_n(list); i++)
		if (sumlist_is_missing(list, i))
			abort();
	sumlist_free(list);
	return (0);
}
