/* SPDX-License-Identifier: Apache-2.0 */
#include "record/id.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define HASH_PREFIX "h-"

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool id_is_valid(const char *id)
{
	size_t length = strnlen(id, ID_MAX + 1);
	if (length == 0 || length > ID_MAX || !is_letter_or_digit(id[0]))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!is_letter_or_digit(id[i]) && id[i] != '-' && id[i] != '.')
			return false;
	return true;
}

/* CSI spec, CreateVolumeRequest.name: any Unicode but control characters. No caller needs a path as
 * a name, so one is refused with an error. */
static int check_name(const char *name, struct error *err)
{
	size_t length = strnlen(name, ID_NAME_MAX + 1);
	if (length == 0)
		return error_set(err, ERROR_INVALID, "name is missing");
	if (length > ID_NAME_MAX)
		return error_set(err, ERROR_INVALID, "name is longer than %d bytes", ID_NAME_MAX);
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return error_set(err, ERROR_INVALID,
					 "name holds a control character (byte %zu)", i);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strstr(name, "../") ||
	    strstr(name, "/.."))
		return error_set(err, ERROR_INVALID, "name \"%s\" looks like a path", name);
	return 0;
}

static int hash_name(const char *name, char ret_id[static ID_MAX + 1], struct error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;
	if (EVP_Digest(name, strlen(name), digest, &length, EVP_sha256(), NULL) != 1)
		return error_set(err, ERROR_INTERNAL, "SHA-256 is not available");
	strcpy(ret_id, HASH_PREFIX);
	for (size_t i = 0; i < length; i++)
		snprintf(ret_id + strlen(HASH_PREFIX) + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

int id_of_name(const char *name, char ret_id[static ID_MAX + 1], struct error *err)
{
	if (check_name(name, err) < 0)
		return -1;
	/* A name that looks like a hash is hashed too, so it cannot be taken for another's id. */
	bool own_id = id_is_valid(name) && strncmp(name, HASH_PREFIX, strlen(HASH_PREFIX)) != 0;
	if (!own_id)
		return hash_name(name, ret_id, err);
	memcpy(ret_id, name, strlen(name) + 1);
	return 0;
}
