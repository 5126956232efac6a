/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/table.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/arena.h"
#include "base/text.h"
#include "disk/loop_device.h"

#define PART_BYTES 2048 /* of the arena: some places */

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The kernel writes space, tab, newline and backslash as \040 and so on (seq_path(), mangle()).
 * In place: the result is never longer. */
static void unescape(char *field)
{
	char *out = field;
	for (const char *in = field; *in;) {
		bool escaped =
			in[0] == '\\' && is_octal(in[1]) && is_octal(in[2]) && is_octal(in[3]);
		if (escaped) {
			*out++ = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
}

/* The next field of a line, unescaped; NULL at its end. */
static char *next_field(char **cursor)
{
	char *field = *cursor;
	if (!field || !*field)
		return NULL;
	char *space = strchr(field, ' ');
	if (space)
		*space = '\0';
	*cursor = space ? space + 1 : NULL;
	if (strchr(field, '\\'))
		unescape(field);
	return field;
}

/* Digits alone, up to `end`. By hand: a node has thousands of lines, and they are read at nearly
 * every call. */
static int read_number(const char *field, char end, unsigned *ret_number)
{
	unsigned long number = 0;
	const char *c = field;
	for (; *c >= '0' && *c <= '9'; c++) {
		number = number * 10 + (unsigned long)(*c - '0');
		if (number > UINT_MAX)
			return -1;
	}
	if (c == field || *c != end)
		return -1;
	*ret_number = (unsigned)number;
	return 0;
}

static int read_id(const char *field, unsigned *ret_id)
{
	return field ? read_number(field, '\0', ret_id) : -1;
}

static int read_device(const char *field, dev_t *ret_device)
{
	unsigned device_major, device_minor;
	const char *colon = field ? strchr(field, ':') : NULL;
	if (!colon || read_number(field, ':', &device_major) < 0 ||
	    read_number(colon + 1, '\0', &device_minor) < 0)
		return -1;
	*ret_device = makedev(device_major, device_minor);
	return 0;
}

/* Any number of "shared:1"-like fields, ended by "-". */
static int skip_optional_fields(char **cursor)
{
	for (;;) {
		const char *field = next_field(cursor);
		if (!field)
			return -1;
		if (strcmp(field, "-") == 0)
			return 0;
	}
}

static int parse_line(char *line, struct mount *ret_mount)
{
	char *cursor = line;
	struct mount mount = { 0 };
	if (read_id(next_field(&cursor), &mount.id) < 0 ||
	    read_id(next_field(&cursor), &mount.parent_id) < 0 ||
	    read_device(next_field(&cursor), &mount.device) < 0)
		return -1;
	mount.root = next_field(&cursor);
	mount.point = next_field(&cursor);
	mount.options = next_field(&cursor);
	if (!mount.options || skip_optional_fields(&cursor) < 0)
		return -1;
	mount.type = next_field(&cursor);
	mount.source = next_field(&cursor);
	mount.super_options = next_field(&cursor);
	if (!mount.super_options)
		return -1;
	*ret_mount = mount;
	return 0;
}

static size_t count_lines(const char *text, size_t length)
{
	size_t lines = 0;
	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	return lines + 1;
}

int mount_table_parse(const char *text, size_t length, struct mount_table **ret_table,
		      struct error *err)
{
	CLEANUP(mount_table_freep) struct mount_table *table = must_alloc(sizeof(*table));
	size_t lines = count_lines(text, length);
	table->arena = arena_new(length + 1 + lines * sizeof(struct mount) + 64);
	table->mounts = arena_alloc(table->arena, lines * sizeof(*table->mounts));
	char *next = arena_copy(table->arena, text, length);
	for (size_t number = 1; next && *next; number++) {
		char *line = next;
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (parse_line(line, &table->mounts[table->count]) < 0)
			return error_set(err, ERROR_INTERNAL,
					 "mountinfo: line %zu cannot be parsed", number);
		table->count++;
	}
	*ret_table = TAKE(table);
	return 0;
}

void mount_table_free(struct mount_table *table)
{
	if (!table)
		return;
	arena_free(table->arena);
	free(table);
}

struct mount_table *mount_table_new_part(void)
{
	struct mount_table *table = must_alloc(sizeof(*table));
	table->arena = arena_new(PART_BYTES);
	table->is_part = true;
	return table;
}

void mount_table_add(struct mount_table *table, const char *path, const struct mount *mount)
{
	struct mount_place *place = arena_alloc(table->arena, sizeof(*place));
	*place = (struct mount_place) {
		.path = arena_strdup(table->arena, path),
		.mount = *mount,
		.next = table->places,
	};
	table->places = place;
}

const struct mount *mount_table_known(const struct mount_table *table, uint64_t unique_id)
{
	for (const struct mount_place *place = table->places; place; place = place->next)
		if (place->mount.unique_id == unique_id)
			return &place->mount;
	return NULL;
}

static const struct mount *find_place(const struct mount_table *table, const char *path)
{
	for (const struct mount_place *place = table->places; place; place = place->next)
		if (strcmp(place->path, path) == 0)
			return &place->mount;
	assert(!"the path is not in this part of the table");
	return NULL;
}

static const struct mount *find_id(const struct mount_table *table, unsigned id)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->mounts[i].id == id)
			return &table->mounts[i];
	return NULL;
}

/* The first of the mounts at "/": the one whose parent lies outside of what we see. */
static const struct mount *find_root(const struct mount_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct mount *mount = &table->mounts[i];
		if (strcmp(mount->point, "/") != 0)
			continue;
		const struct mount *parent = find_id(table, mount->parent_id);
		if (!parent || parent == mount)
			return mount;
	}
	return NULL;
}

/* `point` is the path or a folder above it. */
static bool leads_to(const char *point, const char *path)
{
	size_t length = strlen(point);
	if (strcmp(point, "/") == 0)
		return true;
	return strncmp(point, path, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/* The mount on `parent` that a walk along the path meets first. */
static const struct mount *next_mount(const struct mount_table *table, const struct mount *parent,
				      const char *path)
{
	const struct mount *nearest = NULL;
	for (size_t i = 0; i < table->count; i++) {
		const struct mount *mount = &table->mounts[i];
		if (mount == parent || mount->parent_id != parent->id ||
		    !leads_to(mount->point, path))
			continue;
		if (!nearest || strlen(mount->point) < strlen(nearest->point))
			nearest = mount;
	}
	return nearest;
}

const struct mount *mount_table_covering(const struct mount_table *table, const char *path)
{
	if (table->is_part)
		return find_place(table, path);
	const struct mount *covering = find_root(table);
	/* Each step goes one mount down; a table that goes in circles ends the walk all the same.
	 */
	for (size_t steps = 0; covering && steps < table->count; steps++) {
		const struct mount *next = next_mount(table, covering, path);
		if (!next)
			break;
		covering = next;
	}
	return covering;
}

const struct mount *mount_table_at(const struct mount_table *table, const char *path)
{
	const struct mount *covering = mount_table_covering(table, path);
	return covering && strcmp(covering->point, path) == 0 ? covering : NULL;
}

const char *mount_table_root(const struct mount_table *table, const char *path, dev_t *ret_device)
{
	const struct mount *mount = mount_table_covering(table, path);
	if (!mount)
		return NULL;
	const char *above = strcmp(mount->root, "/") == 0 ? "" : mount->root;
	const char *below = strcmp(mount->point, "/") == 0 ? path : path + strlen(mount->point);
	*ret_device = mount->device;
	return above[0] || below[0] ? arena_printf(table->arena, "%s%s", above, below) : "/";
}

static int parse_loop_number(const char *path, const char *before)
{
	unsigned number = 0;
	char rest;
	size_t length = strlen(before);
	return strncmp(path, before, length) == 0 &&
			       sscanf(path + length, "%u%c", &number, &rest) == 1
		       ? (int)number
		       : -1;
}

int mount_loop_number(const struct mount *mount)
{
	if (major(mount->device) == LOOP_MAJOR)
		return (int)minor(mount->device);
	/* btrfs shows a device number of its own. */
	if (strcmp(mount->type, "btrfs") == 0)
		return parse_loop_number(mount->source, "/dev/loop");
	if (strcmp(mount->type, "devtmpfs") == 0)
		return parse_loop_number(mount->root, "/loop");
	return -1;
}

bool mount_has_option(const char *options, const char *option)
{
	size_t length = strlen(option);
	for (const char *cursor = options; cursor;) {
		if (strncmp(cursor, option, length) == 0 &&
		    (cursor[length] == ',' || cursor[length] == '\0'))
			return true;
		cursor = strchr(cursor, ',');
		if (cursor)
			cursor++;
	}
	return false;
}
