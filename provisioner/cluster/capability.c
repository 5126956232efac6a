/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/capability.h"

#include "kube/claim.h"

/* The driver announces SINGLE_NODE_MULTI_WRITER, so the modes of CSI 1.5 apply. */
static enum csi_access_mode access_mode_of(unsigned modes)
{
	return modes & CLAIM_READ_WRITE_MANY	   ? CSI_MULTI_NODE_MULTI_WRITER
	       : modes & CLAIM_READ_WRITE_ONCE_POD ? CSI_SINGLE_NODE_SINGLE_WRITER
	       : modes & CLAIM_READ_WRITE_ONCE	   ? CSI_SINGLE_NODE_MULTI_WRITER
						   : CSI_MULTI_NODE_READER_ONLY;
}

struct csi_capability capability_make(unsigned access_modes, bool block, const char *fs_type,
				      const char **mount_options, size_t mount_option_count)
{
	enum csi_access_mode mode = access_mode_of(access_modes);
	if (block)
		return (struct csi_capability) { .access_mode = mode, .block = true };
	return (struct csi_capability) {
		.access_mode = mode,
		.fs_type = fs_type,
		.mount_flags = (char *const *)mount_options,
		.mount_flag_count = mount_option_count,
	};
}
