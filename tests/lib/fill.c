/* SPDX-License-Identifier: Apache-2.0 */
#include "fill.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"

uint64_t fill_file(int folder_fd, const char *name, uint64_t max_bytes, int *ret_errno)
{
	static char block[64 << 10];
	CLEANUP_CLOSE int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	uint64_t written = 0;
	*ret_errno = fd < 0 ? errno : 0;
	while (fd >= 0 && written < max_bytes) {
		ssize_t length = write(fd, block, sizeof(block));
		if (length < 0) {
			*ret_errno = errno;
			break;
		}
		written += (uint64_t)length;
	}
	return written;
}
