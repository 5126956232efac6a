/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The names in a pool's folder. pool/pool.h says what lies where.
 */

#define LAYOUT_LABEL "pool"
#define LAYOUT_NEIGHBOURS "neighbours"
#define LAYOUT_VOLUMES "volumes"
#define LAYOUT_SNAPSHOTS "snapshots"
#define LAYOUT_GROUPS "groups"
#define LAYOUT_FREEZE "freeze"
#define LAYOUT_TMP "tmp"
#define LAYOUT_TRASH "trash"

/* In the folder of a volume or snapshot. */
#define LAYOUT_RECORD "record"
#define LAYOUT_IMAGE "image"
#define LAYOUT_DATA "data"
#define LAYOUT_LINKS "links" /* while a tree is copied into it */

/* Of an ephemeral volume: the path at which its pod has it, as plain text. By that it is known for
 * one even if its record is damaged. */
#define LAYOUT_POD "pod"

#define LAYOUT_RECORD_MODE 0600

/* Where a volume's folder and a directory volume's data lie in their pool; printf(3) with the id.
 */
#define LAYOUT_VOLUME LAYOUT_VOLUMES "/%s"
#define LAYOUT_VOLUME_DATA LAYOUT_VOLUME "/" LAYOUT_DATA
