/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is known of a volume besides its data: a small text file named `record` in its folder
 * (record/record.h).
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
 * It is there, whole, before the volume's folder appears in the pool, and is replaced as a whole
 * when the volume changes (growth, limits, attachment). Calls for a volume with a damaged record
 * get an error; the volume is not touched, and the others are served.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "folder/quota.h"
#include "record/id.h"
#include "record/io_limits.h"
#include "record/parameters.h"
#include "record/record.h"

#define VOLUME_FS_TYPE_MAX 15
#define VOLUME_CLAIM_MAX 507 /* two names of at most 253 bytes and a slash */

/* What a new volume's content comes from. */
enum volume_source_kind {
	SOURCE_NONE,
	SOURCE_SNAPSHOT,
	SOURCE_VOLUME,
};

struct volume_source {
	enum volume_source_kind kind;
	char id[ID_MAX + 1];
};

/* CSI ControllerPublishVolume, where the plugin is run with --attach. */
enum attachment {
	ATTACHED_NO,
	ATTACHED_RW,
	ATTACHED_RO,
};

struct volume_record {
	char id[ID_MAX + 1];
	char name[ID_NAME_MAX + 1];
	enum backend_kind backend;
	char fs_type[VOLUME_FS_TYPE_MAX + 1]; /* "" for a directory or a block volume */
	uint64_t size_bytes;
	bool enforce;
	char claim[VOLUME_CLAIM_MAX + 1]; /* "" if not given */
	bool block;			  /* volumeMode: Block: an image without a file system */
	bool ephemeral;			  /* lives as long as one pod (CSI inline volume) */
	enum provisioning provisioning;
	enum encryption encryption;
	struct volume_source source;
	enum quota_kind quota;
	uint64_t project_id; /* for QUOTA_PROJECT */
	struct io_limits limits;
	enum attachment attached;
};

void volume_record_format(const struct volume_record *record, struct text *text);

/* data need not be terminated. ERROR_INTERNAL says what is wrong with it. */
int volume_record_parse(const char *data, size_t length, struct volume_record *ret_record,
			struct error *err);
