/* SPDX-License-Identifier: Apache-2.0 */
#include "volume_folder.h"

#include <string.h>

#include "base/file.h"
#include "folder.h"

int volume_folder_peek(struct pool *pool, const char *id, int *ret_fd, struct error *err)
{
	struct error reason = { 0 };
	*ret_fd = -1;
	if (!volume_id_is_valid(id))
		return 0; /* we never made such an id */
	int fd = -1;
	if (folder_open(pool->volumes_fd, id, &fd, &reason) < 0 && reason.code != ERROR_NOT_FOUND)
		return error_set(err, ERROR_INTERNAL, "volume %s: %s", id, reason.text);
	*ret_fd = fd;
	return 0;
}

static int read_record(struct pool *pool, const char *id, int fd, struct volume_record *ret_record,
		       struct error *err)
{
	struct volume_record record;
	struct error reason = { 0 };
	char *data CLEANUP_FREE = NULL;
	size_t length = 0;
	int outcome = file_read_at(fd, VOLUME_RECORD_NAME, VOLUME_RECORD_BYTES_MAX, &data, &length,
				   &reason);
	if (outcome == 0)
		outcome = volume_record_parse(data, length, &record, &reason);
	if (outcome == 0 && strcmp(record.id, id) != 0)
		outcome = error_set(&reason, ERROR_INTERNAL, "it is that of volume %s", record.id);
	if (outcome < 0)
		return error_set(err, ERROR_INTERNAL,
				 "volume %s: its record %s/volumes/%s/" VOLUME_RECORD_NAME
				 " cannot be used: %s. Its data is untouched; put the record back "
				 "from a backup, or move the folder away to give the volume up",
				 id, pool->path, id, reason.text);
	*ret_record = record;
	return 0;
}

int volume_folder_open(struct pool *pool, const char *id, struct volume_folder *ret_folder,
		       struct error *err)
{
	int fd CLEANUP_CLOSE = -1;
	struct volume_record record;
	if (volume_folder_peek(pool, id, &fd, err) < 0)
		return -1;
	if (fd < 0)
		return error_set(err, ERROR_NOT_FOUND, "volume %s does not exist on this node", id);
	if (read_record(pool, id, fd, &record, err) < 0)
		return -1;
	ret_folder->record = record;
	ret_folder->fd = TAKE_FD(fd);
	return 0;
}

void volume_folder_done(struct volume_folder *folder)
{
	cleanup_close(&folder->fd);
	folder->fd = -1;
}
