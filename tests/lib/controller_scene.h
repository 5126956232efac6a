/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The StatefulSet controller on an API server in memory, with a kubelet that starts pods and ends
 * them, and an eye on what must always be true.
 *
 * The kubelet binds each pod to a node, makes it Running and Ready a moment later, and removes it
 * when it is being deleted. The watch over the set checks on every write of its status that the
 * counts fit together, and on every POST of a pod of an OrderedReady set that all pods before it
 * are Ready. A claim is never deleted.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controller.h"
#include "fake_api.h"
#include "kube/claim.h"
#include "set/pod.h"
#include "set/revision.h"
#include "set/statefulset.h"

struct controller_scene;

struct controller_scene *controller_scene_new(void);
void controller_scene_free(struct controller_scene *scene);

struct fake_api *controller_scene_api(struct controller_scene *scene);

/* Starts the controller; a scene begins without. guarded: see guard.h, with short times. */
void controller_scene_start(struct controller_scene *scene, bool guarded);

/* A controller that is started from now on runs the sets of this namespace only. */
void controller_scene_confine(struct controller_scene *scene, const char *namespace);

/* How long a controller that is started from now on waits after a failure; 5 ms and more unless
 * set.
 */
void controller_scene_set_backoff(struct controller_scene *scene, uint32_t backoff_ms);

/* How long a guarded controller that is started from now on lets the probe stand where it sees no
 * settled leader of kube-controller-manager; 100 ms unless set. */
void controller_scene_set_guard_margin(struct controller_scene *scene, uint32_t margin_ms);

/* Ends it at once, as kill -9 would: what is under way stays half-done. */
void controller_scene_kill(struct controller_scene *scene);

/* From now on the lease is another's, or may be, until it is restored. */
void controller_scene_depose(struct controller_scene *scene);
void controller_scene_restore(struct controller_scene *scene);

/* Every request of the controller from the nth on (1: the first) fails without an effect, or the
 * nth takes effect and its answer is lost. Requests of the watches do not count. 0: none. */
void controller_scene_die_at(struct controller_scene *scene, unsigned nth, bool after_effect);
bool controller_scene_died(struct controller_scene *scene);

/* No request is between its effect and its answer. */
bool controller_scene_is_quiet(struct controller_scene *scene);

/* Stops making pods Ready, for pods that are made from then on. */
void controller_scene_hold_kubelet(struct controller_scene *scene, bool hold);

/* A StatefulSet web of namespace default with claims www, as an API server would have defaulted it.
 * spec: more members of spec, quotes as '. image: changes the template. */
void controller_scene_put_set(struct controller_scene *scene, const char *spec, const char *image);
void controller_scene_edit_set(struct controller_scene *scene, const char *patch);
void controller_scene_set_image(struct controller_scene *scene, const char *image);

bool controller_scene_wait_set(struct controller_scene *scene, const char *path, const char *value);
bool controller_scene_wait_pod(struct controller_scene *scene, const char *pod, const char *path,
			       const char *value);
/* A pod of that name with another uid. */
bool controller_scene_wait_new_pod(struct controller_scene *scene, const char *pod,
				   const char *old_uid);
char *controller_scene_pod(struct controller_scene *scene, const char *pod, const char *path);
char *controller_scene_set(struct controller_scene *scene, const char *path);
char *controller_scene_claim(struct controller_scene *scene, const char *claim, const char *path);

/* The pod's revision label. */
char *controller_scene_revision(struct controller_scene *scene, const char *pod);

/* The set has so many replicas, all ready, updated and observed. */
bool controller_scene_wait_settled(struct controller_scene *scene, const char *replicas);
bool controller_scene_is_settled(struct controller_scene *scene, const char *replicas);
bool controller_scene_is_active(struct controller_scene *scene);

/* How many writes (POST, PUT, PATCH, DELETE) other than events the controller asked for. */
size_t controller_scene_writes(struct controller_scene *scene);

/* An event with this reason and this message exists, soon. */
bool controller_scene_wait_event(struct controller_scene *scene, const char *reason,
				 const char *text);

/* How many Event objects there are whose reason begins so. */
size_t controller_scene_count_events(struct controller_scene *scene, const char *prefix);

/* What went against the rules above, or NULL. */
const char *controller_scene_complaint(struct controller_scene *scene);

/* "web-0 web-1": the pods in the order in which they were made, or deleted, so far. */
const char *controller_scene_created(struct controller_scene *scene);
const char *controller_scene_deleted(struct controller_scene *scene);
