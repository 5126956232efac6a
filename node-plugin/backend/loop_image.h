/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The image of a loop device as the kernel shows it (/sys/block/loopN/loop/backing_file), and which
 * volume's it is: <pool>/volumes/<id>/image, in whatever folder the pool lies.
 */

#include <stdbool.h>

#include "record/id.h"

struct loop_image {
	char *path;   /* as this process would open it; NULL: the device has no image */
	bool deleted; /* it has no name any more: path is where it was */
};

void loop_image_read(unsigned number, struct loop_image *ret_image);

/* Of what the kernel shows. */
void loop_image_parse(const char *shown, struct loop_image *ret_image);

void loop_image_done(struct loop_image *image);

bool loop_image_equal(const struct loop_image *image, const struct loop_image *other);

/* False: it is of no volume. A volume in the trash is none. */
bool loop_image_volume(const struct loop_image *image, char ret_id[static ID_MAX + 1]);

/* The same of a device. */
bool loop_image_volume_of(unsigned number, char ret_id[static ID_MAX + 1]);
