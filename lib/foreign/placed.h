/*
 * placed: writes to places of a file, joined where they follow each other.
 */
#ifndef CKPT_FOREIGN_PLACED_H
#define CKPT_FOREIGN_PLACED_H

#include "base/base.h"

struct placed {
	int fd;          /* not owned */
	struct buf buf;  /* bytes that belong at `offset`, not yet written */
	uint64_t offset;
};

void placed_init(struct placed *p);
void placed_release(struct placed *p);

/* Forgets what is not written and goes on with another file. */
void placed_begin(struct placed *p, int fd);

CKPT_CHECKED enum ckpt_status placed_put(struct placed *p, const void *data,
    size_t n, uint64_t offset, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status placed_flush(struct placed *p,
    struct ckpt_error *err);

#endif
