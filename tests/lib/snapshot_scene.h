/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Snapshots in a provision scene: the objects around one snapshot "snap" of the claim "www" in
 * namespace default, and the part of the sidecar, which makes and deletes the data.
 */

#include <stdbool.h>

#include "provision_scene.h"

#define SNAPSHOT_SCENE_CONTENT "snapcontent-snap-uid"

/* Of policy Delete. */
void snapshot_scene_put_class(struct provision_scene *scene, const char *name, const char *driver,
			      bool is_default);

/* The volume of the claim "www", bound to it. */
void snapshot_scene_put_volume(struct provision_scene *scene, const char *driver);
void snapshot_scene_put_claim(struct provision_scene *scene, const char *phase);

/* Of the claim, with no class named; patch is a merge patch with ' for ", or NULL. */
void snapshot_scene_put(struct provision_scene *scene, const char *patch);

/* The role snapshot-controller alone, not started yet. */
struct provision_scene *snapshot_scene_alone(void);

/* A bound claim, the default class "snaps", and the role at work. */
struct provision_scene *snapshot_scene_new(void);

/* Makes what the content asks for, and deletes it when it is marked. */
void snapshot_scene_play_sidecar(struct provision_scene *scene, const char *content);

/* Lets the sidecar act on SNAPSHOT_SCENE_CONTENT until the condition holds; false after 5 s. */
bool snapshot_scene_wait(struct provision_scene *scene,
			 bool (*holds)(struct provision_scene *scene));

/* Conditions. */
bool snapshot_scene_is_ready(struct provision_scene *scene);	 /* and the claim is released */
bool snapshot_scene_is_gone(struct provision_scene *scene);	 /* with its content */
bool snapshot_scene_all_is_gone(struct provision_scene *scene);	 /* and the claim */
bool snapshot_scene_is_protected(struct provision_scene *scene); /* the claim is */

/* Waits for a field of the snapshot; value NULL: it is gone. */
bool snapshot_scene_field_is(struct provision_scene *scene, const char *path, const char *value);

/* Now, of an object of namespace default or of the cluster. */
bool snapshot_scene_has(struct provision_scene *scene, const struct kind *kind, const char *name,
			const char *path, const char *text);
bool snapshot_scene_exists(struct provision_scene *scene, const struct kind *kind,
			   const char *name);
