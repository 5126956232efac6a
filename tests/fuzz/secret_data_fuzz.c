/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a Secret. What is taken lies within its room, as strings that CSI can send; what is
 * refused says why.
 */
#include "kube/secret_data.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(const struct secret *room, const char *string)
{
	const unsigned char *at = (const unsigned char *)string;
	if (at < room->bytes || at >= room->bytes + room->length)
		abort();
	size_t left = (size_t)(room->bytes + room->length - at);
	if (strnlen(string, left) == left || !utf8_is_valid(string, strlen(string)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	struct error err = { 0 };
	if (secret_data_parse((const char *)data, size, &secret, &err) < 0) {
		if (err.code != ERROR_INVALID || !*err.text || secret.pairs.count)
			abort();
		return 0;
	}
	for (size_t i = 0; i < secret.pairs.count; i++) {
		check_string(&secret.room, secret.pairs.items[i].key);
		check_string(&secret.room, secret.pairs.items[i].value);
	}
	return 0;
}
