/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A record in its place in the pool: <pool>/<what>s/<id>/record, in a folder that is held open.
 */

#include <stddef.h>

#include "base/error.h"
#include "record/layout.h"

struct record_file {
	const char *pool_path;
	const char *what; /* "volume" */
	const char *id;
	int above_fd; /* <pool>/<what>s */
	int folder_fd;
};

typedef int record_parser(const char *data, size_t length, void *record, struct error *err);

/* found_id lies in *record: a record of something else is not taken. ERROR_INTERNAL names the file
 * and says what to do; ERROR_NOT_FOUND if it was deleted while we looked, ERROR_BUSY if
 * another one is in its place. *record may have been touched. */
int record_file_read(const struct record_file *file, record_parser *parse, void *record,
		     const char *found_id, struct error *err);
