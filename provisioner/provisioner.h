/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The provisioner: a table of roles (apply/role.h), of which each does one thing for the cluster,
 * and what they share: the copies of the cluster and the channels to the nodes.
 *
 * Only the holder of the lease may run one. It keeps no state outside the API, so it may be stopped
 * or killed at any point and the next leader continues.
 */

#include <stdbool.h>
#include <stdint.h>

#include "apply/lead.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "kube/client.h"
#include "kube/event.h"

struct provisioner;
struct rpc_channel;

struct provisioner_options {
	struct kube_client *client;
	struct event_recorder *events;
	const char *tls_folder;	    /* our certificates for calls to nodes */
	const char *namespace;	    /* of the node plugin's Service */
	const char *node_service;   /* its name */
	const char *lease_holder;   /* this process in the leases of roles; NULL: no election */
	const char *deployment;	    /* the provisioner's own; "": it has none */
	const char *identity;	    /* csiProvisionerIdentity of the volumes we make */
	unsigned roles;		    /* as provisioner_parse_roles() gives them; 0: all */
	unsigned workers;	    /* claims worked on at once */
	uint32_t call_timeout_ms;   /* of a CreateVolume or DeleteVolume */
	uint32_t resize_timeout_ms; /* of a ControllerExpandVolume; 0: the same */
	uint32_t modify_timeout_ms; /* of a ControllerModifyVolume; 0: the same */
	bool extra_modify_metadata; /* it names claim and volume, too */
	bool cross_namespace;	    /* the gate CrossNamespaceVolumeDataSource */
	bool publish_readonly;	    /* volumes of claims that only read are marked so */
	uint32_t backoff_min_ms;    /* between attempts at one claim or volume */
	uint32_t backoff_max_ms;
	uint32_t capacity_poll_ms;    /* between two questions for a node's room */
	uint32_t capacity_silence_ms; /* a node that does not answer for so long has no room */
	bool capacity_for_immediate;  /* objects for classes that bind at once, too */
	uint32_t node_gone_after_s;   /* a node that is not in the cluster for so long is gone */
	uint32_t node_sight_s; /* before anything is deleted, this process must have missed it so
				  long */
	bool forget_released;  /* the records of released volumes of such nodes */
	bool snapshots_always; /* as in apply/applier.h, as the next two */
	const char *snapshot_lease_namespace;
	uint32_t snapshot_probe_ms;
	uint32_t snapshot_timeout_ms; /* of a CreateSnapshot or DeleteSnapshot */
	const char *snapshot_prefix;  /* of the names of snapshots */
	const char *group_prefix;     /* of the names of group snapshots */
	bool extra_metadata;	      /* name the VolumeSnapshot in CreateSnapshot */
	uint32_t health_poll_ms;      /* between two questions for the health of a node's volumes */
	uint32_t node_grace_ms; /* a node whose plugin has no address for so long is given up */
	struct lead lead;

	/* Instead of TLS to the node (tests); NULL in production. */
	int (*dial)(void *context, const char *address, struct rpc_channel **ret_channel,
		    struct error *err);
	void *dial_context;
};

/* The roles of a list such as "provision,reclaim"; all of them for "". ERROR_INVALID names the word
 * that is no role. */
int provisioner_parse_roles(const char *list, unsigned *ret_roles, struct error *err);

/* Begins to watch. The strings are borrowed. */
struct provisioner *provisioner_new(const struct provisioner_options *options);

/* Waits for the first lists and begins to act. */
int provisioner_start(struct provisioner *provisioner, uint32_t timeout_ms, struct error *err);

/* It sees the cluster and acts. */
bool provisioner_ready(const struct provisioner *provisioner);

/* Housekeeping, every half minute or so: closes idle connections, reads changed certificates. */
void provisioner_tick(struct provisioner *provisioner);

/* Waits for the work under way. */
void provisioner_stop(struct provisioner *provisioner);

/* kube_client_stop() first. */
void provisioner_free(struct provisioner *provisioner);

DEFINE_CLEANUP(struct provisioner *, provisioner_free);
