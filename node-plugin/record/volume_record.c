/* SPDX-License-Identifier: Apache-2.0 */
#include "record/volume_record.h"

#include <inttypes.h>
#include <string.h>

/* What a field says of one of several kinds, by its place in a list of words. */
static int read_word(const char *value, const char *const *words, size_t count, int *ret_place,
		     struct error *err)
{
	for (size_t i = 0; i < count; i++)
		if (words[i] && strcmp(value, words[i]) == 0) {
			*ret_place = (int)i;
			return 0;
		}
	return error_set(err, ERROR_INTERNAL, "\"%s\" is unknown", value);
}

#define READ_WORD(value, words, target, err)                                                       \
	({                                                                                         \
		int place = 0;                                                                     \
		int outcome =                                                                      \
			read_word(value, words, sizeof(words) / sizeof(*(words)), &place, err);    \
		if (outcome == 0)                                                                  \
			*(target) = place;                                                         \
		outcome;                                                                           \
	})

static bool write_id(const void *record, struct text *value)
{
	text_append_string(value, ((const struct volume_record *)record)->id);
	return true;
}

static int read_id(const char *value, void *record, struct error *err)
{
	struct volume_record *volume = record;
	if (!id_is_valid(value))
		return error_set(err, ERROR_INTERNAL, "\"%s\" is not a volume id", value);
	return record_read_text(value, volume->id, sizeof(volume->id), err);
}

static bool write_name(const void *record, struct text *value)
{
	text_append_string(value, ((const struct volume_record *)record)->name);
	return true;
}

static int read_name(const char *value, void *record, struct error *err)
{
	struct volume_record *volume = record;
	return record_read_text(value, volume->name, sizeof(volume->name), err);
}

static bool write_backend(const void *record, struct text *value)
{
	text_append_string(value,
			   backend_kind_name(((const struct volume_record *)record)->backend));
	return true;
}

static int read_backend(const char *value, void *record, struct error *err)
{
	struct volume_record *volume = record;
	if (backend_kind_of_name(value, &volume->backend) < 0)
		return error_set(err, ERROR_INTERNAL, "\"%s\" is unknown", value);
	return 0;
}

static bool write_fs_type(const void *record, struct text *value)
{
	text_append_string(value, ((const struct volume_record *)record)->fs_type);
	return true;
}

static int read_fs_type(const char *value, void *record, struct error *err)
{
	struct volume_record *volume = record;
	return record_read_text(value, volume->fs_type, sizeof(volume->fs_type), err);
}

static bool write_size(const void *record, struct text *value)
{
	text_printf(value, "%" PRIu64, ((const struct volume_record *)record)->size_bytes);
	return true;
}

static int read_size(const char *value, void *record, struct error *err)
{
	return record_read_number(value, &((struct volume_record *)record)->size_bytes, err);
}

static bool write_enforce(const void *record, struct text *value)
{
	text_append_string(value,
			   ((const struct volume_record *)record)->enforce ? "true" : "false");
	return true;
}

static int read_enforce(const char *value, void *record, struct error *err)
{
	return record_read_bool(value, &((struct volume_record *)record)->enforce, err);
}

static bool write_claim(const void *record, struct text *value)
{
	text_append_string(value, ((const struct volume_record *)record)->claim);
	return true;
}

static int read_claim(const char *value, void *record, struct error *err)
{
	struct volume_record *volume = record;
	return record_read_text(value, volume->claim, sizeof(volume->claim), err);
}

static bool write_block(const void *record, struct text *value)
{
	text_append_string(value, "true");
	return ((const struct volume_record *)record)->block;
}

static int read_block(const char *value, void *record, struct error *err)
{
	return record_read_bool(value, &((struct volume_record *)record)->block, err);
}

static bool write_ephemeral(const void *record, struct text *value)
{
	text_append_string(value, "true");
	return ((const struct volume_record *)record)->ephemeral;
}

static int read_ephemeral(const char *value, void *record, struct error *err)
{
	return record_read_bool(value, &((struct volume_record *)record)->ephemeral, err);
}

static bool write_provisioning(const void *record, struct text *value)
{
	enum provisioning provisioning = ((const struct volume_record *)record)->provisioning;
	text_append_string(value, provisioning_name(provisioning));
	return provisioning != PROVISIONING_THIN;
}

static int read_provisioning(const char *value, void *record, struct error *err)
{
	struct volume_record *volume = record;
	if (provisioning_of_name(value, &volume->provisioning) < 0)
		return error_set(err, ERROR_INTERNAL, "\"%s\" is unknown", value);
	return 0;
}

static bool write_encryption(const void *record, struct text *value)
{
	enum encryption encryption = ((const struct volume_record *)record)->encryption;
	text_append_string(value, encryption_name(encryption));
	return encryption != ENCRYPTION_NONE;
}

static int read_encryption(const char *value, void *record, struct error *err)
{
	struct volume_record *volume = record;
	if (encryption_of_name(value, &volume->encryption) < 0)
		return error_set(err, ERROR_INTERNAL, "\"%s\" is unknown", value);
	return 0;
}

static const char *const source_words[] = {
	[SOURCE_SNAPSHOT] = "snapshot",
	[SOURCE_VOLUME] = "volume",
};

static bool write_source(const void *record, struct text *value)
{
	const struct volume_source *source = &((const struct volume_record *)record)->source;
	if (source->kind == SOURCE_NONE)
		return false;
	text_printf(value, "%s/%s", source_words[source->kind], source->id);
	return true;
}

static int read_source(const char *value, void *record, struct error *err)
{
	struct volume_source *source = &((struct volume_record *)record)->source;
	char kind[16];
	const char *slash = strchr(value, '/');
	size_t length = slash ? (size_t)(slash - value) : 0;
	if (!slash || length >= sizeof(kind) || !id_is_valid(slash + 1))
		return error_set(err, ERROR_INTERNAL, "\"%s\" is not a source", value);
	memcpy(kind, value, length);
	kind[length] = '\0';
	if (READ_WORD(kind, source_words, &source->kind, err) < 0)
		return -1;
	return record_read_text(slash + 1, source->id, sizeof(source->id), err);
}

static const char *const quota_words[] = {
	[QUOTA_BTRFS] = "btrfs",
	[QUOTA_PROJECT] = "project",
};

static bool write_quota(const void *record, struct text *value)
{
	enum quota_kind quota = ((const struct volume_record *)record)->quota;
	if (quota == QUOTA_NONE)
		return false;
	text_append_string(value, quota_words[quota]);
	return true;
}

static int read_quota(const char *value, void *record, struct error *err)
{
	return READ_WORD(value, quota_words, &((struct volume_record *)record)->quota, err);
}

static const char *const attachment_words[] = {
	[ATTACHED_RW] = "rw",
	[ATTACHED_RO] = "ro",
};

static bool write_attached(const void *record, struct text *value)
{
	enum attachment attached = ((const struct volume_record *)record)->attached;
	if (attached == ATTACHED_NO)
		return false;
	text_append_string(value, attachment_words[attached]);
	return true;
}

static int read_attached(const char *value, void *record, struct error *err)
{
	return READ_WORD(value, attachment_words, &((struct volume_record *)record)->attached, err);
}

/* Numbers that are written only when they are not 0. */
#define NUMBER(name, member)                                                                       \
	static bool write_##name(const void *record, struct text *value)                           \
	{                                                                                          \
		uint64_t number = ((const struct volume_record *)record)->member;                  \
		text_printf(value, "%" PRIu64, number);                                            \
		return number != 0;                                                                \
	}                                                                                          \
	static int read_##name(const char *value, void *record, struct error *err)                 \
	{                                                                                          \
		return record_read_number(value, &((struct volume_record *)record)->member, err);  \
	}

NUMBER(project_id, project_id)
NUMBER(read_iops, limits.read_iops)
NUMBER(write_iops, limits.write_iops)
NUMBER(read_bytes, limits.read_bytes)
NUMBER(write_bytes, limits.write_bytes)

#define FIELD(name)                                                                                \
	{                                                                                          \
#name, false, write_##name, read_##name                                            \
	}
#define OPTIONAL(name)                                                                             \
	{                                                                                          \
#name, true, write_##name, read_##name                                             \
	}

static const struct record_field fields[] = {
	FIELD(id),
	FIELD(name),
	FIELD(backend),
	FIELD(fs_type),
	{ "size_bytes", false, write_size, read_size },
	FIELD(enforce),
	FIELD(claim),
	OPTIONAL(block),
	OPTIONAL(ephemeral),
	OPTIONAL(provisioning),
	OPTIONAL(encryption),
	OPTIONAL(source),
	OPTIONAL(quota),
	OPTIONAL(project_id),
	OPTIONAL(read_iops),
	OPTIONAL(write_iops),
	OPTIONAL(read_bytes),
	OPTIONAL(write_bytes),
	OPTIONAL(attached),
};

static const struct record_format format = {
	.first_line = "kentledge-volume 1",
	.fields = fields,
	.field_count = sizeof(fields) / sizeof(*fields),
};

void volume_record_format(const struct volume_record *record, struct text *text)
{
	record_write(&format, record, text);
}

int volume_record_parse(const char *data, size_t length, struct volume_record *ret_record,
			struct error *err)
{
	struct volume_record record = { 0 };
	if (record_read(&format, data, length, &record, err) < 0)
		return -1;
	*ret_record = record;
	return 0;
}
