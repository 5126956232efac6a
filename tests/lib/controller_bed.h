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

struct controller_bed;

struct controller_bed *controller_bed_new(void);
void controller_bed_free(struct controller_bed *bed);

struct fake_api *bed_api(struct controller_bed *bed);

/* Starts the controller; a bed begins without. guarded: see guard.h, with short times. */
void bed_start(struct controller_bed *bed, bool guarded);

/* A controller that is started from now on runs the sets of this namespace only. */
void bed_confine(struct controller_bed *bed, const char *namespace);

/* How long a controller that is started from now on waits after a failure; 5 ms and more unless
 * set.
 */
void bed_set_backoff(struct controller_bed *bed, uint32_t backoff_ms);

/* How long a guarded controller that is started from now on lets the probe stand where it sees no
 * settled leader of kube-controller-manager; 100 ms unless set. */
void bed_set_guard_margin(struct controller_bed *bed, uint32_t margin_ms);

/* Ends it at once, as kill -9 would: what is under way stays half-done. */
void bed_kill(struct controller_bed *bed);

/* From now on the lease is another's, or may be, until it is restored. */
void bed_depose(struct controller_bed *bed);
void bed_restore(struct controller_bed *bed);

/* Every request of the controller from the nth on (1: the first) fails without an effect, or the
 * nth takes effect and its answer is lost. Requests of the watches do not count. 0: none. */
void bed_die_at(struct controller_bed *bed, unsigned nth, bool after_effect);
bool bed_died(struct controller_bed *bed);

/* No request is between its effect and its answer. */
bool bed_is_quiet(struct controller_bed *bed);

/* Stops making pods Ready, for pods that are made from then on. */
void bed_hold_kubelet(struct controller_bed *bed, bool hold);

/* A StatefulSet web of namespace default with claims www, as an API server would have defaulted it.
 * spec: more members of spec, quotes as '. image: changes the template. */
void bed_put_set(struct controller_bed *bed, const char *spec, const char *image);
void bed_edit_set(struct controller_bed *bed, const char *patch);
void bed_set_image(struct controller_bed *bed, const char *image);

bool bed_wait_set(struct controller_bed *bed, const char *path, const char *value);
bool bed_wait_pod(struct controller_bed *bed, const char *pod, const char *path, const char *value);
/* A pod of that name with another uid. */
bool bed_wait_new_pod(struct controller_bed *bed, const char *pod, const char *old_uid);
char *bed_pod(struct controller_bed *bed, const char *pod, const char *path);
char *bed_set(struct controller_bed *bed, const char *path);
char *bed_claim(struct controller_bed *bed, const char *claim, const char *path);

/* The pod's revision label. */
char *bed_revision(struct controller_bed *bed, const char *pod);

/* The set has so many replicas, all ready, updated and observed. */
bool bed_wait_settled(struct controller_bed *bed, const char *replicas);
bool bed_is_settled(struct controller_bed *bed, const char *replicas);
bool bed_is_active(struct controller_bed *bed);

/* How many writes (POST, PUT, PATCH, DELETE) other than events the controller asked for. */
size_t bed_writes(struct controller_bed *bed);

/* An event with the reason and the text in its message exists, soon. */
bool bed_wait_event(struct controller_bed *bed, const char *reason, const char *text);

/* How many Event objects there are whose reason begins so. */
size_t bed_count_events(struct controller_bed *bed, const char *prefix);

/* What went against the rules above, or NULL. */
const char *bed_complaint(struct controller_bed *bed);

/* "web-0 web-1": the pods in the order in which they were made, or deleted, so far. */
const char *bed_created(struct controller_bed *bed);
const char *bed_deleted(struct controller_bed *bed);
