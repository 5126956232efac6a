/* SPDX-License-Identifier: Apache-2.0 */
#include "folder/inode_flags.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "folder/folder.h"

#define RESISTING (FS_IMMUTABLE_FL | FS_APPEND_FL)

bool inode_flags_clear(int fd)
{
	int flags = 0;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || !(flags & RESISTING))
		return false;
	flags &= ~RESISTING;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}

bool inode_flags_clear_at(int at_fd, const char *name)
{
	struct stat st;
	CLEANUP_CLOSE int path_fd = -1, fd = -1;
	if (folder_open_file(at_fd, name, O_PATH, 0, &path_fd, NULL) < 0 ||
	    fstat(path_fd, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return false;
	return folder_reopen(path_fd, O_RDONLY | O_NONBLOCK, &fd, NULL) == 0 &&
	       inode_flags_clear(fd);
}
