/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/loop_image.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "disk/loop_device.h"
#include "record/layout.h"

#define DELETED " (deleted)" /* d_path() behind a file that has no name any more */
#define VOLUMES "/" LAYOUT_VOLUMES
#define IMAGE "/" LAYOUT_IMAGE

/* Takes it away from the end. False: the text does not end so. */
static bool cut_end(char *text, const char *end)
{
	size_t length = strlen(text);
	if (length < strlen(end) || strcmp(text + length - strlen(end), end) != 0)
		return false;
	text[length - strlen(end)] = '\0';
	return true;
}

void loop_image_parse(const char *shown, struct loop_image *ret_image)
{
	char *path = must_strdup(shown);
	cut_end(path, "\n");
	bool deleted = cut_end(path, DELETED);
	*ret_image = (struct loop_image) { .path = path, .deleted = deleted };
}

void loop_image_read(unsigned number, struct loop_image *ret_image)
{
	char path[64];
	CLEANUP_FREE char *shown = NULL;
	*ret_image = (struct loop_image) { 0 };
	snprintf(path, sizeof(path), LOOP_SYSFS "/loop%u/loop/backing_file", number);
	if (file_read(path, PATH_MAX + sizeof(DELETED "\n"), &shown, NULL, NULL) == 0)
		loop_image_parse(shown, ret_image);
}

void loop_image_done(struct loop_image *image)
{
	free(image->path);
	*image = (struct loop_image) { 0 };
}

bool loop_image_equal(const struct loop_image *image, const struct loop_image *other)
{
	if (!image->path || !other->path)
		return image->path == other->path;
	return image->deleted == other->deleted && strcmp(image->path, other->path) == 0;
}

bool loop_image_volume(const struct loop_image *image, char ret_id[static ID_MAX + 1])
{
	CLEANUP_FREE char *path = must_strdup(image->path);
	if (!path || path[0] != '/' || !cut_end(path, IMAGE))
		return false;
	char *slash = strrchr(path, '/');
	if (!slash || !id_is_valid(slash + 1))
		return false;
	*slash = '\0';
	if (!cut_end(path, VOLUMES))
		return false;
	snprintf(ret_id, ID_MAX + 1, "%s", slash + 1);
	return true;
}

bool loop_image_volume_of(unsigned number, char ret_id[static ID_MAX + 1])
{
	CLEANUP(loop_image_done) struct loop_image image = { 0 };
	loop_image_read(number, &image);
	return loop_image_volume(&image, ret_id);
}
