/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The fields of CSI requests, checked by the rules that all calls share (CSI spec, "Size Limits",
 * "Required vs. Optional Fields"): every refusal names the field.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/pairs.h"
#include "csi.pb-c.h"
#include "pool/capacity.h"
#include "volume/access.h"

/* Present, and no longer than a CSI string may be. */
int csi_argument_text(const char *value, const char *field, struct error *err);

/* A path: present; its length is checked where it is used. */
int csi_argument_path(const char *value, const char *field, struct error *err);

/* The entries of a protobuf map, whose messages all begin alike, as pairs in the arena. */
#define CSI_ARGUMENT_PAIRS(arena, request, member)                                                 \
	({                                                                                         \
		struct pairs csi_pairs = { 0 };                                                    \
		size_t csi_count = (request)->n_##member;                                          \
		csi_pairs.items = arena_alloc((arena), csi_count * sizeof(struct pair));           \
		for (size_t csi_i = 0; csi_i < csi_count; csi_i++)                                 \
			csi_pairs.items[csi_pairs.count++] =                                       \
				(struct pair) { (request)->member[csi_i]->key,                     \
						(request)->member[csi_i]->value };                 \
		csi_pairs;                                                                         \
	})

/* All keys and values together fit into what a CSI map may hold. */
int csi_argument_map(const struct pairs *pairs, const char *field, struct error *err);

/* Of a class of this kind, which has no parameters of ours. What a sidecar adds about its objects
 * (CSI_PARAMETER_PREFIX) is not for us. */
int csi_argument_no_parameters(const struct pairs *parameters, const char *kind, struct error *err);

int csi_argument_range(const Csi__V1__CapacityRange *range, struct capacity_range *ret_range,
		       struct error *err);

/* One way of use, for the calls of a node. What we do not serve is ERROR_INVALID. */
int csi_argument_access(const Csi__V1__VolumeCapability *capability, struct access *ret_access,
			struct error *err);

/* All of the list, which must not be empty; *ret_accesses lies in the arena. */
int csi_argument_accesses(Csi__V1__VolumeCapability *const *capabilities, size_t count,
			  struct arena *arena, struct access **ret_accesses, struct error *err);
