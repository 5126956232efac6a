/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A VolumeAttributesClass: parameters of volumes that may change while the volume is in use. A
 * claim names a class (spec.volumeAttributesClassName) and may name another one later.
 *
 * Driver and parameters are immutable, though a class may be deleted and made again with other
 * content. A class that is being deleted still serves the claims that name it;
 * kube-controller-manager keeps it by a finalizer as long as there are any. Kubernetes serves the
 * kind since 1.34.
 */

#include "kube/object.h"

struct attributes_class {
	struct object object;
	const char *driver;
	struct pairs parameters;
};

extern const struct kind attributes_class_kind;

/* Its parameters are our driver's. */
bool attributes_class_is_ours(const struct attributes_class *class);

static inline struct attributes_class *attributes_class_of(struct object *object)
{
	return (struct attributes_class *)object;
}
