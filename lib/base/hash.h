/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * FNV-1a with 64 bits: short keys, spread evenly. It does not resist a peer that looks for
 * collisions; a caller whose keys others choose says why that does no harm.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_BEGIN UINT64_C(14695981039346656037)

/* hash is HASH_BEGIN, or what an earlier call returned. */
static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length)
{
	for (const unsigned char *at = bytes, *end = at + length; at < end; at++)
		hash = (hash ^ *at) * UINT64_C(1099511628211);
	return hash;
}

/* Without the final NUL. */
static inline uint64_t hash_text(const char *text)
{
	return hash_bytes(HASH_BEGIN, text, strlen(text));
}
