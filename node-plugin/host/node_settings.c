/* SPDX-License-Identifier: Apache-2.0 */
#include "host/node_settings.h"

#include "host/throttle.h"

static struct throttle nothing = {
	.kind = THROTTLE_NONE,
	.root = THROTTLE_FOLDER,
	.mutex = PTHREAD_MUTEX_INITIALIZER,
};

const struct node_settings node_settings_none = { .throttle = &nothing };
