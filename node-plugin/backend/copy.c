/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/copy.h"

#include "base/cleanup.h"

void backend_copy_done(struct backend_copy *copy)
{
	cleanup_close(&copy->data_fd);
	cleanup_close(&copy->copy_fd);
	copy->data_fd = copy->copy_fd = -1;
}
