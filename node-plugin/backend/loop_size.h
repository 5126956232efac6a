/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The size of an image, and the blocks that it sets aside where its volume's provisioning says so.
 */

#include <stdbool.h>

#include "backend/site.h"
#include "base/error.h"
#include "disk/loop_device.h"
#include "record/volume_record.h"

/* Makes the image as large as the record says. ERROR_RANGE, ERROR_EXHAUSTED. */
int loop_size_set(int image_fd, const struct volume_record *record, struct error *err);

/* Sets the blocks aside again that such an image lost by discards that could not be turned off, or
 * by hand. What is there is not touched. ERROR_EXHAUSTED. */
int loop_size_hold(int image_fd, const struct volume_record *record, struct error *err);

/* A discard in the device would free the blocks that an image has set aside. */
bool loop_size_may_discard(const struct volume_record *record);

/* Turns discards on or off. That this fails is logged: it keeps no volume from its pod. */
void loop_size_set_discard(const struct backend_site *site, const struct loop_device *device,
			   const struct volume_record *record);
