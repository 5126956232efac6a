/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/group_names.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void group_member_hash(const char *group_uid, const char *handle,
		       char ret_hash[static GROUP_MEMBER_HASH_BYTES])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	/* It fails only when memory is out, as must_alloc() does. */
	if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestUpdate(context, group_uid, strlen(group_uid)) != 1 ||
	    EVP_DigestUpdate(context, handle, strlen(handle)) != 1 ||
	    EVP_DigestFinal_ex(context, digest, &length) != 1)
		abort();
	EVP_MD_CTX_free(context);
	for (unsigned i = 0; i < (GROUP_MEMBER_HASH_BYTES - 1) / 2; i++)
		snprintf(ret_hash + 2 * i, 3, "%02x", digest[i]);
}
