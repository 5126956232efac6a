/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whole files, read at once or replaced at once.
 */

#include <stddef.h>

#include "base/error.h"

/* Reads the file, at most max_bytes of it; a larger one is ERROR_EXHAUSTED. *ret_data is yours and
 * terminated; ret_length may be NULL. */
int file_read(const char *path, size_t max_bytes, char **ret_data, size_t *ret_length,
	      struct error *err);
int file_read_at(int folder_fd, const char *name, size_t max_bytes, char **ret_data,
		 size_t *ret_length, struct error *err);

/* Writes folder_fd/name in place, and fsyncs it and the folder: for a folder that no other code
 * reads yet, as after a crash the file may be there in part. A file system with a journal then has
 * one commit to make, not the two of file_replace_at(). */
int file_write_at(int folder_fd, const char *name, const void *data, size_t length, unsigned mode,
		  struct error *err);

/* Replaces folder_fd/name: written under a temporary name, fsynced, renamed, the folder fsynced.
 * After a crash the file has the old content or the new, whole (rename(2)). */
int file_replace_at(int folder_fd, const char *name, const void *data, size_t length, unsigned mode,
		    struct error *err);

/* fsync(2) of a folder: makes renames and removals in it durable. */
int file_sync_folder(int folder_fd, struct error *err);
