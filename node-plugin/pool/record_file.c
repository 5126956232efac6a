/* SPDX-License-Identifier: Apache-2.0 */
#include "pool/record_file.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "folder/folder.h"
#include "record/record.h"

int record_file_read(const struct record_file *file, record_parser *parse, void *record,
		     const char *found_id, struct error *err)
{
	const char *what = file->what;
	struct error reason = { 0 };
	CLEANUP_FREE char *data = NULL;
	size_t length = 0;
	int outcome = file_read_at(file->folder_fd, LAYOUT_RECORD, RECORD_BYTES_MAX, &data, &length,
				   &reason);
	if (outcome == 0)
		outcome = parse(data, length, record, &reason);
	if (outcome == 0 && strcmp(found_id, file->id) != 0)
		outcome = error_set(&reason, ERROR_INTERNAL, "it is that of %s %s", what, found_id);
	if (outcome == 0)
		return 0;
	enum folder_presence presence = folder_presence(file->above_fd, file->id, file->folder_fd);
	if (presence == FOLDER_GONE)
		return error_set(err, ERROR_NOT_FOUND, "%s %s was deleted just now", what,
				 file->id);
	if (presence == FOLDER_REPLACED)
		return error_set(err, ERROR_BUSY, "%s %s was replaced just now; try again", what,
				 file->id);
	return error_set(err, ERROR_INTERNAL,
			 "%s %s: its record %s/%ss/%s/" LAYOUT_RECORD
			 " cannot be used: %s. Its data is untouched; put the record back from a "
			 "backup, or move the folder away to give the %s up",
			 what, file->id, file->pool_path, what, file->id, reason.text, what);
}
