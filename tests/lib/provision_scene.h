/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A provisioner at work: an API server in memory, two nodes with plugins in memory, and a binder
 * that binds and releases as Kubernetes does. The provisioner can be stopped, killed at any step,
 * and started again.
 *
 * There are the classes "kentledge" (WaitForFirstConsumer) and "now" (Immediate), both Delete, and
 * the nodes node-a and node-b.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "fake_api.h"
#include "fake_node.h"

struct provision_scene;

extern const struct kind scene_claims;
extern const struct kind scene_volumes;
extern const struct kind scene_classes;
extern const struct kind scene_nodes;
extern const struct kind scene_slices;
extern const struct kind scene_csi_nodes;
extern const struct kind scene_attributes_classes;
extern const struct kind scene_snapshots;
extern const struct kind scene_contents;
extern const struct kind scene_snapshot_classes;
extern const struct kind scene_groups;
extern const struct kind scene_group_contents;
extern const struct kind scene_group_classes;
extern const struct kind scene_grants;

struct provision_scene *scene_new(void);
void scene_free(struct provision_scene *scene);

struct fake_api *scene_api(struct provision_scene *scene);
struct fake_node *scene_node_a(struct provision_scene *scene);
struct fake_node *scene_node_b(struct provision_scene *scene);

/* How long a provisioner that is started from now on waits after a failure: 5 ms unless set. */
void scene_set_backoff(struct provision_scene *scene, uint32_t backoff_ms);

/* How long it lets a node's plugin be without an address: a minute unless set. */
void scene_set_grace(struct provision_scene *scene, uint32_t grace_ms);

/* How long a call to a node may take: 5 s unless set. */
void scene_set_call_timeout(struct provision_scene *scene, uint32_t timeout_ms);

/* How often it asks a node for its room: once a minute unless set. */
void scene_set_poll(struct provision_scene *scene, uint32_t poll_ms);

/* For how long a node that does not answer keeps its room: 5 minutes unless set. */
void scene_set_silence(struct provision_scene *scene, uint32_t silence_ms);

/* It publishes room for classes that bind at once, too. */
void scene_publish_immediate(struct provision_scene *scene);

/* The gate CrossNamespaceVolumeDataSource is on. */
void scene_set_cross_namespace(struct provision_scene *scene);

/* As with --extra-modify-metadata. */
void scene_set_extra_modify_metadata(struct provision_scene *scene);

/* When a node that left counts as gone: after an hour unless set. forget: the records of released
 * volumes then; true unless set. */
void scene_set_gone_after(struct provision_scene *scene, uint32_t seconds, bool forget);

/* A provisioner that is started from now on deletes nothing of a node before it has missed it for
 * so long itself: 0 unless set. */
void scene_set_sight(struct provision_scene *scene, uint32_t seconds);

/* How often it asks a node for the health of its volumes: once a minute unless set. */
void scene_set_health_poll(struct provision_scene *scene, uint32_t poll_ms);

/* What a provisioner that is started from now on does: provision and reclaim unless set. */
void scene_set_roles(struct provision_scene *scene, const char *roles);

/* Who a provisioner that is started from now on is in the leases of its roles; without leases
 * unless set. Borrowed. */
void scene_set_lease_holder(struct provision_scene *scene, const char *holder);

/* The role snapshot-controller of one that is started from now on looks whether there is another
 * snapshot-controller, and gives its probe 300 ms; without this it acts at once. */
void scene_look_for_snapshot_controllers(struct provision_scene *scene);

/* Starts a provisioner, as a new process would. */
void scene_start(struct provision_scene *scene);

/* Ends it, whether in good order or killed. */
void scene_stop(struct provision_scene *scene);

/* Claim default/<name> of 1Gi with uid "<name>-uid", class kentledge, node-a selected; patch is a
 * merge patch with ' for ", or NULL. Its volume is called pvc-<name>-uid. */
void scene_put_claim(struct provision_scene *scene, const char *name, const char *patch);

/* As a user would. */
void scene_delete(struct provision_scene *scene, const struct kind *kind, const char *name);

/* Lets the binder act until the condition holds; false after 5 s. */
bool scene_wait(struct provision_scene *scene,
		bool (*holds)(struct provision_scene *scene, const char *name), const char *name);

/* Lets the binder act once; whether the claim is bound then. */
bool scene_bind(struct provision_scene *scene, const char *claim);

/* Conditions. */
bool scene_is_bound(struct provision_scene *scene, const char *claim);	 /* and without intent */
bool scene_is_gone(struct provision_scene *scene, const char *claim);	 /* claim, PV and data */
bool scene_has_volume(struct provision_scene *scene, const char *claim); /* the PV */

/* Whether an event with this reason and this in its message was posted. */
bool scene_has_event(struct provision_scene *scene, const char *reason, const char *text);
bool scene_wait_event(struct provision_scene *scene, const char *reason, const char *text);

/* Each writing request and each read of one object, before and after its effect, and both ends of
 * each CSI call, is a step; steps are counted from 1. At step `at` `act` is called, in the middle
 * of it; if it returns false the step fails. 0: never. Begins to count anew. */
void scene_at_step(struct provision_scene *scene, unsigned at,
		   bool (*act)(struct provision_scene *scene, void *context), void *context);
unsigned scene_steps(struct provision_scene *scene);
bool scene_has_acted(struct provision_scene *scene); /* that step was reached */

/* An act: from this step on nothing the provisioner does has any effect, until scene_stop(). */
bool scene_kill(struct provision_scene *scene, void *context);

/* An act: from this step on the lease is another's. */
bool scene_depose(struct provision_scene *scene, void *context);

DEFINE_CLEANUP(struct provision_scene *, scene_free);
