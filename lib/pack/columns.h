/*
 * columns: how the bytes of a group's models fall into pages (7).
 *
 * Columns follow the schema's order, one a tensor. A page holds as many
 * whole rows (one model's tensor each) as fit into WIRE_MAX_PAGE bytes, or,
 * where one row is larger, one piece of WIRE_MAX_PAGE bytes (the last of a
 * row is shorter). A column of rows without bytes has no pages.
 */
#ifndef CKPT_PACK_COLUMNS_H
#define CKPT_PACK_COLUMNS_H

#include "base/base.h"

/* What one page holds: `n_rows` whole rows from `row` on (begin is 0), or
 * `n_bytes` bytes of the one row `row` from its byte `begin` on. */
struct columns_page {
	uint64_t row;
	uint64_t n_rows;
	uint64_t begin;
	uint32_t n_bytes; /* raw bytes of the page */
};

/* Pages of the column of a tensor with `row_bytes` bytes a row. */
uint64_t columns_n_pages(uint64_t row_bytes, uint64_t n_rows);

/* Page `page` of that column. */
void columns_page(uint64_t row_bytes, uint64_t n_rows, uint64_t page,
    struct columns_page *out);

/* Pages of the whole group. CKPT_LIMIT if they are more than 2^32 - 1. */
CKPT_CHECKED enum ckpt_status columns_total(const struct schema *s,
    uint64_t n_rows, uint32_t *out, struct ckpt_error *err);

/* A position in the pages of a group, in their order. */
struct columns_cursor {
	const struct schema *schema;
	uint64_t n_rows;
	size_t tensor;          /* n_tensors at the end */
	uint64_t page;          /* in the column */
	uint64_t n_pages;       /* of the column */
};

void columns_begin(struct columns_cursor *c, const struct schema *s,
    uint64_t n_rows);

/* Goes on to page `page` of the column of `tensor`. */
void columns_seek(struct columns_cursor *c, size_t tensor, uint64_t page);

/* The next page and its tensor, or false at the end. */
bool columns_next(struct columns_cursor *c, size_t *tensor,
    struct columns_page *page);

/* Copies a page's rows from models that lie one after another at `rows`
 * (schema->n_bytes each) into `page`, and back. */
void columns_gather(const struct schema *s, size_t tensor,
    const struct columns_page *p, const unsigned char *rows,
    unsigned char *page);
void columns_scatter(const struct schema *s, size_t tensor,
    const struct columns_page *p, unsigned char *rows,
    const unsigned char *page);

#endif
