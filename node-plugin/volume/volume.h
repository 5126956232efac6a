/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A volume on this node.
 *
 *	absent --create--> created --stage--> staged --publish--> published
 *
 * and back by unpublish, unstage and delete. Each step may be asked for again and then does
 * nothing: the kubelet repeats every call whose answer it lost. A volume exists if its folder is in
 * the pool; the kernel's mounts, read at each call, say whether it is staged or published. Nothing
 * is remembered, so a restarted plugin, or a node that was rebooted, continues where it stands.
 *
 * Each step has a header of its own: volume/create.h, stage.h, publish.h, expand.h, delete.h. Each
 * step takes the volume's lock for its duration: ERROR_BUSY if another call has it. What is here
 * only looks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "host/host.h"
#include "record/volume_record.h"
#include "volume/access.h"

struct id_list;
struct pools;

/* ERROR_NOT_FOUND, or ERROR_INTERNAL for a volume whose record is damaged. */
int volume_find(struct pools *pools, const char *id, struct volume_record *ret_record,
		struct error *err);

/* The first `max` volumes whose ids come after `after`, in the order of their ids. *ret_records is
 * yours; *ret_more says whether there are others. Volumes with a damaged record are left out. */
int volume_list(struct pools *pools, const char *after, size_t max,
		struct volume_record **ret_records, size_t *ret_count, bool *ret_more,
		struct error *err);

/* The ids of all volumes behind list->after, in their order: also those whose record is damaged. */
int volume_list_ids(struct pools *pools, struct id_list *list, struct error *err);

/* The volume can be used in this way; else ERROR_IN_USE (CSI: "Exceeds capabilities") names the
 * field. */
int volume_check_access(const struct volume_record *record, const struct access *access,
			struct error *err);

/* Of the volume mounted at path (staged or published): ERROR_NOT_FOUND if it is not. Of a block
 * volume only the size is known; the rest is 0. */
int volume_usage(struct pools *pools, const char *id, const char *path,
		 struct host_usage *ret_usage, struct error *err);
