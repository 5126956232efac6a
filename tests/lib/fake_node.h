/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A node plugin in memory, behind a real gRPC server: what the provisioner meets on a node. It
 * serves CreateVolume, DeleteVolume, ControllerExpandVolume, ControllerModifyVolume, GetCapacity,
 * ControllerListVolumeHealth (two volumes a page) and ControllerGetVolumeHealth, keeps names, sizes
 * and mutable parameters, and fails as the test says. A volume's id is its name. Thread-safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct fake_node;
struct rpc_channel;

/* node_id: its value of the topology key. */
struct fake_node *fake_node_new(const char *node_id);
void fake_node_free(struct fake_node *node);

/* Starts to serve: on a unix socket, at fake_node_socket(); or with the certificates of the folder
 * on a port of 127.0.0.1. Errors end the test program. */
void fake_node_serve(struct fake_node *node);
uint16_t fake_node_serve_tls(struct fake_node *node, const char *tls_folder);
const char *fake_node_socket(const struct fake_node *node);

/* The server goes away; the volumes stay. */
void fake_node_stop(struct fake_node *node);

bool fake_node_has(struct fake_node *node, const char *id);
size_t fake_node_count(struct fake_node *node);
void fake_node_add(struct fake_node *node, const char *id, uint64_t size_bytes);
uint64_t fake_node_size(struct fake_node *node, const char *id); /* 0: it has no such volume */

/* Its mutable parameters, "a=1,b=2"; yours. NULL: it has no such volume. A modification that names
 * a parameter "impossible" is refused with ERROR_INVALID. */
char *fake_node_attributes(struct fake_node *node, const char *id);

/* What is wrong with a volume: a status (CSI's number, 0: nothing is wrong) and a reason, and
 * whether lists leave it out. */
void fake_node_set_health(struct fake_node *node, const char *id, int status, const char *reason);
void fake_node_set_hidden(struct fake_node *node, const char *id, bool hidden);

size_t fake_node_calls(struct fake_node *node, const char *method);

/* What the last call of the method brought as secrets: "a=1,b=2", or "". Yours; CreateVolume and
 * DeleteVolume. */
char *fake_node_secrets(struct fake_node *node, const char *method);

/* How the last CreateVolume wants to use its volume: "7 block", "7 mount xfs noatime". Yours. */
char *fake_node_capability(struct fake_node *node);

/* What the last CreateVolume wants its volume to be copied from: "volume pvc-1", "snapshot s", or
 * "". Yours. One that is not here (fake_node_add()) is ERROR_NOT_FOUND. */
char *fake_node_source(struct fake_node *node);

/* CreateVolume makes empty volumes, whatever they shall be copied from. */
void fake_node_set_copies_nothing(struct fake_node *node, bool nothing);

/* What GetCapacity answers, and where CreateVolume ends with ERROR_EXHAUSTED, and a growth too. */
void fake_node_set_room(struct fake_node *node, uint64_t bytes);

/* The same, less the sizes of its volumes. */
void fake_node_set_disk(struct fake_node *node, uint64_t bytes);

/* What GetCapacity answers for a class with the parameter "pool". */
void fake_node_set_pool(struct fake_node *node, uint64_t bytes);

/* ControllerExpandVolume answers that the file system has to be grown where it is mounted. */
void fake_node_set_grows_file_systems(struct fake_node *node, bool grows);

/* ControllerExpandVolume makes volumes a multiple of that large. */
void fake_node_set_rounding(struct fake_node *node, uint64_t unit_bytes);

/* Volumes come out so much smaller than asked. */
void fake_node_set_shortfall(struct fake_node *node, uint64_t bytes);

/* The next `times` calls of the method fail with the code; after: having taken effect. */
void fake_node_fail(struct fake_node *node, const char *method, enum error_code code, bool after,
		    unsigned times);

/* Its snapshots. A snapshot's id is its name; CreateSnapshot needs the volume to be there. */
bool fake_node_has_snapshot(struct fake_node *node, const char *id);
size_t fake_node_snapshot_count(struct fake_node *node);
void fake_node_add_snapshot(struct fake_node *node, const char *id, const char *source);
void fake_node_set_unready(struct fake_node *node, bool unready); /* readyToUse false */

/* Its groups of snapshots: CreateVolumeGroupSnapshot makes "<name>-<volume>" of each volume, all of
 * which have to be there. A call that names other snapshots than the group has is ERROR_INVALID,
 * and so is DeleteSnapshot of a member. While a call makes or deletes a group,
 * GetVolumeGroupSnapshot of it is ERROR_BUSY. */
void fake_node_add_member(struct fake_node *node, const char *id, const char *source,
			  const char *group);

char *fake_node_snapshot_parameters(struct fake_node *node); /* of the last one; yours */

/* Called before each call and after its effect; returning false makes the call fail with
 * ERROR_UNAVAILABLE, as if the connection had broken. */
typedef bool fake_node_hook(void *context, const char *method, bool after);
void fake_node_set_hook(struct fake_node *node, fake_node_hook *hook, void *context);

DEFINE_CLEANUP(struct fake_node *, fake_node_free);
