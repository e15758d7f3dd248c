#include <pthread.h>

#include "pack/page_cache.h"

#define N_BUCKETS 1024

struct page_cache {
	pthread_mutex_t lock;
	size_t budget, used;
	struct cached_page *newest, *oldest;
	struct cached_page *buckets[N_BUCKETS];
};

enum ckpt_status
page_cache_new(size_t budget, struct page_cache **out,
    struct ckpt_error *err)
{
	struct page_cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return (error_nomem(err, sizeof(*c)));
	c->budget = budget;
	(void)pthread_mutex_init(&c->lock, NULL);
	*out = c;
	return (CKPT_OK);
}

static struct cached_page **
bucket_of(struct page_cache *c, uint64_t offset)
{
	return (&c->buckets[(offset * 0x9E3779B97F4A7C15) >> 54]);
}

static size_t
cost_of(const struct cached_page *p)
{
	return (p->n + sizeof(*p));
}

static void
unlink_age(struct page_cache *c, struct cached_page *p)
{
	*(p->newer != NULL ? &p->newer->older : &c->newest) = p->older;
	*(p->older != NULL ? &p->older->newer : &c->oldest) = p->newer;
}

static void
link_newest(struct page_cache *c, struct cached_page *p)
{
	p->newer = NULL;
	p->older = c->newest;
	*(c->newest != NULL ? &c->newest->newer : &c->oldest) = p;
	c->newest = p;
}

/* The cache's own use of the page ends. */
static void
drop(struct page_cache *c, struct cached_page *p)
{
	struct cached_page **at = bucket_of(c, p->offset);

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	unlink_age(c, p);
	c->used -= cost_of(p);
	if (--p->uses == 0)
		free(p);
}

void
page_cache_free(struct page_cache *c)
{
	if (c == NULL)
		return;
	while (c->oldest != NULL)
		drop(c, c->oldest);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

struct cached_page *
page_cache_make(uint32_t n)
{
	struct cached_page *p = malloc(sizeof(*p) + n);

	if (p == NULL)
		return (NULL);
	memset(p, 0, sizeof(*p));
	p->n = n;
	p->uses = 1;
	return (p);
}

static struct cached_page *
find(struct page_cache *c, uint64_t offset, uint32_t stored)
{
	struct cached_page *p = *bucket_of(c, offset);

	while (p != NULL && (p->offset != offset || p->stored != stored))
		p = p->next;
	return (p);
}

void
page_cache_put(struct page_cache *c, struct cached_page *p)
{
	struct cached_page **bucket;

	if (c == NULL || cost_of(p) > c->budget)
		return;
	(void)pthread_mutex_lock(&c->lock);
	if (find(c, p->offset, p->stored) == NULL) {
		while (c->used > c->budget - cost_of(p))
			drop(c, c->oldest);
		bucket = bucket_of(c, p->offset);
		p->next = *bucket;
		*bucket = p;
		link_newest(c, p);
		p->uses++;
		c->used += cost_of(p);
	}
	(void)pthread_mutex_unlock(&c->lock);
}

struct cached_page *
page_cache_get(struct page_cache *c, uint64_t offset, uint32_t stored)
{
	struct cached_page *p;

	if (c == NULL)
		return (NULL);
	(void)pthread_mutex_lock(&c->lock);
	p = find(c, offset, stored);
	if (p != NULL) {
		unlink_age(c, p);
		link_newest(c, p);
		p->uses++;
	}
	(void)pthread_mutex_unlock(&c->lock);
	return (p);
}

void
page_cache_leave(struct page_cache *c, struct cached_page *p)
{
	unsigned uses;

	if (p == NULL)
		return;
	if (c != NULL)
		(void)pthread_mutex_lock(&c->lock);
	uses = --p->uses;
	if (c != NULL)
		(void)pthread_mutex_unlock(&c->lock);
	if (uses == 0)
		free(p);
}
