/* SPDX-License-Identifier: Apache-2.0 */
#include "text_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "test.h"

void text_file_write(int folder_fd, const char *name, const char *text)
{
	CLEANUP_CLOSE int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

void text_file_check(int folder_fd, const char *name, const char *text)
{
	char got[256] = "";
	CLEANUP_CLOSE int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, got, sizeof(got) - 1), strlen(text));
	assert_string_equal(got, text);
}
