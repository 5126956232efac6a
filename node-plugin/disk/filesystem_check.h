/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The check of a file system before it is mounted writable, as the kubelet's mount library does it
 * for its own volumes (fsck -a).
 *
 * ext4: e2fsck -p, where the superblock says that there were errors, where the kernel refused to
 * mount it as damaged, or where an earlier check was cut short. The kernel replays the journal. xfs
 * and btrfs repair what they can when they are mounted; their tools do the rest only by hand, since
 * they may drop data on the way.
 */

#include <stdbool.h>

#include "base/error.h"

struct copy_watch;

/* refused: the kernel did not mount it. 0: there was nothing to do, 1: it was checked, and is as it
 * should be. -1 with ERROR_INTERNAL: it is damaged; *err says what was found. With another code it
 * could not be checked to the end (disk/process.h). watch, which may be NULL, can end the check;
 * the next one then goes over all of it. */
int filesystem_check(const char *type, int image_fd, bool refused, const struct copy_watch *watch,
		     struct error *err);

/* What a person runs on the image of such a file system. */
const char *filesystem_check_command(const char *type);
