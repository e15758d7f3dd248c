/*
 * packs: random schemas, models and packs for the tests of the pack, from a
 * seed, so that a failure can be repeated.
 */
#ifndef CKPT_TESTS_PACKS_H
#define CKPT_TESTS_PACKS_H

#include "pack/pack.h"

struct packs_random {
	uint64_t state;
};

uint64_t packs_next(struct packs_random *r);
uint64_t packs_below(struct packs_random *r, uint64_t n);

/* A schema of up to `max_tensors` tensors of up to about `max_bytes`. */
struct schema *packs_schema(struct packs_random *r, size_t max_tensors,
    uint64_t max_bytes);

/* A model of that schema with random metadata and compressible data. */
struct model packs_model(struct packs_random *r, struct schema *s,
    const char *label);

/* A collection of models in memory. */
struct packs_set {
	size_t n;
	struct model *models;
};

/* Up to `max_models` of several schemas in runs; some labels repeat. */
struct packs_set packs_set_new(struct packs_random *r, size_t max_models,
    size_t max_tensors, uint64_t max_bytes);
void packs_set_free(struct packs_set *set);

/* A file in memory. */
struct packs_file {
	unsigned char *data;
	size_t n;
};

/* Writes a set as a pack, with its bytes in pieces of random sizes. */
struct packs_file packs_write(const struct packs_set *set,
    const struct pack_writer_options *options, struct packs_random *r);
void packs_file_free(struct packs_file *f);

/* `n` models "m0", "m1", ... of two u8 tensors, "a" and "b", of these
 * numbers of bytes. */
struct packs_set packs_set_two(struct packs_random *r, size_t n, uint64_t a,
    uint64_t b);

/* One after the other, as cat does. */
struct packs_file packs_join(const struct packs_file *a,
    const struct packs_file *b);

/* Asserts that a model has tensors of the expected one only, unchanged. */
void packs_same_tensors(const struct model *m, const struct model *expected);

/* Asserts that two heads are equal. */
void packs_same_head(const struct model_head *a, const struct model_head *b);

/* Reads a pack and asserts that it holds `set`, confirming the IDs. */
void packs_same(const struct packs_file *f, const struct packs_set *set,
    const struct pack_reader_options *options, struct packs_random *r);

/* Reads a pack to its end or to its first error, which is returned. */
enum ckpt_status packs_read(const void *data, size_t n, bool confirm,
    struct ckpt_error *err);

#endif
