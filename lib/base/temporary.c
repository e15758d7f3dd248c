#include <ftw.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/temporary.h"

#define TRIES 100 /* other threads may still add to a directory */

struct temporary {
	struct temporary *next;
	char path[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct temporary *all;

enum ckpt_status
temporary_new(const char *path, struct temporary **out,
    struct ckpt_error *err)
{
	size_t n = strlen(path) + 1;
	struct temporary *t = malloc(sizeof(*t) + n);

	if (t == NULL)
		return (error_nomem(err, sizeof(*t) + n));
	memcpy(t->path, path, n);
	(void)pthread_mutex_lock(&lock);
	t->next = all;
	all = t;
	(void)pthread_mutex_unlock(&lock);
	*out = t;
	return (CKPT_OK);
}

void
temporary_begin(void)
{
	(void)pthread_mutex_lock(&lock);
}

void
temporary_end(struct temporary *t)
{
	struct temporary **p;

	for (p = &all; t != NULL && *p != NULL; p = &(*p)->next)
		if (*p == t) {
			*p = t->next;
			break;
		}
	(void)pthread_mutex_unlock(&lock);
	free(t);
}

static int
remove_one(const char *path, const struct stat *sb, int type,
    struct FTW *place)
{
	(void)sb;
	(void)type;
	(void)place;
	(void)remove(path);
	return (0);
}

void
temporary_remove_all(void)
{
	const struct temporary *t;
	unsigned i;

	/* never unlocked: who commits from now on comes too late */
	(void)pthread_mutex_lock(&lock);
	for (t = all; t != NULL; t = t->next)
		for (i = 0; i < TRIES && unlink(t->path) != 0 &&
		    access(t->path, F_OK) == 0; i++)
			(void)nftw(t->path, remove_one, 16,
			    FTW_DEPTH | FTW_PHYS);
}
