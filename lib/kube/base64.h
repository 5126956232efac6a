/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Base64 (RFC 4648 §4), as Kubernetes writes bytes into text: certificates of a kubeconfig, the
 * data of a Secret.
 */

#include <stdbool.h>
#include <stddef.h>

/* *ret_data is yours and terminated. White space is skipped; false for what is not base64. */
bool base64_decode(const char *text, char **ret_data, size_t *ret_length);

/* What a text of that length holds at most. */
#define BASE64_DATA_MAX(length) ((length) / 4 * 3 + 3)

/* The same into BASE64_DATA_MAX(length) bytes of the caller's, not terminated: for what must leave
 * no copies. */
bool base64_decode_into(const char *text, size_t length, unsigned char *data, size_t *ret_length);
