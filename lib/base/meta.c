#include "base/banned.h"
#include "base/error.h"
#include "base/model.h"

/* Index of the first entry whose key is not less than `key`. */
static size_t
lower_bound(const struct meta *m, const char *key)
{
	size_t low = 0, high = m->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(m->entries[mid].key, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

static bool
is_key(const char *key)
{
	size_t n = strlen(key);

	return (n >= 1 && n <= CKPT_MAX_KEY &&
	    strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n);
}

static enum ckpt_status
insert(struct meta *m, size_t i, char *key, char *value,
    struct ckpt_error *err)
{
	struct meta_entry *entries;

	if (m->n >= CKPT_MAX_META)
		return (error_set(err, CKPT_LIMIT,
		    "a record has more than %d metadata entries",
		    CKPT_MAX_META));
	entries = realloc(m->entries, (m->n + 1) * sizeof(*entries));
	if (entries == NULL)
		return (error_nomem(err, (m->n + 1) * sizeof(*entries)));
	m->entries = entries;
	memmove(entries + i + 1, entries + i, (m->n - i) * sizeof(*entries));
	entries[i].key = key;
	entries[i].value = value;
	m->n++;
	return (CKPT_OK);
}

enum ckpt_status
meta_set(struct meta *m, const char *key, const char *value,
    struct ckpt_error *err)
{
	size_t i;
	char *k = NULL, *v;
	enum ckpt_status st;

	if (!is_key(key))
		return (error_set(err, CKPT_USAGE,
		    "metadata key \"%.100s\": expected 1 to %d of the "
		    "characters a-z 0-9 . _ -", key, CKPT_MAX_KEY));
	if (strlen(value) > CKPT_MAX_VALUE)
		return (error_set(err, CKPT_LIMIT,
		    "the value of metadata key %.100s has %zu bytes; at most "
		    "%d are allowed", key, strlen(value), CKPT_MAX_VALUE));
	v = strdup(value);
	if (v == NULL)
		return (error_nomem(err, strlen(value)));
	i = lower_bound(m, key);
	if (i < m->n && strcmp(m->entries[i].key, key) == 0) {
		free(m->entries[i].value);
		m->entries[i].value = v;
		return (CKPT_OK);
	}
	st = CKPT_NO_MEMORY;
	k = strdup(key);
	if (k == NULL) {
		(void)error_nomem(err, strlen(key));
		goto err0;
	}
	st = insert(m, i, k, v, err);
	if (st != CKPT_OK)
		goto err0;
	return (CKPT_OK);

err0:
	free(k);
	free(v);
	return (st);
}

void
meta_remove(struct meta *m, const char *key)
{
	size_t i = lower_bound(m, key);

	if (i == m->n || strcmp(m->entries[i].key, key) != 0)
		return;
	free(m->entries[i].key);
	free(m->entries[i].value);
	m->n--;
	memmove(m->entries + i, m->entries + i + 1,
	    (m->n - i) * sizeof(*m->entries));
}

const char *
meta_get(const struct meta *m, const char *key)
{
	size_t i = lower_bound(m, key);

	if (i == m->n || strcmp(m->entries[i].key, key) != 0)
		return (NULL);
	return (m->entries[i].value);
}

enum ckpt_status
meta_copy(const struct meta *from, struct meta *to, struct ckpt_error *err)
{
	struct meta m = { 0, NULL };
	enum ckpt_status st;
	size_t i;

	for (i = 0; i < from->n; i++) {
		st = meta_set(&m, from->entries[i].key,
		    from->entries[i].value, err);
		if (st != CKPT_OK) {
			meta_release(&m);
			return (st);
		}
	}
	*to = m;
	return (CKPT_OK);
}

void
meta_release(struct meta *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		free(m->entries[i].key);
		free(m->entries[i].value);
	}
	free(m->entries);
	m->entries = NULL;
	m->n = 0;
}
