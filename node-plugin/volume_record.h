/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is known of a volume besides its data: a small text file named `record` in its folder.
 *
 *	kentledge-volume 1
 *	id=pvc-…
 *	name=pvc-…
 *	backend=loop
 *	fs_type=ext4
 *	size_bytes=1073741824
 *	enforce=true
 *	claim=default/www-web-0
 *	crc32=1c291ca3
 *
 * The checksum covers all before its line. A record is written once, before its folder appears in
 * the pool; a file that is cut short or changed does not parse, whichever byte it was. Then that
 * volume answers with an error and is left alone, and the others go on.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "parameters.h"
#include "volume_id.h"

#define VOLUME_RECORD_BYTES_MAX 4096
#define VOLUME_FS_TYPE_MAX 15
#define VOLUME_CLAIM_MAX 507 /* two names of at most 253 bytes and a slash */

struct volume_record {
	char id[VOLUME_ID_MAX + 1];
	char name[VOLUME_NAME_MAX + 1];
	enum backend_kind backend;
	char fs_type[VOLUME_FS_TYPE_MAX + 1]; /* "" for a directory */
	uint64_t size_bytes;
	bool enforce;
	char claim[VOLUME_CLAIM_MAX + 1]; /* "" if not told */
};

void volume_record_format(const struct volume_record *record, struct text *text);

/* data need not be terminated. ERROR_INTERNAL says what is wrong with it. */
int volume_record_parse(const char *data, size_t length, struct volume_record *ret_record,
			struct error *err);
