/* SPDX-License-Identifier: Apache-2.0 */
#include "growth/capability.h"

#include "kube/claim.h"

/* The driver announces SINGLE_NODE_MULTI_WRITER, so the modes of CSI 1.5 apply. */
static enum csi_access_mode access_mode_of(unsigned modes)
{
	return modes & CLAIM_READ_WRITE_MANY	   ? CSI_MULTI_NODE_MULTI_WRITER
	       : modes & CLAIM_READ_WRITE_ONCE_POD ? CSI_SINGLE_NODE_SINGLE_WRITER
	       : modes & CLAIM_READ_WRITE_ONCE	   ? CSI_SINGLE_NODE_MULTI_WRITER
						   : CSI_MULTI_NODE_READER_ONLY;
}

void growth_capability(const struct persistent_volume *volume,
		       struct csi_capability *ret_capability)
{
	*ret_capability = (struct csi_capability) {
		.access_mode = access_mode_of(volume->access_modes),
		.block = volume->block,
	};
	if (volume->block)
		return;
	ret_capability->fs_type = volume->fs_type;
	ret_capability->mount_flags = (char *const *)volume->mount_options;
	ret_capability->mount_flag_count = volume->mount_option_count;
}
