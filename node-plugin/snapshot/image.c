/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/image.h"

#include <fcntl.h>

#include "backend/backends.h"
#include "folder/folder.h"

int snapshot_image_open(struct pools *pools, const char *id, struct snapshot_image *ret_image,
			struct error *err)
{
	CLEANUP_SNAPSHOT_IMAGE struct snapshot_image image = SNAPSHOT_IMAGE_INIT;
	if (snapshot_folder_open(pools, id, &image.folder, err) < 0)
		return -1;
	if (!image.folder.record.block)
		return error_set(err, ERROR_INVALID,
				 "%s is of a volume with a file system; only block volumes "
				 "(volumeMode: Block) have changed blocks",
				 id);
	if (folder_open_file(image.folder.fd,
			     backend_of_kind(image.folder.record.backend)->data_name, O_RDONLY, 0,
			     &image.fd, err) < 0)
		return -1;
	/* Its reader waits for the disk for as long as it reads. */
	struct pool *pool = image.folder.pool;
	if (pool_visit_begin(&pool->visits, pool->site.name, &ret_image->visit, err) < 0)
		return -1;
	ret_image->folder = image.folder;
	ret_image->fd = image.fd;
	image = (struct snapshot_image)SNAPSHOT_IMAGE_INIT;
	return 0;
}

void snapshot_image_done(struct snapshot_image *image)
{
	cleanup_close(&image->fd);
	pool_visit_end(&image->visit);
	snapshot_folder_done(&image->folder);
}
