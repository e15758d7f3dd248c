#include <openssl/evp.h>

#include "id/id.h"

struct sha256 {
	EVP_MD_CTX *ctx;
	EVP_MD *md; /* fetched once: fetching costs more than small hashes */
};

enum ckpt_status
sha256_new(struct sha256 **out, struct ckpt_error *err)
{
	struct sha256 *h = malloc(sizeof(*h));

	if (h == NULL)
		return (error_nomem(err, sizeof(*h)));
	h->ctx = EVP_MD_CTX_new();
	h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (h->ctx == NULL || h->md == NULL ||
	    EVP_DigestInit_ex2(h->ctx, h->md, NULL) != 1) {
		sha256_free(h);
		return (error_set(err, CKPT_SYSTEM,
		    "OpenSSL provides no SHA-256"));
	}
	*out = h;
	return (CKPT_OK);
}

void
sha256_reset(struct sha256 *h)
{
	(void)EVP_DigestInit_ex2(h->ctx, NULL, NULL);
}

void
sha256_update(struct sha256 *h, const void *data, size_t n)
{
	(void)EVP_DigestUpdate(h->ctx, data, n);
}

void
sha256_final(struct sha256 *h, struct ckpt_id *out)
{
	(void)EVP_DigestFinal_ex(h->ctx, out->bytes, NULL);
	sha256_reset(h);
}

void
sha256_free(struct sha256 *h)
{
	if (h == NULL)
		return;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	free(h);
}
