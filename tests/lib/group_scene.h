/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Group snapshots in a provision scene: the objects around one group "g" of the claims "db-0" to
 * "db-2" in namespace default, and the part of the sidecar, which cuts and deletes the group.
 */

#include <stdbool.h>

#include "provision_scene.h"

#define GROUP_SCENE_CONTENT "groupsnapcontent-g-uid"
#define GROUP_SCENE_MEMBERS 3

extern const struct kind group_scene_groups;
extern const struct kind group_scene_contents;
extern const struct kind group_scene_classes;

/* Of policy Delete. */
void group_scene_put_class(struct provision_scene *scene, const char *name, const char *driver,
			   bool is_default);

/* db-<index>, bound, with the label app=db, and its volume on that node. */
void group_scene_put_claim(struct provision_scene *scene, unsigned index, const char *node);

/* Of the claims with app=db, with no class named; patch is a merge patch with ' for ", or NULL. */
void group_scene_put(struct provision_scene *scene, const char *patch);

/* The role snapshot-controller alone, not started yet. */
struct provision_scene *group_scene_alone(void);

/* Three claims on node-a, the default class "groups", that of snapshots, "snaps", and the role at
 * work. */
struct provision_scene *group_scene_new(void);

/* Cuts what the content asks for, and deletes it and the contents of members when they are marked.
 */
void group_scene_play_sidecar(struct provision_scene *scene);

/* Lets the sidecar act until the condition holds; false after 10 s. */
bool group_scene_wait(struct provision_scene *scene, bool (*holds)(struct provision_scene *scene));

/* As when their CustomResourceDefinition goes and comes: that kind, in both of the versions that we
 * talk. */
void group_scene_set_served(struct provision_scene *scene, const struct kind *kind, bool served);

/* Conditions. */
bool group_scene_is_ready(struct provision_scene *scene); /* with its members, claims released */
bool group_scene_is_gone(struct provision_scene *scene);  /* with all that was made for it */

/* Waits for a field of the group; value NULL: it is gone. */
bool group_scene_field_is(struct provision_scene *scene, const char *path, const char *value);

/* The name of the member of db-<index>; yours. */
char *group_scene_member(unsigned index);
