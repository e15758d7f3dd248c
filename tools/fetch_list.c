#include "fetch.h"

enum ckpt_status
fetch_list_add(struct fetch_list *l, const char *text,
    struct ckpt_error *err)
{
	char **items, *copy;

	if (l->n >= FETCH_MAX_LIST)
		return (error_set(err, CKPT_LIMIT, "more than %d values",
		    FETCH_MAX_LIST));
	copy = strdup(text);
	if (copy == NULL)
		return (error_nomem(err, strlen(text)));
	items = realloc(l->items, (l->n + 2) * sizeof(*items));
	if (items == NULL) {
		free(copy);
		return (error_nomem(err, l->n));
	}
	items[l->n++] = copy;
	items[l->n] = NULL;
	l->items = items;
	return (CKPT_OK);
}

void
fetch_list_release(struct fetch_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->items[i]);
	free(l->items);
	l->items = NULL;
	l->n = 0;
}
