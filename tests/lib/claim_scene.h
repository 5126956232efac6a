/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The claim default/www of a scene (provision_scene.h), its volume pvc-www-uid on node-a, and what
 * a test wants to know of them.
 */

#include "provision_scene.h"

#define SCENE_VOLUME "pvc-www-uid"

extern const struct kind scene_leases;
extern const struct kind scene_secrets;

/* A scene whose provisioner does what the roles say, after it has made the volume: of 1Gi, bound.
 */
struct provision_scene *scene_with_volume(const char *roles);

/* Waits until the field has this value (NULL: it is gone); false after 5 s. */
bool scene_claim_field_is(struct provision_scene *scene, const char *path, const char *expected);
bool scene_volume_field_is(struct provision_scene *scene, const char *path, const char *expected);

/* The claim's status.conditions as JSON; yours. */
char *scene_conditions(struct provision_scene *scene);
bool scene_has_condition(struct provision_scene *scene, const char *type);
bool scene_wait_condition(struct provision_scene *scene, const char *type, bool there);

/* How often the claim's status was patched. */
size_t scene_status_patches(struct provision_scene *scene);

/* Another claim, asking for 2Gi, bound to a volume of 1Gi on that node. */
void scene_put_bound_claim(struct provision_scene *scene, const char *name, const char *node);
