/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is known of a snapshot besides its data: a small text file named `record` in its folder
 * (record/record.h), written once, before the snapshot appears in the pool.
 *
 *	kentledge-snapshot 1
 *	id=snapshot-…
 *	name=snapshot-…
 *	source_volume=pvc-…
 *	backend=loop
 *	fs_type=ext4
 *	size_bytes=1073741824
 *	held_bytes=33554432
 *	created_us=1795512345000000
 *	crc32=1c291ca3
 *
 * It says all that a volume made from it has to be, since its source may be gone by then.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "record/id.h"
#include "record/parameters.h"
#include "record/record.h"
#include "record/volume_record.h"

struct snapshot_record {
	char id[ID_MAX + 1];
	char name[ID_NAME_MAX + 1];
	char source_volume[ID_MAX + 1];
	enum backend_kind backend;
	char fs_type[VOLUME_FS_TYPE_MAX + 1];
	uint64_t size_bytes; /* of its source: the least that a volume made from it can have */
	uint64_t held_bytes; /* of the disk: what it counts with */
	uint64_t created_us; /* the moment that it shows: wall clock */
	bool block;
	bool shared; /* its blocks were those of its source at first */
	enum encryption encryption;
	char group[ID_MAX + 1]; /* the group snapshot it belongs to; "": none */
};

void snapshot_record_format(const struct snapshot_record *record, struct text *text);

/* data need not be terminated. ERROR_INTERNAL says what is wrong with it. */
int snapshot_record_parse(const char *data, size_t length, struct snapshot_record *ret_record,
			  struct error *err);
