/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A kernel, or a container's profile, that does not have a system call.
 */

#define STATMOUNT_NUMBER 457 /* on all architectures but alpha */

/* From now on, in this process and what it starts, the call fails with this errno; 0: it does
 * nothing and succeeds. Aborts where that cannot be. */
void refuse_call(unsigned number, int errno_value);
