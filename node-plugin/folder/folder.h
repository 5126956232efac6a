/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Folders and files below one that is held open. Whatever a name says, the kernel keeps us
 * beneath it, follows no link and crosses no mount (openat2(2): RESOLVE_BENEATH,
 * RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV). Names come from callers and contents from pods: neither
 * leads anywhere else.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Errors name the path; one that does not exist is ERROR_NOT_FOUND. */
int folder_open(int at_fd, const char *path, int *ret_fd, struct error *err);
int folder_open_file(int at_fd, const char *path, int flags, mode_t mode, int *ret_fd,
		     struct error *err);

/* Opens the file that path_fd (O_PATH) found, for these flags. The caller looks at path_fd first,
 * since opening a device node or a FIFO, which a pod can put there, has effects of its own. */
int folder_reopen(int path_fd, int flags, int *ret_fd, struct error *err);

/* What has this name is a folder: no file, and no link to one. */
bool folder_is(int at_fd, const char *name);

/* Whether what fd has open is still there under this name. THERE, too, where a disk that fails does
 * not tell. */
enum folder_presence { FOLDER_THERE, FOLDER_GONE, FOLDER_REPLACED };

enum folder_presence folder_presence(int at_fd, const char *name, int fd);

/* Makes it with this mode if it is not there, and opens it. */
int folder_make(int at_fd, const char *name, mode_t mode, int *ret_fd, struct error *err);

/* Calls back for each entry but . and .., in no order; stops at the first that is not 0 and
 * returns that. -1 with *err if the folder cannot be read. */
typedef int folder_visitor(void *context, const char *name, struct error *err);
int folder_visit(int fd, folder_visitor *visit, void *context, struct error *err);
