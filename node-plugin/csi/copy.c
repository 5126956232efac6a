/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/copy.h"

#include "base/clock.h"
#include "csi/node.h"

#define LONG_AFTER_MS 1000
#define LONG_COPIES_MAX 3 /* of --workers=8 */

static bool take_place(struct node *node)
{
	if (atomic_fetch_add(&node->long_copies, 1) < LONG_COPIES_MAX)
		return true;
	atomic_fetch_sub(&node->long_copies, 1);
	return false;
}

static int look(void *context, uint64_t done_bytes, struct error *err)
{
	struct csi_copy *copy = context;
	uint64_t now_ms = clock_monotonic_ms();
	if (!copy->begin_ms)
		copy->begin_ms = now_ms;
	if (copy->is_long || now_ms - copy->begin_ms < LONG_AFTER_MS)
		return 0;
	copy->is_long = take_place(copy->node);
	if (copy->is_long)
		return 0;
	return error_set(err, ERROR_BUSY,
			 "%d long copies are under way on this node; %llu bytes were copied, try "
			 "again to go on",
			 LONG_COPIES_MAX, (unsigned long long)done_bytes);
}

void csi_copy_init(struct csi_copy *copy, struct node *node)
{
	*copy = (struct csi_copy) {
		.watch = { .look = look, .context = copy },
		.node = node,
	};
}

void csi_copy_done(struct csi_copy *copy)
{
	if (copy->is_long)
		atomic_fetch_sub(&copy->node->long_copies, 1);
}
