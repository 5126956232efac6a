/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * UTF-8 as RFC 3629 has it.
 */

#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at the beginning; 0: it is none, or it is cut off. left is at least 1. */
size_t utf8_length(const uint8_t *at, size_t left);

/* Puts a question mark in the place of each byte that belongs to no character. */
void utf8_repair(char *text);
