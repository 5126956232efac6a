/* SPDX-License-Identifier: Apache-2.0 */
#include "mount/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define TARGET_MODE 0750
#define TARGET_FILE_MODE 0600

static bool is_empty_file(const struct stat *file)
{
	return S_ISREG(file->st_mode) && file->st_size == 0;
}

static int check_text(const char *path, const char *field, struct error *err)
{
	if (path[0] != '/')
		return error_set(err, ERROR_INVALID, "%s: \"%s\" is not an absolute path", field,
				 path);
	if (strlen(path) >= PATH_MAX)
		return error_set(err, ERROR_INVALID, "%s: longer than %d bytes", field,
				 PATH_MAX - 1);
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return error_set(err, ERROR_INVALID, "%s: holds a control character",
					 field);
	return 0;
}

/* Cuts the last element off; slashes at the end do not count. NULL if there is none of its own. */
static char *cut_name(char *path)
{
	size_t length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	char *slash = strrchr(path, '/');
	char *name = slash + 1;
	if (!name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return NULL;
	*slash = '\0';
	return name;
}

static int refuse_parent(int errno_value, const char *field, const char *parent, struct error *err)
{
	if (errno_value != ENOTDIR && errno_value != ELOOP && errno_value != ENAMETOOLONG)
		return error_errno(err, errno_value, "%s: parent folder %s", field, parent);
	return error_set(err, ERROR_INVALID, "%s: parent folder %s: %s", field, parent,
			 strerror(errno_value));
}

int mount_path_resolve(const char *path, const char *field, struct mount_path *ret_path,
		       struct error *err)
{
	if (check_text(path, field, err) < 0)
		return -1;
	char parent[PATH_MAX], inside[PATH_MAX + 2];
	strcpy(parent, path);
	const char *name = cut_name(parent);
	if (!name)
		return error_set(err, ERROR_INVALID, "%s: \"%s\" is not a place for a mount", field,
				 path);
	if (strlen(name) > NAME_MAX)
		return error_set(err, ERROR_INVALID, "%s: its last part is longer than %d bytes",
				 field, NAME_MAX);
	snprintf(inside, sizeof(inside), "%s/.", parent); /* or a file would do, too */
	if (!realpath(inside, ret_path->text))
		return refuse_parent(errno, field, parent, err);
	size_t length = strlen(ret_path->text);
	if (length == 1)
		length = 0; /* "/" itself */
	if (length + 1 + strlen(name) >= PATH_MAX)
		return error_set(err, ERROR_INVALID, "%s: too long without links", field);
	ret_path->text[length] = '/';
	strcpy(ret_path->text + length + 1, name);
	ret_path->name = ret_path->text + length + 1;
	return 0;
}

int mount_path_require(const char *path, const char *field, struct mount_path *ret_path,
		       struct error *err)
{
	struct error reason = { 0 };
	if (mount_path_resolve(path, field, ret_path, &reason) == 0)
		return 0;
	if (reason.code == ERROR_NOT_FOUND)
		return error_set(err, ERROR_IN_USE, "%s; it has to be made first", reason.text);
	*err = reason;
	return -1;
}

int mount_path_require_folder(const char *path, const char *field, struct mount_path *ret_path,
			      struct error *err)
{
	struct stat there;
	if (mount_path_require(path, field, ret_path, err) < 0)
		return -1;
	if (lstat(ret_path->text, &there) < 0)
		return errno == ENOENT ? error_set(err, ERROR_IN_USE,
						   "%s: %s does not exist; it has to be made first",
						   field, ret_path->text)
				       : error_errno(err, errno, "%s: %s", field, ret_path->text);
	if (!S_ISDIR(there.st_mode))
		return error_set(err, ERROR_INVALID, "%s: %s is not a folder", field,
				 ret_path->text);
	return 0;
}

int mount_path_find(const char *path, const char *field, struct mount_path *ret_path,
		    struct error *err)
{
	struct error reason = { 0 };
	if (mount_path_resolve(path, field, ret_path, &reason) == 0)
		return 0;
	if (reason.code == ERROR_NOT_FOUND)
		return 1;
	*err = reason;
	return -1;
}

int mount_path_make(const struct mount_path *path, struct error *err)
{
	if (mkdir(path->text, TARGET_MODE) == 0)
		return 0;
	if (errno != EEXIST)
		return error_errno(err, errno, "make target_path %s", path->text);
	struct stat there;
	if (lstat(path->text, &there) < 0)
		return error_errno(err, errno, "target_path %s", path->text);
	if (!S_ISDIR(there.st_mode))
		return error_set(err, ERROR_INVALID, "target_path %s exists and is not a folder",
				 path->text);
	return 1;
}

int mount_path_make_file(const struct mount_path *path, struct error *err)
{
	struct stat there;
	CLEANUP_CLOSE int fd =
		open(path->text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, TARGET_FILE_MODE);
	if (fd >= 0)
		return 0;
	if (errno != EEXIST)
		return error_errno(err, errno, "make target_path %s", path->text);
	if (lstat(path->text, &there) < 0)
		return error_errno(err, errno, "target_path %s", path->text);
	if (!is_empty_file(&there))
		return error_set(err, ERROR_INVALID,
				 "target_path %s exists and is not an empty file", path->text);
	return 1;
}

/* 1: it is one, and gone. */
static int remove_empty_file(const struct mount_path *path)
{
	struct stat there;
	return lstat(path->text, &there) == 0 && is_empty_file(&there) && unlink(path->text) == 0;
}

int mount_path_remove(const struct mount_path *path, struct error *err)
{
	if (rmdir(path->text) == 0 || errno == ENOENT)
		return 0;
	int rmdir_errno = errno;
	if (rmdir_errno == ENOTDIR && remove_empty_file(path))
		return 0;
	if (rmdir_errno == ENOTEMPTY || rmdir_errno == EEXIST || rmdir_errno == ENOTDIR)
		return error_set(err, ERROR_IN_USE,
				 "target_path %s is not mounted and not empty; its content belongs "
				 "to no volume and is left for you to look at",
				 path->text);
	return error_errno(err, rmdir_errno, "remove target_path %s", path->text);
}
