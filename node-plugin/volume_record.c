/* SPDX-License-Identifier: Apache-2.0 */
#include "volume_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LINE "kentledge-volume 1\n"
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

void volume_record_format(const struct volume_record *record, struct text *text)
{
	struct text body CLEANUP_TEXT = TEXT_INIT;
	text_append_string(&body, FIRST_LINE);
	text_printf(&body, "id=%s\n", record->id);
	text_printf(&body, "name=%s\n", record->name);
	text_printf(&body, "backend=%s\n", backend_kind_name(record->backend));
	text_printf(&body, "fs_type=%s\n", record->fs_type);
	text_printf(&body, "size_bytes=%" PRIu64 "\n", record->size_bytes);
	text_printf(&body, "enforce=%s\n", record->enforce ? "true" : "false");
	text_printf(&body, "claim=%s\n", record->claim);
	text_append(text, body.data, body.length);
	text_printf(text, CHECKSUM_KEY "%08" PRIx32 "\n", crc32_of(body.data, body.length));
}

static int copy_text(const char *value, char *target, size_t target_size, struct error *err)
{
	size_t length = strlen(value);
	if (length >= target_size)
		return error_set(err, ERROR_INTERNAL, "value is longer than %zu", target_size - 1);
	memcpy(target, value, length + 1);
	return 0;
}

static int read_id(const char *value, struct volume_record *record, struct error *err)
{
	if (!volume_id_is_valid(value))
		return error_set(err, ERROR_INTERNAL, "\"%s\" is not a volume id", value);
	return copy_text(value, record->id, sizeof(record->id), err);
}

static int read_name(const char *value, struct volume_record *record, struct error *err)
{
	return copy_text(value, record->name, sizeof(record->name), err);
}

static int read_backend(const char *value, struct volume_record *record, struct error *err)
{
	if (backend_kind_of_name(value, &record->backend) < 0)
		return error_set(err, ERROR_INTERNAL, "\"%s\" is unknown", value);
	return 0;
}

static int read_fs_type(const char *value, struct volume_record *record, struct error *err)
{
	return copy_text(value, record->fs_type, sizeof(record->fs_type), err);
}

static int read_size(const char *value, struct volume_record *record, struct error *err)
{
	char *end = NULL;
	errno = 0;
	unsigned long long size = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || size > INT64_MAX)
		return error_set(err, ERROR_INTERNAL, "\"%s\" is not a size", value);
	record->size_bytes = size;
	return 0;
}

static int read_enforce(const char *value, struct volume_record *record, struct error *err)
{
	record->enforce = strcmp(value, "true") == 0;
	if (!record->enforce && strcmp(value, "false") != 0)
		return error_set(err, ERROR_INTERNAL, "\"%s\" is neither true nor false", value);
	return 0;
}

static int read_claim(const char *value, struct volume_record *record, struct error *err)
{
	return copy_text(value, record->claim, sizeof(record->claim), err);
}

/* In the order in which they are written: a record has each of them once. */
static const struct {
	const char *key;
	int (*read)(const char *value, struct volume_record *record, struct error *err);
} fields[] = {
	{ "id", read_id },	     { "name", read_name },	  { "backend", read_backend },
	{ "fs_type", read_fs_type }, { "size_bytes", read_size }, { "enforce", read_enforce },
	{ "claim", read_claim },
};

static int check_frame(const char *data, size_t length, struct error *err)
{
	if (length > VOLUME_RECORD_BYTES_MAX || memchr(data, '\0', length))
		return error_set(err, ERROR_INTERNAL, "it is not a record of a volume");
	if (length < strlen(FIRST_LINE) || memcmp(data, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return error_set(err, ERROR_INTERNAL,
				 "it does not begin with \"kentledge-volume 1\": it is damaged, or "
				 "written by a newer release");
	if (length < strlen(FIRST_LINE) + CHECKSUM_LINE_LENGTH || data[length - 1] != '\n')
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

/* Reads "key=value\n" at *cursor, which is moved behind it. */
static int read_field(size_t i, char **cursor, struct volume_record *record, struct error *err)
{
	char *line = *cursor;
	char *end = strchr(line, '\n');
	size_t key_length = strlen(fields[i].key);
	if (!end || strncmp(line, fields[i].key, key_length) != 0 || line[key_length] != '=')
		return error_set(err, ERROR_INTERNAL, "it lacks %s", fields[i].key);
	*end = '\0';
	*cursor = end + 1;
	if (fields[i].read(line + key_length + 1, record, err) < 0)
		return error_prefix(err, "%s", fields[i].key);
	return 0;
}

int volume_record_parse(const char *data, size_t length, struct volume_record *ret_record,
			struct error *err)
{
	if (check_frame(data, length, err) < 0 || check_sum(data, length, err) < 0)
		return -1;
	char body[VOLUME_RECORD_BYTES_MAX + 1];
	size_t body_length = length - CHECKSUM_LINE_LENGTH;
	memcpy(body, data, body_length);
	body[body_length] = '\0';

	struct volume_record record = { 0 };
	char *cursor = body + strlen(FIRST_LINE);
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (read_field(i, &cursor, &record, err) < 0)
			return -1;
	if (*cursor)
		return error_set(err, ERROR_INTERNAL, "it holds more than it should");
	*ret_record = record;
	return 0;
}
