/*
 * formats: what is done with an input by its kind, which its first bytes
 * tell.
 */
#ifndef CKPT_TOOLS_FORMATS_H
#define CKPT_TOOLS_FORMATS_H

#include "foreign/foreign.h"

bool formats_has_suffix(const char *s, const char *suffix);

/* The error for a format that is not read, or not read within an archive or
 * a compressed file. */
enum ckpt_status formats_refuse(enum foreign_kind kind, bool in_archive,
    struct ckpt_error *err);

/* Whether a file that nobody named (found in an archive or a directory) may
 * be passed over: it is no checkpoint, by its kind and by its name. */
bool formats_may_skip(enum foreign_kind kind, const char *name);

/* The label of a file: its path, without the suffix of a compression. To be
 * freed; NULL without memory. */
char *formats_label(const char *path, bool is_compressed);

#endif
