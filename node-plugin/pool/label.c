/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/label.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "folder/folder.h"
#include "record/layout.h"
#include "record/record.h"

#define LABEL_MODE 0600
#define FOLDER_MODE 0700

static bool is_id(const char *text)
{
	return strlen(text) == POOL_LABEL_ID_LENGTH &&
	       strspn(text, "0123456789abcdef") == POOL_LABEL_ID_LENGTH;
}

static bool write_id(const void *label, struct text *value)
{
	text_append_string(value, ((const struct pool_label *)label)->id);
	return true;
}

static int read_id(const char *value, void *label, struct error *err)
{
	if (!is_id(value))
		return error_set(err, ERROR_INTERNAL, "\"%s\" is no id of a pool", value);
	struct pool_label *target = label;
	return record_read_text(value, target->id, sizeof(target->id), err);
}

static bool write_name(const void *label, struct text *value)
{
	text_append_string(value, ((const struct pool_label *)label)->name);
	return true;
}

static int read_name(const char *value, void *label, struct error *err)
{
	struct pool_label *target = label;
	return record_read_text(value, target->name, sizeof(target->name), err);
}

static bool write_path(const void *label, struct text *value)
{
	text_append_string(value, ((const struct pool_label *)label)->path);
	return value->length > 0;
}

static int read_path(const char *value, void *label, struct error *err)
{
	struct pool_label *target = label;
	return record_read_text(value, target->path, sizeof(target->path), err);
}

static const struct record_field fields[] = {
	{ .key = "id", .write = write_id, .read = read_id },
	{ .key = "name", .write = write_name, .read = read_name },
	{ .key = "path", .optional = true, .write = write_path, .read = read_path },
};

static const struct record_format format = {
	.first_line = "kentledge-pool 1",
	.fields = fields,
	.field_count = sizeof(fields) / sizeof(*fields),
};

static bool has(const char *path, const char *name)
{
	char below[PATH_MAX];
	int length = snprintf(below, sizeof(below), "%s/%s", path, name);
	return length < (int)sizeof(below) && access(below, F_OK) == 0;
}

bool pool_label_is_at(const char *path)
{
	return has(path, LAYOUT_LABEL) || has(path, LAYOUT_VOLUMES);
}

static int write_label(int folder_fd, const char *name, const struct pool_label *label,
		       struct error *err)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	record_write(&format, label, &text);
	return file_replace_at(folder_fd, name, text.data, text.length, LABEL_MODE, err);
}

static int read_label(int folder_fd, const char *name, struct pool_label *ret_label,
		      struct error *err)
{
	struct pool_label label = { 0 };
	CLEANUP_FREE char *data = NULL;
	size_t length = 0;
	if (file_read_at(folder_fd, name, RECORD_BYTES_MAX, &data, &length, err) < 0 ||
	    record_read(&format, data, length, &label, err) < 0)
		return -1;
	*ret_label = label;
	return 0;
}

int pool_label_read(int root_fd, struct pool_label *ret_label, struct error *err)
{
	return read_label(root_fd, LAYOUT_LABEL, ret_label, err) < 0 ? 1 : 0;
}

bool pool_label_is(const char *path, const char *id)
{
	struct pool_label label;
	CLEANUP_CLOSE int root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root_fd >= 0 && pool_label_read(root_fd, &label, NULL) == 0 &&
	       strcmp(label.id, id) == 0;
}

static int make_id(char ret_id[static POOL_LABEL_ID_LENGTH + 1], struct error *err)
{
	unsigned char bytes[POOL_LABEL_ID_LENGTH / 2];
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return error_errno(err, errno, "random number");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret_id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

int pool_label_make(int root_fd, const char *name, struct pool_label *ret_label, struct error *err)
{
	struct pool_label label = { 0 };
	snprintf(label.name, sizeof(label.name), "%s", name);
	if (make_id(label.id, err) < 0 || write_label(root_fd, LAYOUT_LABEL, &label, err) < 0)
		return error_prefix(err, "label");
	*ret_label = label;
	return 0;
}

int pool_label_note(int at_fd, const char *folder, const struct pool_label *label,
		    struct error *err)
{
	struct pool_label known;
	CLEANUP_CLOSE int folder_fd = -1;
	if (folder_make(at_fd, folder, FOLDER_MODE, &folder_fd, err) < 0)
		return -1;
	if (read_label(folder_fd, label->id, &known, NULL) == 0 &&
	    strcmp(known.name, label->name) == 0 && strcmp(known.path, label->path) == 0)
		return 0;
	if (write_label(folder_fd, label->id, label, err) < 0 || file_sync_folder(at_fd, err) < 0)
		return error_prefix(err, "%s", folder);
	return 0;
}

struct visit {
	int folder_fd;
	pool_label_visitor *visit;
	void *context;
};

/* A damaged one names no pool; it was written by us and can be removed by hand. */
static int visit_one(void *context, const char *name, struct error *err)
{
	struct visit *visit = context;
	struct pool_label label;
	if (is_id(name) && read_label(visit->folder_fd, name, &label, NULL) == 0)
		visit->visit(visit->context, &label);
	return 0;
}

int pool_label_visit(int at_fd, const char *folder, pool_label_visitor *visit, void *context,
		     struct error *err)
{
	CLEANUP_CLOSE int folder_fd = -1;
	struct error reason = { 0 };
	if (folder_open(at_fd, folder, &folder_fd, &reason) < 0) {
		if (reason.code == ERROR_NOT_FOUND)
			return 0;
		*err = reason;
		return -1;
	}
	struct visit all = { .folder_fd = folder_fd, .visit = visit, .context = context };
	return folder_visit(folder_fd, visit_one, &all, err);
}
