/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"

static int read_all(int fd, const char *path, size_t max_bytes, struct text *text,
		    struct error *err)
{
	char buffer[4096];
	for (;;) {
		ssize_t n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "read %s", path);
		if (n == 0)
			return 0;
		if (text->length + (size_t)n > max_bytes)
			return error_set(err, ERROR_EXHAUSTED, "%s is larger than %zu bytes", path,
					 max_bytes);
		text_append(text, buffer, (size_t)n);
	}
}

int file_read_at(int folder_fd, const char *name, size_t max_bytes, char **ret_data,
		 size_t *ret_length, struct error *err)
{
	CLEANUP_CLOSE int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, errno, "open %s", name);
	CLEANUP_TEXT struct text text = TEXT_INIT;
	if (read_all(fd, name, max_bytes, &text, err) < 0)
		return -1;
	if (ret_length)
		*ret_length = text.length;
	*ret_data = text_take(&text);
	return 0;
}

int file_read(const char *path, size_t max_bytes, char **ret_data, size_t *ret_length,
	      struct error *err)
{
	return file_read_at(AT_FDCWD, path, max_bytes, ret_data, ret_length, err);
}

static int write_all(int fd, const char *name, const char *data, size_t length, struct error *err)
{
	while (length) {
		ssize_t n = write(fd, data, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "write %s", name);
		data += n;
		length -= (size_t)n;
	}
	return 0;
}

static int write_new(int folder_fd, const char *name, const void *data, size_t length,
		     unsigned mode, struct error *err)
{
	CLEANUP_CLOSE int fd = openat(folder_fd, name,
				      O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return error_errno(err, errno, "create %s", name);
	if (write_all(fd, name, data, length, err) < 0)
		return -1;
	if (fsync(fd) < 0)
		return error_errno(err, errno, "fsync %s", name);
	return 0;
}

int file_replace_at(int folder_fd, const char *name, const void *data, size_t length, unsigned mode,
		    struct error *err)
{
	/* A fixed temporary name: what a crash left behind is overwritten by the next try. */
	CLEANUP_FREE char *temporary = must_printf("%s.new", name);
	if (write_new(folder_fd, temporary, data, length, mode, err) < 0) {
		unlinkat(folder_fd, temporary, 0);
		return -1;
	}
	if (renameat(folder_fd, temporary, folder_fd, name) < 0)
		return error_errno(err, errno, "rename %s to %s", temporary, name);
	return file_sync_folder(folder_fd, err);
}

int file_write_at(int folder_fd, const char *name, const void *data, size_t length, unsigned mode,
		  struct error *err)
{
	if (write_new(folder_fd, name, data, length, mode, err) < 0) {
		unlinkat(folder_fd, name, 0);
		return -1;
	}
	return file_sync_folder(folder_fd, err);
}

int file_sync_folder(int folder_fd, struct error *err)
{
	if (fsync(folder_fd) < 0)
		return error_errno(err, errno, "fsync folder");
	return 0;
}
