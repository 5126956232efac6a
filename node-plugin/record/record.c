/* SPDX-License-Identifier: Apache-2.0 */
#include "record/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECKSUM_KEY "crc32="
#define CHECKSUM_LINE_LENGTH (strlen(CHECKSUM_KEY) + 8 + 1)

/* CRC-32 as in IEEE 802.3; a record is a few hundred bytes, so no table. */
static uint32_t crc32_of(const char *data, size_t length)
{
	uint32_t crc = 0xffffffff;
	for (size_t i = 0; i < length; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? (crc >> 1) ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

void record_write(const struct record_format *format, const void *record, struct text *text)
{
	CLEANUP_TEXT struct text body = TEXT_INIT;
	text_printf(&body, "%s\n", format->first_line);
	for (size_t i = 0; i < format->field_count; i++) {
		CLEANUP_TEXT struct text value = TEXT_INIT;
		const struct record_field *field = &format->fields[i];
		if (field->write(record, &value) || !field->optional)
			text_printf(&body, "%s=%s\n", field->key, value.length ? value.data : "");
	}
	text_append(text, body.data, body.length);
	text_printf(text, CHECKSUM_KEY "%08" PRIx32 "\n", crc32_of(body.data, body.length));
}

static int check_frame(const struct record_format *format, const char *data, size_t length,
		       struct error *err)
{
	size_t first_length = strlen(format->first_line);
	if (length > RECORD_BYTES_MAX || memchr(data, '\0', length))
		return error_set(err, ERROR_INTERNAL, "it is not a record");
	if (length <= first_length || memcmp(data, format->first_line, first_length) != 0 ||
	    data[first_length] != '\n')
		return error_set(err, ERROR_INTERNAL,
				 "it does not begin with \"%s\": it is damaged, or written by a "
				 "newer release",
				 format->first_line);
	if (length < first_length + 1 + CHECKSUM_LINE_LENGTH || data[length - 1] != '\n')
		return error_set(err, ERROR_INTERNAL, "it is cut short");
	return 0;
}

static int check_sum(const char *data, size_t length, struct error *err)
{
	char expected[16];
	size_t body_length = length - CHECKSUM_LINE_LENGTH;
	snprintf(expected, sizeof(expected), CHECKSUM_KEY "%08" PRIx32 "\n",
		 crc32_of(data, body_length));
	if (memcmp(data + body_length, expected, CHECKSUM_LINE_LENGTH) != 0)
		return error_set(err, ERROR_INTERNAL, "its checksum does not match its content");
	return 0;
}

/* Reads "key=value\n" at *cursor, which is moved behind it; an optional field may be missing. */
static int read_field(const struct record_field *field, char **cursor, void *record,
		      struct error *err)
{
	char *line = *cursor;
	char *end = strchr(line, '\n');
	size_t key_length = strlen(field->key);
	if (!end || strncmp(line, field->key, key_length) != 0 || line[key_length] != '=') {
		if (field->optional)
			return 0;
		return error_set(err, ERROR_INTERNAL, "it lacks %s", field->key);
	}
	*end = '\0';
	*cursor = end + 1;
	if (field->read(line + key_length + 1, record, err) < 0)
		return error_prefix(err, "%s", field->key);
	return 0;
}

int record_read(const struct record_format *format, const char *data, size_t length, void *record,
		struct error *err)
{
	if (check_frame(format, data, length, err) < 0 || check_sum(data, length, err) < 0)
		return -1;
	char body[RECORD_BYTES_MAX + 1];
	size_t body_length = length - CHECKSUM_LINE_LENGTH;
	memcpy(body, data, body_length);
	body[body_length] = '\0';

	char *cursor = body + strlen(format->first_line) + 1;
	for (size_t i = 0; i < format->field_count; i++)
		if (read_field(&format->fields[i], &cursor, record, err) < 0)
			return -1;
	if (*cursor)
		return error_set(err, ERROR_INTERNAL, "it holds more than it should");
	return 0;
}

int record_read_text(const char *value, char *target, size_t target_size, struct error *err)
{
	size_t length = strlen(value);
	if (length >= target_size)
		return error_set(err, ERROR_INTERNAL, "value is longer than %zu", target_size - 1);
	memcpy(target, value, length + 1);
	return 0;
}

int record_read_number(const char *value, uint64_t *ret_number, struct error *err)
{
	char *end = NULL;
	errno = 0;
	unsigned long long number = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || number > INT64_MAX)
		return error_set(err, ERROR_INTERNAL, "\"%s\" is not a number", value);
	*ret_number = number;
	return 0;
}

int record_read_bool(const char *value, bool *ret_bool, struct error *err)
{
	bool is_true = strcmp(value, "true") == 0;
	if (!is_true && strcmp(value, "false") != 0)
		return error_set(err, ERROR_INTERNAL, "\"%s\" is neither true nor false", value);
	*ret_bool = is_true;
	return 0;
}
