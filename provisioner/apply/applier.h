/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What every role acts by: the API client, the channels to the nodes, the copies of the cluster,
 * and the lead.
 *
 * A role writes to the API by the functions below and calls nodes by apply/node_call.h, and in no
 * other way, since these check the lead first.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "apply/lead.h"
#include "base/error.h"
#include "kube/client.h"
#include "kube/object.h"

struct cluster;
struct event_recorder;
struct node_channels;
struct node_gates;
struct rooms;
struct snapshot_turn;
struct written;

struct applier {
	struct kube_client *client;
	struct event_recorder *events;
	struct node_channels *channels;
	struct node_gates *gates;
	struct rooms *rooms;	 /* filled by the role capacity; else CreateVolume decides */
	struct cluster *cluster; /* set before the first reconcile */
	struct lead lead;
	const char *identity;	      /* csiProvisionerIdentity of the volumes we make */
	bool publish_readonly;	      /* mark volumes of claims that may only read as read-only */
	uint32_t call_timeout_ms;     /* of a call to a node, unless it says otherwise */
	uint32_t node_grace_ms;	      /* for a node plugin that restarts */
	uint32_t backoff_max_ms;      /* between two attempts at what cannot be done now */
	const char *deployment;	      /* ours, which owns what goes with us; "": none */
	bool extra_modify_metadata;   /* ControllerModifyVolume names claim and volume, too */
	uint32_t capacity_poll_ms;    /* between two questions for a node's room */
	uint32_t capacity_silence_ms; /* a node that does not answer for so long has no room */
	uint32_t health_poll_ms;      /* between two questions for the health of its volumes */
	bool capacity_for_immediate;  /* capacity objects for classes that bind at once, too */
	uint32_t node_gone_after_s;   /* a node that is not in the cluster for so long is gone */
	uint32_t node_sight_s;	      /* and this process must have missed it for so long */
	bool forget_released;	      /* the records of released volumes whose node is gone */

	uint32_t snapshot_timeout_ms; /* of the calls that make and delete snapshots */
	const char *snapshot_prefix;  /* of their names: "snapshot" */
	const char *group_prefix;     /* of the names of groups of them: "groupsnapshot" */
	bool extra_metadata;	      /* tell the driver which object a snapshot or group is for */

	struct written *written;    /* of the roles that have a turn */
	struct snapshot_turn *turn; /* to do the snapshot-controller's part; NULL: no role has it */
	bool snapshots_always; /* do the snapshot-controller's part without a look for another */
	const char *snapshot_lease_namespace; /* where such a one would hold its lease */
	uint32_t snapshot_probe_ms;	      /* how long it is given to answer the probe */

	/* NULL: no role wants it */
	void (*short_of_room)(void *context, const char *node, uint64_t since_ms);
	void (*resumed)(void *context);
	void (*room_changed)(void *context, const char *node); /* NULL: no role wants it */
	void *context;
};

/* Each is ERROR_CANCELLED, and nothing is sent, when the lead is lost. */

int applier_create(const struct applier *applier, const struct kind *kind, struct json_object *body,
		   struct error *err);

/* The same for any kind; the namespace is that of the body's metadata. *ret_object: as it was made.
 */
int applier_create_object(const struct applier *applier, const struct kind *kind,
			  struct json_object *body, struct object **ret_object, struct error *err);

/* The same for a kind of objects that have a namespace. */
int applier_create_in(const struct applier *applier, const struct kind *kind, const char *namespace,
		      struct json_object *body, struct error *err);

/* A merge patch; ret_object may be NULL. */
int applier_merge(const struct applier *applier, const struct object *object,
		  struct json_object *patch, struct object **ret_object, struct error *err);

/* A JSON patch. */
int applier_edit(const struct applier *applier, const struct object *object,
		 struct json_object *patch, struct error *err);

/* A strategic merge patch: lists are merged by value. Built-in kinds alone have it. */
int applier_merge_lists(const struct applier *applier, const struct object *object,
			struct json_object *patch, struct error *err);

/* The same for the object's status, which is written apart. ret_object may be NULL. */
int applier_merge_status(const struct applier *applier, const struct object *object,
			 struct json_object *patch, struct object **ret_object, struct error *err);

/* A merge patch of the status, for kinds that have no strategic merge patch: those of a
 * CustomResourceDefinition. ret_object may be NULL. */
int applier_patch_status(const struct applier *applier, const struct object *object,
			 struct json_object *patch, struct object **ret_object, struct error *err);

/* Of this very object (its uid). */
int applier_delete(const struct applier *applier, const struct object *object, struct error *err);

/* In this very version alone. ERROR_CONFLICT: it has changed. */
int applier_delete_unchanged(const struct applier *applier, const struct object *object,
			     struct error *err);

/* The node has just refused a claim for lack of room. The roles that keep what the scheduler knows
 * of it bring that up to date before this returns. The node is asked, unless it was after since_ms.
 */
void applier_short_of_room(const struct applier *applier, const char *node, uint64_t since_ms);

/* A role that stood by (apply/role.h) acts from now on. */
void applier_resumed(const struct applier *applier);

/* Something was made or deleted on the node that no PersistentVolume shows. */
void applier_room_changed(const struct applier *applier, const char *node);
