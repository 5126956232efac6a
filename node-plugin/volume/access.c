/* SPDX-License-Identifier: Apache-2.0 */
#include "volume/access.h"

#include <string.h>

#include "disk/fscrypt.h"

int access_is_block(const struct access *accesses, size_t count, bool *ret_block, struct error *err)
{
	for (size_t i = 1; i < count; i++)
		if (accesses[i].block != accesses[0].block)
			return error_set(
				err, ERROR_INVALID,
				"volume_capabilities: one volume cannot be both block and mount");
	*ret_block = count && accesses[0].block;
	return 0;
}

int access_fs_type(const struct access *accesses, size_t count, const char **ret_fs_type,
		   struct error *err)
{
	const char *chosen = "";
	for (size_t i = 0; i < count; i++) {
		const char *asked = accesses[i].fs_type;
		if (!asked[0])
			continue;
		if (chosen[0] && strcmp(chosen, asked) != 0)
			return error_set(
				err, ERROR_INVALID,
				"volume_capabilities: one volume cannot have both fs_type \"%s\" "
				"and fs_type \"%s\"",
				chosen, asked);
		chosen = asked;
	}
	*ret_fs_type = chosen;
	return 0;
}

int access_read_secret(const struct pairs *secrets, struct secret *secret, struct error *err)
{
	const char *value = pairs_get(secrets, FSCRYPT_SECRET_NAME);
	return value ? secret_copy(secret, value, strlen(value), err) : 0;
}
