/*
 * base: what everything stands on. Other folders include this header only.
 */
#ifndef CKPT_BASE_BASE_H
#define CKPT_BASE_BASE_H

#include "base/banned.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/dtype.h"
#include "base/endian.h"
#include "base/error.h"
#include "base/model.h"
#include "base/outfile.h"
#include "base/schema.h"
#include "base/spool.h"
#include "base/temporary.h"
#include "base/text.h"
#include "base/threads.h"

#endif
