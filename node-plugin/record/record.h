/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A record: a small text file that says what the thing beside it is.
 *
 *	kentledge-volume 1
 *	id=pvc-…
 *	…
 *	crc32=1c291ca3
 *
 * One line a field, in a fixed order. An optional field is written only when it has a value, so a
 * release that knows more fields reads the records of one that knew fewer. The checksum covers all
 * before its line: a file that is cut short or changed does not parse, whichever byte it was.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define RECORD_BYTES_MAX 4096

struct record_field {
	const char *key;
	bool optional;

	/* Appends the value, which has no line break. False: there is nothing to say. */
	bool (*write)(const void *record, struct text *value);

	int (*read)(const char *value, void *record, struct error *err);
};

struct record_format {
	const char *first_line; /* kind and version, such as "kentledge-volume 1" */
	const struct record_field *fields;
	size_t field_count;
};

void record_write(const struct record_format *format, const void *record, struct text *text);

/* data need not be terminated. ERROR_INTERNAL says what is wrong with it; *record, which starts as
 * all zeros, is then half filled. */
int record_read(const struct record_format *format, const char *data, size_t length, void *record,
		struct error *err);

/* For the fields of such tables: text that fits its place, a number without sign, "true". */
int record_read_text(const char *value, char *target, size_t target_size, struct error *err);
int record_read_number(const char *value, uint64_t *ret_number, struct error *err);
int record_read_bool(const char *value, bool *ret_bool, struct error *err);
