/* SPDX-License-Identifier: Apache-2.0 */
#include "record/snapshot_record.h"

#include <inttypes.h>
#include <string.h>

static int check_id(const char *value, struct error *err)
{
	if (!id_is_valid(value))
		return error_set(err, ERROR_INTERNAL, "\"%s\" is not an id", value);
	return 0;
}

/* Text fields; `check` looks at the value first. */
#define TEXT(member, check)                                                                        \
	static bool write_##member(const void *record, struct text *value)                         \
	{                                                                                          \
		const struct snapshot_record *snapshot = record;                                   \
		text_append_string(value, snapshot->member);                                       \
		return snapshot->member[0] != '\0';                                                \
	}                                                                                          \
	static int read_##member(const char *value, void *record, struct error *err)               \
	{                                                                                          \
		struct snapshot_record *snapshot = record;                                         \
		if (check(value, err) < 0)                                                         \
			return -1;                                                                 \
		return record_read_text(value, snapshot->member, sizeof(snapshot->member), err);   \
	}

#define NUMBER(member)                                                                             \
	static bool write_##member(const void *record, struct text *value)                         \
	{                                                                                          \
		text_printf(value, "%" PRIu64, ((const struct snapshot_record *)record)->member);  \
		return true;                                                                       \
	}                                                                                          \
	static int read_##member(const char *value, void *record, struct error *err)               \
	{                                                                                          \
		return record_read_number(value, &((struct snapshot_record *)record)->member,      \
					  err);                                                    \
	}

#define SWITCH(member)                                                                             \
	static bool write_##member(const void *record, struct text *value)                         \
	{                                                                                          \
		text_append_string(value, "true");                                                 \
		return ((const struct snapshot_record *)record)->member;                           \
	}                                                                                          \
	static int read_##member(const char *value, void *record, struct error *err)               \
	{                                                                                          \
		return record_read_bool(value, &((struct snapshot_record *)record)->member, err);  \
	}

static int check_any(const char *value, struct error *err)
{
	return 0;
}

TEXT(id, check_id)
TEXT(name, check_any)
TEXT(source_volume, check_id)
TEXT(fs_type, check_any)
TEXT(group, check_id)
NUMBER(size_bytes)
NUMBER(held_bytes)
NUMBER(created_us)
SWITCH(block)
SWITCH(shared)

static bool write_backend(const void *record, struct text *value)
{
	const struct snapshot_record *snapshot = record;
	text_append_string(value, backend_kind_name(snapshot->backend));
	return true;
}

static int read_backend(const char *value, void *record, struct error *err)
{
	struct snapshot_record *snapshot = record;
	if (backend_kind_of_name(value, &snapshot->backend) < 0)
		return error_set(err, ERROR_INTERNAL, "\"%s\" is unknown", value);
	return 0;
}

static bool write_encryption(const void *record, struct text *value)
{
	const struct snapshot_record *snapshot = record;
	text_append_string(value, encryption_name(snapshot->encryption));
	return snapshot->encryption != ENCRYPTION_NONE;
}

static int read_encryption(const char *value, void *record, struct error *err)
{
	struct snapshot_record *snapshot = record;
	if (encryption_of_name(value, &snapshot->encryption) < 0)
		return error_set(err, ERROR_INTERNAL, "\"%s\" is unknown", value);
	return 0;
}

#define FIELD(name, optional)                                                                      \
	{                                                                                          \
#name, optional, write_##name, read_##name                                         \
	}

static const struct record_field fields[] = {
	FIELD(id, false),	  FIELD(name, false),	    FIELD(source_volume, false),
	FIELD(backend, false),	  FIELD(fs_type, false),    FIELD(size_bytes, false),
	FIELD(held_bytes, false), FIELD(created_us, false), FIELD(block, true),
	FIELD(shared, true),	  FIELD(encryption, true),  FIELD(group, true),
};

static const struct record_format format = {
	.first_line = "kentledge-snapshot 1",
	.fields = fields,
	.field_count = sizeof(fields) / sizeof(*fields),
};

void snapshot_record_format(const struct snapshot_record *record, struct text *text)
{
	record_write(&format, record, text);
}

int snapshot_record_parse(const char *data, size_t length, struct snapshot_record *ret_record,
			  struct error *err)
{
	struct snapshot_record record = { 0 };
	if (record_read(&format, data, length, &record, err) < 0)
		return -1;
	*ret_record = record;
	return 0;
}
