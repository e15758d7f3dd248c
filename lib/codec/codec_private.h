/*
 * codec_private: the contexts behind struct codec, made at first use.
 */
#ifndef CKPT_CODEC_CODEC_PRIVATE_H
#define CKPT_CODEC_CODEC_PRIVATE_H

#include <zstd.h>

#include "codec/delta.h"

struct codec {
	ZSTD_CCtx *zstd_encoder; /* or NULL */
	ZSTD_DCtx *zstd_decoder; /* or NULL */
	struct planes_work *planes; /* or NULL */
};

#endif
