/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which parameters of a VolumeSnapshotClass or VolumeGroupSnapshotClass the driver gets. Those with
 * CSI's prefix are for the provisioner: they name Secrets. Pure.
 */

#include "base/arena.h"
#include "base/error.h"
#include "kube/object.h"

/* Adds to *parameters, in the arena. ERROR_INVALID names the class and its parameter. */
int snapshot_parameters_read(const struct object *class, const struct pairs *of_class,
			     struct arena *arena, struct pairs *parameters, struct error *err);
