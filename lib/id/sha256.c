/*
 * sha256: by OpenSSL's plain functions, which allocate nothing. The EVP
 * interface allocates at each reset, so that a reset could fail, and what was
 * hashed after it would be wrong.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>

#include "id/id.h"

struct sha256 {
	SHA256_CTX ctx;
};

enum ckpt_status
sha256_new(struct sha256 **out, struct ckpt_error *err)
{
	struct sha256 *h = malloc(sizeof(*h));

	if (h == NULL)
		return (error_nomem(err, sizeof(*h)));
	sha256_reset(h);
	*out = h;
	return (CKPT_OK);
}

void
sha256_reset(struct sha256 *h)
{
	(void)SHA256_Init(&h->ctx);
}

void
sha256_update(struct sha256 *h, const void *data, size_t n)
{
	(void)SHA256_Update(&h->ctx, data, n);
}

void
sha256_final(struct sha256 *h, struct ckpt_id *out)
{
	(void)SHA256_Final(out->bytes, &h->ctx);
	sha256_reset(h);
}

void
sha256_free(struct sha256 *h)
{
	free(h);
}
