/*
 * safefile: safetensors files made in memory.
 */
#ifndef CKPT_TESTS_SAFEFILE_H
#define CKPT_TESTS_SAFEFILE_H

#include "unit.h"
#include "foreign/foreign.h"

#define MEMORY ((uint64_t)32 << 20)

/* Texts of headers. */
#define F32(shape, offsets) \
	"{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
#define ONE(tensor) "{\"a\":" tensor "}"
#define GOOD F32("[1]", "[0,4]")

/* A file: length, header, `n_data` bytes of data. To be freed. */
unsigned char *safefile_make(const char *header, size_t n_header,
    size_t n_data, size_t *n);

/* Reads a file whole; the stream's checks at the end included. */
enum ckpt_status safefile_load(const void *file, size_t n, uint64_t memory,
    struct model *m, struct ckpt_error *err);

#endif
