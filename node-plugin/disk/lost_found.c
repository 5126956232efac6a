/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/lost_found.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "folder/folder.h"

#define NAME "lost+found"

/* The first other entry ends the walk, however many there are. */
static int stop_at_other(void *context, const char *name, struct error *err)
{
	return strcmp(name, NAME) == 0 ? 0 : -1;
}

void lost_found_remove(int root_fd)
{
	struct error reason = { 0 };
	if (folder_visit(root_fd, stop_at_other, NULL, &reason) == 0)
		unlinkat(root_fd, NAME, AT_REMOVEDIR);
}
