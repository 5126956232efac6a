/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Attachment: the step before staging where the plugin is run with --attach (CSI:
 * ControllerPublishVolume). The disk is in this node already, so nothing is moved; what is gained
 * is that the cluster decides beforehand whether a volume may be used, whether writable, and how
 * many volumes at once.
 *
 *	created --attach--> attached (rw or ro) --stage--> staged …
 *
 * It is kept in the volume's record, since no mount shows it. Without --attach nothing is required
 * and nothing is kept.
 */

#include <stdbool.h>

#include "base/error.h"
#include "mount/flags.h"
#include "record/volume_record.h"

struct access;
struct pools;

/* 1: it was attached so already. ERROR_EXISTS: in the other mode; ERROR_EXHAUSTED: as many as
 * --max-volumes are; ERROR_NOT_FOUND: no such volume. */
int attachment_make(struct pools *pools, const char *id, const struct access *access,
		    bool read_only, struct error *err);

/* 1: it was not, or does not exist. ERROR_IN_USE while it is mounted. */
int attachment_end(struct pools *pools, const char *id, struct error *err);

/* The volume may be staged and published. ERROR_IN_USE: it is to be attached first. What it is
 * attached for goes into the flags of its mounts. */
int attachment_obey(const struct pools *pools, const struct volume_record *record,
		    struct mount_flags *flags, struct error *err);

/* It may be deleted, as far as that goes. What an earlier process with --attach kept does not count
 * without: no call could end it. */
int attachment_check_none(const struct pools *pools, const struct volume_record *record,
			  struct error *err);
