/*
 * header: the header of a safetensors file, a JSON object in UTF-8.
 *
 * Errors have offsets in the file, whose first 8 bytes are the header's
 * length.
 */
#ifndef CKPT_FOREIGN_HEADER_H
#define CKPT_FOREIGN_HEADER_H

#include "base/base.h"

#define HEADER_PREFIX 8      /* bytes of the length in front of it */
#define HEADER_MAX 100000000 /* bytes, the reference reader's limit */

/* The __metadata__ object's own text in a header: text[start .. start + n).
 * n is 0 if there is none. */
struct header_meta {
	size_t start;
	size_t n;
};

/* Parses and checks a whole header: grammar, names, dtypes, shapes, sizes,
 * and that the tensors cover the data without holes or overlaps. *out is a
 * finished schema in the order of the data, with its layout. */
CKPT_CHECKED enum ckpt_status header_parse(const unsigned char *text,
    size_t n, struct schema **out, struct header_meta *meta,
    struct ckpt_error *err);

/* Reads a metadata object at the scan's position: strings to strings, keys
 * unique. */
struct scan;
CKPT_CHECKED enum ckpt_status header_meta_skip(struct scan *s,
    struct ckpt_error *err);

/* Checks that `text` is one metadata object and nothing else. `base`: the
 * offset of text[0] in the file. */
CKPT_CHECKED enum ckpt_status header_meta_check(const unsigned char *text,
    size_t n, uint64_t base, struct ckpt_error *err);

/* Appends the canonical header of a schema, as the reference writer makes
 * it: the metadata first, tensors by dtype (wide ones first) and name,
 * compact, padded with spaces to 8 bytes. `meta` (n_meta bytes, or NULL) is
 * the metadata object's text. order[i] becomes the index in the schema of
 * the i-th tensor in the file; n_tensors entries. */
CKPT_CHECKED enum ckpt_status header_print(const struct schema *s,
    const unsigned char *meta, size_t n_meta, size_t *order,
    struct buf *out, struct ckpt_error *err);

#endif
