/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/lost_found.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder/folder.h"

#define NAME "lost+found"
#define FOLDER_BYTES_MAX (64 << 10)

/* The first other entry ends the walk, however many there are. */
static int stop_at_other(void *context, const char *name, struct error *err)
{
	return strcmp(name, NAME) == 0 ? 0 : -1;
}

/* mkfs.ext4 makes the root with one block and lost+found with 16 KiB. A folder of ext4 never
 * shrinks, and to find that it is empty takes the kernel a look at each of its blocks: in a folder
 * that a pod has filled and emptied these are up to 260,000, read one by one. */
static bool is_as_made(int root_fd, const char *name)
{
	struct stat found;
	return fstatat(root_fd, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(found.st_mode) &&
	       found.st_size <= FOLDER_BYTES_MAX;
}

void lost_found_remove(int root_fd)
{
	struct error reason = { 0 };
	if (is_as_made(root_fd, ".") && is_as_made(root_fd, NAME) &&
	    folder_visit(root_fd, stop_at_other, NULL, &reason) == 0)
		unlinkat(root_fd, NAME, AT_REMOVEDIR);
}
