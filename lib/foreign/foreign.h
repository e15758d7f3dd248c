/*
 * foreign: the formats of others. Sources and sinks of models, and data
 * sets. Inputs are told by their first bytes, never by their names.
 */
#ifndef CKPT_FOREIGN_FOREIGN_H
#define CKPT_FOREIGN_FOREIGN_H

#include "id/id.h"

/* One safetensors file: a source of one model. Takes `in` over. The header
 * is at most 100 MB and at most `memory` bytes. */
CKPT_CHECKED enum ckpt_status safetensors_open(struct bytes *in,
    const char *label, uint64_t memory, struct model_source **out,
    struct ckpt_error *err);

/* The same for many files of one collection: those that follow each other
 * with equal headers (but for their metadata) are parsed once and share one
 * schema. The cache outlives the source, of which one is in use at a time. */
struct safetensors_cache;
CKPT_CHECKED enum ckpt_status safetensors_cache_new(
    struct safetensors_cache **out, struct ckpt_error *err);
void safetensors_cache_free(struct safetensors_cache *c);
CKPT_CHECKED enum ckpt_status safetensors_open_cached(struct bytes *in,
    const char *label, uint64_t memory, struct safetensors_cache *cache,
    struct model_source **out, struct ckpt_error *err);

/* A directory of safetensors files, one a model, named by its label (with
 * ".safetensors" appended unless it is there). Refuses repeated and absolute
 * labels and "..". */
CKPT_CHECKED enum ckpt_status safetensors_dir_open(const char *dir,
    struct model_sink **out, struct ckpt_error *err);

/* The bytes inside a compressed stream (gzip, xz, zstd, bzip2, lz4, lzip,
 * compress, told by their magic), not random access. Takes `in` over. The
 * stream's checksums are verified, at the latest where its end is read. */
CKPT_CHECKED enum ckpt_status decompress_open(struct bytes *in,
    struct bytes **out, struct ckpt_error *err);

/* An archive (tar or zip) of models, read as a stream. `open_member` is
 * called for each regular member with its bytes (not random access; taken
 * over) and its path, and makes a source of it, or CKPT_END to skip it.
 * Errors name the member: "NAME!PATH". Takes `in` over. */
struct archive_options {
	const char *name; /* of the archive, for errors; may be NULL */
	void *arg;
	enum ckpt_status (*open_member)(void *arg, struct bytes *in,
	    const char *path, struct model_source **out,
	    struct ckpt_error *err);
};
CKPT_CHECKED enum ckpt_status archive_open(struct bytes *in,
    const struct archive_options *options, struct model_source **out,
    struct ckpt_error *err);

/* What the first bytes of an input say. */
enum foreign_kind {
	FOREIGN_UNKNOWN = 0,
	FOREIGN_EMPTY,
	FOREIGN_SAFETENSORS,
	FOREIGN_ARCHIVE,     /* tar or zip */
	FOREIGN_PACK,        /* ours: see pack/ */
	FOREIGN_TORCH_ZIP,   /* recognised, and refused by name */
	FOREIGN_TORCH_PICKLE,
	FOREIGN_NUMPY,
	FOREIGN_NPZ,
	FOREIGN_GGUF,
	FOREIGN_ONNX,
	FOREIGN_HDF5,
	FOREIGN_HTML,
	FOREIGN_COMPRESSED   /* gzip, xz, zstd, bzip2, lz4, lzip, compress */
};

/* Looks at the first bytes (peeks; nothing is consumed). */
CKPT_CHECKED enum ckpt_status foreign_detect(struct bytes *in,
    enum foreign_kind *out, struct ckpt_error *err);

/* "a PyTorch zip checkpoint (.pt)", for messages. */
const char *foreign_kind_name(enum foreign_kind kind);

/* A matrix (models x parameters) written as .npy as models pass by: rows of
 * the floating tensors, names in byte order, concatenated; f32, or f64 if a
 * tensor is. All models must have the same floating tensors. `path` as in
 * outfile_open; what cannot be written at places (a pipe) goes through a
 * temporary file. */
CKPT_CHECKED enum ckpt_status npy_matrix_open(const char *path,
    struct model_sink **out, struct ckpt_error *err);

/* An array in memory, row-major: of IDX or .npy files, compressed or not. */
struct array {
	enum ckpt_dtype dtype; /* little-endian in memory */
	unsigned n_dims;
	uint64_t dims[8];
	void *data;
	size_t n_bytes;
};
CKPT_CHECKED enum ckpt_status array_read(const char *path,
    uint64_t max_bytes, struct array *out, struct ckpt_error *err);
/* The same of a source, which it takes over. */
CKPT_CHECKED enum ckpt_status array_read_bytes(struct bytes *in,
    uint64_t max_bytes, struct array *out, struct ckpt_error *err);
void array_release(struct array *a);

/* Writes a .npy array whose dims are known, as data comes (little-endian,
 * row-major). `path` as in outfile_open. Each close frees the writer. */
struct npy_writer;
CKPT_CHECKED enum ckpt_status npy_writer_open(const char *path,
    enum ckpt_dtype dtype, unsigned n_dims, const uint64_t *dims,
    struct npy_writer **out, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status npy_writer_write(struct npy_writer *w,
    const void *data, size_t n, struct ckpt_error *err);
CKPT_CHECKED enum ckpt_status npy_writer_close(struct npy_writer *w,
    struct ckpt_error *err); /* CKPT_USAGE if bytes are missing */
void npy_writer_abort(struct npy_writer *w);

#endif
