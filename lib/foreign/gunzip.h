/*
 * gunzip: the bytes inside a gzip stream.
 *
 * libarchive decodes gzip too, but does not compare the stream's CRC.
 */
#ifndef CKPT_FOREIGN_GUNZIP_H
#define CKPT_FOREIGN_GUNZIP_H

#include "base/base.h"

/* Takes `in` over. Members one after another are one stream; zeros may
 * follow the last. */
CKPT_CHECKED enum ckpt_status gunzip_open(struct bytes *in,
    struct bytes **out, struct ckpt_error *err);

#endif
