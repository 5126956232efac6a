/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * UTF-8 (RFC 3629): bytes that a protobuf string or a JSON text may hold.
 */

#include <stdbool.h>
#include <stddef.h>

/* The length of the character that the bytes begin with, of which there is at least one; 0 if they
 * begin with none. */
size_t utf8_length(const unsigned char *at, size_t left);

/* A NUL is a character, too. */
bool utf8_is_valid(const void *bytes, size_t length);

/* Puts a question mark in the place of each byte that belongs to no character. */
void utf8_repair(char *text);

/* Takes off the end of a text that was cut within a character, so that it ends with a whole one. */
void utf8_cut(char *text);
