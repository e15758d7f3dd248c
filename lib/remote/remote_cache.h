/*
 * remote_cache: partial downloads on disk.
 *
 * An entry is the SHA-256 of its URL (as shown) in hex and three suffixes:
 *   .part  the bytes, from the first; its size is how many there are
 *   .json  what is known of the file on the server
 *   .lock  held with flock while the entry is written
 * The .json is complete before the first byte enters .part, and removed
 * before .part is: whenever the process dies, what is left fits together.
 * A .part is never rewritten: to start anew is to make a new file, so that
 * who still reads the old one keeps it.
 *
 * If the machine goes down, the size of .part may have reached the disk
 * before the bytes. So the .json counts the bytes that were synced, now and
 * then, and names the boot of the system: after another boot only these are
 * believed, and a .part is cut down to them.
 */
#ifndef CKPT_REMOTE_REMOTE_CACHE_H
#define CKPT_REMOTE_REMOTE_CACHE_H

#include <sys/types.h>

#include "remote/remote_head.h"

struct remote_cache {
	char *part, *json, *lock; /* paths */
	char *url;            /* as shown */
	int lock_fd;          /* -1: not locked */
	int fd;               /* of .part, or -1 once it was given away */
	dev_t dev;            /* of .part */
	ino_t ino;
	uint64_t done;        /* bytes in .part */
	uint64_t synced;      /* of them, by the .json */
	uint64_t total;       /* of the file, or REMOTE_UNKNOWN */
	char etag[REMOTE_MAX_VALIDATOR]; /* strong, or "" */
	char last_modified[64];          /* usable, or "" */
	unsigned n_responses; /* that have added bytes to .part */
};

/* Opens and locks the entry, waiting for another process that has it. */
CKPT_CHECKED enum ckpt_status remote_cache_open(const char *url,
    const struct remote_options *o, struct remote_cache **out,
    struct ckpt_error *err);

/* Forgets what is there; the next byte is the file's first. */
CKPT_CHECKED enum ckpt_status remote_cache_restart(struct remote_cache *c,
    struct ckpt_error *err);

/* Reads the .json; false if it is missing or not of this URL. *same_boot
 * tells whether it was written since the system was booted. Private to the
 * cache. */
bool remote_cache_load(struct remote_cache *c, bool *same_boot);

/* Syncs .part, and keeps etag, last_modified, total, n_responses and the
 * number of bytes. */
CKPT_CHECKED enum ckpt_status remote_cache_save(struct remote_cache *c,
    struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status remote_cache_append(struct remote_cache *c,
    const void *data, size_t n, struct ckpt_error *err);

/* For an entry that is to stay, also one that was given away: saves it if it
 * is still there and nobody has it. Without effect if that fails. */
void remote_cache_settle(struct remote_cache *c);

/* Lets other processes have the entry. */
void remote_cache_unlock(struct remote_cache *c);

/* Removes the entry from the disk if it is still the one that was opened,
 * and closes. */
void remote_cache_remove(struct remote_cache *c);

/* Closes; what is there stays. NULL does nothing. */
void remote_cache_close(struct remote_cache *c);

#endif
