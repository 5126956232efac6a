/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/loop_size.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "disk/image_blocks.h"
#include "host/host.h"

static int refuse_size(int errno_value, uint64_t bytes, struct error *err)
{
	switch (errno_value) {
	case EFBIG:
		return error_set(err, ERROR_RANGE,
				 "capacity_range: the pool's file system cannot hold a file of "
				 "%" PRIu64 " bytes",
				 bytes);
	case ENOSPC:
	case EDQUOT:
		return error_set(err, ERROR_EXHAUSTED,
				 "the pool's disk has no %" PRIu64 " bytes to set aside", bytes);
	case EOPNOTSUPP:
		return error_set(err, ERROR_EXHAUSTED,
				 "parameter provisioning: \"reserved\" and \"thick\" need a pool "
				 "whose file system can set blocks aside (fallocate); this one "
				 "cannot");
	default:
		return error_errno(err, errno_value, "set the size of the image");
	}
}

int loop_size_set(int image_fd, const struct volume_record *record, struct error *err)
{
	/* The blocks first: an image is never larger than what it has, if it is to have all. */
	int failure = record->provisioning != PROVISIONING_THIN
			      ? image_blocks_hold(image_fd, record->size_bytes)
			      : 0;
	if (failure)
		return refuse_size(failure, record->size_bytes, err);
	if (ftruncate(image_fd, (off_t)record->size_bytes) < 0)
		return refuse_size(errno, record->size_bytes, err);
	return 0;
}

int loop_size_hold(int image_fd, const struct volume_record *record, struct error *err)
{
	struct stat image;
	if (record->provisioning == PROVISIONING_THIN)
		return 0;
	if (fstat(image_fd, &image) < 0)
		return error_errno(err, errno, "stat of the image");
	int failure = image_blocks_hold(image_fd, (uint64_t)image.st_size);
	return failure ? refuse_size(failure, (uint64_t)image.st_size, err) : 0;
}

bool loop_size_may_discard(const struct volume_record *record)
{
	return record->provisioning == PROVISIONING_THIN;
}

void loop_size_set_discard(const struct backend_site *site, const struct loop_device *device,
			   const struct volume_record *record)
{
	struct error reason = { 0 };
	if (site->host->set_discard(site->host, device, loop_size_may_discard(record), &reason) < 0)
		log_warning("discards cannot be set as the volume's provisioning requires",
			    LOG_TEXT("volume", record->id), LOG_ERR(&reason));
}
