/*
 * ckpt.h: the public interface of libckpt, a content-addressed format for
 * collections of neural-network checkpoints.
 *
 * Errors.  Every function that can fail returns an enum ckpt_status, of
 * which CKPT_OK is 0, and fills the caller's struct ckpt_error, which may be
 * NULL.  On error no output argument is modified unless its comment says so.
 * The library never prints, exits, aborts on input, nor touches signals, the
 * locale or the environment.
 *
 * Threads.  Objects are not locked: one object, one thread at a time.
 * Different objects may be used by different threads at once.
 *
 * Released under the Apache License 2.0; see COPYING.
 */
#ifndef CKPT_H
#define CKPT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CKPT_CHECKED __attribute__((warn_unused_result))
#else
#define CKPT_CHECKED
#endif

/* Whose fault it is. The values are part of the interface. */
enum ckpt_status {
	CKPT_OK = 0,
	CKPT_END = 1,       /* no further model: not an error */
	CKPT_NOT_OURS = 2,  /* the input is not of the expected format at all */
	CKPT_NEWER = 3,     /* an unknown value under a good checksum */
	CKPT_CORRUPT = 4,   /* damaged, or in contradiction with itself */
	CKPT_TRUNCATED = 5, /* the input ends too early */
	CKPT_NO_MEMORY = 6, /* malloc failed */
	CKPT_LIMIT = 7,     /* a stated limit or the budget is exceeded */
	CKPT_USAGE = 8,     /* the caller's mistake: a bad argument */
	CKPT_SYSTEM = 9,    /* the system refused: see sys_errno */
	CKPT_INVALID = 10,  /* a text or a foreign file breaks its own rules */
	CKPT_MISMATCH = 11, /* an ID or a hash differs from the one stated */
	CKPT_CANCELLED = 12 /* a callback asked to stop */
};

#define CKPT_NO_OFFSET UINT64_MAX

/* What went wrong. Owned by the caller; zero it before the first use. */
struct ckpt_error {
	enum ckpt_status status;
	int sys_errno;      /* errno where status is CKPT_SYSTEM, else 0 */
	uint64_t offset;    /* byte offset in the input, or CKPT_NO_OFFSET */
	uint64_t line;      /* line of a text input, counted from 1, or 0 */
	char section[16];   /* of the specification: "15.4" is of ckpt-pack.md;
	                       others are named: "ckpt-store 5"; or "" */
	char where[512];    /* the input's name as far as known, or "" */
	char text[512];     /* one line: what was found, what was expected */
};

/* An ID: the bytes of a SHA-256. */
struct ckpt_id {
	unsigned char bytes[32];
};

/* The dtypes of safetensors. The values are those of the pack format. */
enum ckpt_dtype {
	CKPT_BOOL = 1,
	CKPT_U8 = 2,
	CKPT_U16 = 3,
	CKPT_U32 = 4,
	CKPT_U64 = 5,
	CKPT_I8 = 6,
	CKPT_I16 = 7,
	CKPT_I32 = 8,
	CKPT_I64 = 9,
	CKPT_F16 = 10,
	CKPT_BF16 = 11,
	CKPT_F32 = 12,
	CKPT_F64 = 13,
	CKPT_C64 = 14,
	CKPT_F8_E5M2 = 15,
	CKPT_F8_E4M3 = 16,
	CKPT_F8_E5M2FNUZ = 17,
	CKPT_F8_E4M3FNUZ = 18,
	CKPT_F8_E8M0 = 19,
	CKPT_F6_E2M3 = 20,
	CKPT_F6_E3M2 = 21,
	CKPT_F4 = 22
};

/* Stated maxima: every length in an input is checked against them. */
#define CKPT_MAX_DIMS 64          /* dimensions of a tensor */
#define CKPT_MAX_NAME 65535       /* bytes of a tensor's name */
#define CKPT_MAX_LABEL 65535      /* bytes of a label */
#define CKPT_MAX_TENSORS 1000000  /* tensors of a model */
#define CKPT_MAX_META 1024        /* metadata entries of a record */
#define CKPT_MAX_KEY 255          /* bytes of a metadata key */
#define CKPT_MAX_VALUE 16777216   /* bytes of a metadata value */

/* ---- IDs: format-spec/ckpt-ids.md ---- */

#define CKPT_ID_HEX_SIZE 65 /* 64 hex digits and a NUL */

/* Version of the library, "0.1.0". */
const char *ckpt_version(void);

/* Name of a dtype as IDs and listings write it ("bf16"), or NULL. */
const char *ckpt_dtype_name(enum ckpt_dtype dtype);

/* Writes an ID as 64 lower-case hex digits and a NUL. */
void ckpt_id_hex(const struct ckpt_id *id, char out[CKPT_ID_HEX_SIZE]);

/* Reads 64 lower-case hex digits, followed by nothing: CKPT_INVALID. */
CKPT_CHECKED enum ckpt_status ckpt_id_parse(const char *hex,
    struct ckpt_id *out, struct ckpt_error *err);

/* ID of a tensor whose elements lie at `data`, little-endian, row-major,
 * contiguous. `n_bytes`: their size, which must be the shape's (CKPT_USAGE
 * if it is not). */
CKPT_CHECKED enum ckpt_status ckpt_tensor_id(enum ckpt_dtype dtype,
    unsigned n_dims, const uint64_t *dims, const void *data, size_t n_bytes,
    struct ckpt_id *out, struct ckpt_error *err);

/* ID of a model of `n` tensors, given in any order. CKPT_INVALID for a name
 * that is not allowed or stands twice. */
CKPT_CHECKED enum ckpt_status ckpt_model_id(const char *const *names,
    const struct ckpt_id *tensor_ids, size_t n, struct ckpt_id *out,
    struct ckpt_error *err);

/* ID of a record: a model with a label and `n` entries of metadata, given in
 * any order. CKPT_USAGE for a bad key or a key that stands twice. */
CKPT_CHECKED enum ckpt_status ckpt_record_id(const struct ckpt_id *model,
    const char *label, const char *const *keys, const char *const *values,
    size_t n, struct ckpt_id *out, struct ckpt_error *err);

/* ID of a release of `n` records in this order. */
CKPT_CHECKED enum ckpt_status ckpt_release_id(const struct ckpt_id *records,
    size_t n, struct ckpt_id *out, struct ckpt_error *err);

/* ---- packs: format-spec/ckpt-pack.md ---- */

/* A tensor's description. */
struct ckpt_tensor {
	const char *name;     /* UTF-8, 1 to CKPT_MAX_NAME bytes */
	enum ckpt_dtype dtype;
	unsigned n_dims;      /* 0 for a scalar */
	const uint64_t *dims;
	uint64_t n_bytes;     /* set by the reader; the writer ignores it */
};

/*
 * Writes a pack front to back, into a pipe or a file:
 *
 *	ckpt_writer_open
 *	for each model
 *		ckpt_writer_begin
 *		ckpt_writer_write, until all bytes of its tensors are written
 *		ckpt_writer_end
 *	ckpt_writer_close
 *
 * An error, be it the caller's (a call out of order: CKPT_USAGE), ends it:
 * all calls that follow give the same error, also ckpt_writer_close, which
 * then does as ckpt_writer_abort.
 */
struct ckpt_writer;

/* `fd` stays the caller's. Memory is about 16 MiB and 7 MiB a thread;
 * the bytes that are written do not depend on `n_threads`. */
CKPT_CHECKED enum ckpt_status ckpt_writer_open(int fd, unsigned n_threads,
    struct ckpt_writer **out, struct ckpt_error *err);

/* An archive: tensors that it has stored already, or near ones, are referred
 * to. `fd` is a regular file, open for reading too, at its beginning. A model
 * of more than 64 KiB is held in memory, and the one before it, up to 256 MiB.
 */
CKPT_CHECKED enum ckpt_status ckpt_writer_open_archive(int fd,
    unsigned n_threads, struct ckpt_writer **out, struct ckpt_error *err);

/* A model: `n` tensors in the order in which their bytes will follow, and
 * `n_meta` entries of metadata (keys of [a-z0-9._-], in any order). */
CKPT_CHECKED enum ckpt_status ckpt_writer_begin(struct ckpt_writer *w,
    const char *label, const struct ckpt_tensor *tensors, size_t n,
    const char *const *keys, const char *const *values, size_t n_meta,
    struct ckpt_error *err);

/* The next `n` bytes of the model, little-endian, row-major. */
CKPT_CHECKED enum ckpt_status ckpt_writer_write(struct ckpt_writer *w,
    const void *data, size_t n, struct ckpt_error *err);

CKPT_CHECKED enum ckpt_status ckpt_writer_end(struct ckpt_writer *w,
    struct ckpt_error *err);

/* Writes what is left and the end, and frees the writer, also on error.
 * CKPT_USAGE if the last model was not ended. */
CKPT_CHECKED enum ckpt_status ckpt_writer_close(struct ckpt_writer *w,
    struct ckpt_error *err);

/* Frees the writer; the pack stays without its end, that is truncated. */
void ckpt_writer_abort(struct ckpt_writer *w); /* NULL does nothing */

/*
 * Reads a pack front to back, from a pipe or a file. Every byte is checked
 * before it is handed out, and when the last byte of a model has been read
 * its IDs are computed and compared with the pack's (CKPT_MISMATCH). An error
 * other than CKPT_USAGE is given again by all calls that follow.
 */
struct ckpt_reader;

/* `fd` is the reader's from now on, also on failure. `memory`: budget for
 * schemas, heads and indexes, in bytes; 0: 32 MiB. */
CKPT_CHECKED enum ckpt_status ckpt_reader_open(int fd, unsigned n_threads,
    uint64_t memory, struct ckpt_reader **out, struct ckpt_error *err);

/* Goes on to the next model, or CKPT_END. What was not read is skipped. */
CKPT_CHECKED enum ckpt_status ckpt_reader_next(struct ckpt_reader *r,
    struct ckpt_error *err);

/* Of the current model; texts are valid until the next one. The label is NULL
 * if there is none; a tensor or an entry beyond the last is all NULL and 0. */
const char *ckpt_reader_label(const struct ckpt_reader *r);
size_t ckpt_reader_n_tensors(const struct ckpt_reader *r);
void ckpt_reader_tensor(const struct ckpt_reader *r, size_t i,
    struct ckpt_tensor *out);
size_t ckpt_reader_n_meta(const struct ckpt_reader *r);
void ckpt_reader_meta(const struct ckpt_reader *r, size_t i,
    const char **key, const char **value);

/* Exactly the next `n` bytes of the model's tensors, which follow one
 * another in order; CKPT_USAGE beyond their end. */
CKPT_CHECKED enum ckpt_status ckpt_reader_read(struct ckpt_reader *r,
    void *out, size_t n, struct ckpt_error *err);

/* ID of the current model: CKPT_USAGE unless it has been read whole. */
CKPT_CHECKED enum ckpt_status ckpt_reader_model_id(
    const struct ckpt_reader *r, struct ckpt_id *out,
    struct ckpt_error *err);

void ckpt_reader_close(struct ckpt_reader *r); /* NULL does nothing */

/* Progress: called after each piece that is read or written with the bytes
 * of weights so far; an answer other than 0 ends the call with
 * CKPT_CANCELLED, an error as others are: a close commits nothing. */
typedef int (*ckpt_progress)(void *arg, uint64_t n_bytes);
void ckpt_writer_watch(struct ckpt_writer *w, ckpt_progress watch, void *arg);
void ckpt_reader_watch(struct ckpt_reader *r, ckpt_progress watch, void *arg);

/*
 * Gets single tensors out of a pack in a file: one read a part when it is
 * opened, two for a tensor, one more for each reference of an archive (at most
 * 8 one after another). Models are counted from 0.
 */
struct ckpt_index;

/* `fd` is the index's from now on, also on failure. `memory` as of
 * ckpt_reader_open. CKPT_TRUNCATED if the pack has no end. */
CKPT_CHECKED enum ckpt_status ckpt_index_open(int fd, uint64_t memory,
    struct ckpt_index **out, struct ckpt_error *err);

uint64_t ckpt_index_n_models(const struct ckpt_index *x);

/* The first model of that label; CKPT_END if there is none. */
CKPT_CHECKED enum ckpt_status ckpt_index_find(struct ckpt_index *x,
    const char *label, uint64_t *model, struct ckpt_error *err);

/* Goes to a model, which the next functions are about. CKPT_USAGE if there
 * is no such one. Texts are valid until the next one; before the first the
 * label is NULL. A tensor beyond the last is all NULL and 0. */
CKPT_CHECKED enum ckpt_status ckpt_index_go(struct ckpt_index *x,
    uint64_t model, struct ckpt_error *err);
const char *ckpt_index_label(const struct ckpt_index *x);
size_t ckpt_index_n_tensors(const struct ckpt_index *x);
void ckpt_index_tensor(const struct ckpt_index *x, size_t i,
    struct ckpt_tensor *out);

/* The number of the tensor of that name, or the number of tensors. */
size_t ckpt_index_tensor_named(const struct ckpt_index *x, const char *name);

/* All bytes of a tensor, of which there are ckpt_tensor.n_bytes; each page is
 * checked. */
CKPT_CHECKED enum ckpt_status ckpt_index_read(struct ckpt_index *x, size_t i,
    void *out, struct ckpt_error *err);

void ckpt_index_close(struct ckpt_index *x); /* NULL does nothing */

/* ---- stores: format-spec/ckpt-store.md ---- */

/* A directory that holds models. Any number of processes may use it at
 * once, each through an object of its own. */
struct ckpt_store;

/* Makes a new or empty directory a store; one that is stays as it is. */
CKPT_CHECKED enum ckpt_status ckpt_store_init(const char *path,
    struct ckpt_error *err);

/* `read_only`: not 0 if nothing will be added. `n_threads`, `memory`: as of
 * ckpt_writer_open and ckpt_reader_open. CKPT_NOT_OURS if it is no store. */
CKPT_CHECKED enum ckpt_status ckpt_store_open(const char *path,
    int read_only, unsigned n_threads, uint64_t memory,
    struct ckpt_store **out, struct ckpt_error *err);

/* After its writers and readers. NULL does nothing. */
void ckpt_store_close(struct ckpt_store *s);

/* A writer into the store: its ckpt_writer_close puts all models in at once
 * and durably, or on error none. */
CKPT_CHECKED enum ckpt_status ckpt_store_add(struct ckpt_store *s,
    struct ckpt_writer **out, struct ckpt_error *err);

/* A reader of the models whose label matches `pattern` (glob(7), where '*'
 * also matches '/') or whose model or record ID begins with it (8 digits or
 * more); NULL: of all. */
CKPT_CHECKED enum ckpt_status ckpt_store_get(struct ckpt_store *s,
    const char *pattern, struct ckpt_reader **out, struct ckpt_error *err);

#ifdef __cplusplus
}
#endif
#endif
