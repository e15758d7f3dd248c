/*
 * remote_transfer: brings a cache entry to completion, by one request after
 * another.
 */
#ifndef CKPT_REMOTE_REMOTE_TRANSFER_H
#define CKPT_REMOTE_REMOTE_TRANSFER_H

#include "remote/remote_cache.h"

/* Until all bytes of the file are in `c`. `provable`: the caller knows the
 * hash, so that what has no validator may be resumed nevertheless. A
 * complete entry is taken if the server says that it has not changed. Sets
 * *reused if bytes of an earlier call are still in it. */
CKPT_CHECKED enum ckpt_status remote_transfer(const char *url,
    struct remote_cache *c, bool provable, const struct remote_options *o,
    bool *reused, struct ckpt_error *err);

#endif
