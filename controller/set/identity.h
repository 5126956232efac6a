/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Identity in a set: the names that tie a pod and its claims to an ordinal.
 *
 *	pod	<set>-<ordinal>
 *	claim	<template>-<set>-<ordinal>
 *
 * There is nothing but the names. A pod that is made again under its name finds the claims of that
 * name, whichever client made them, and with them its data.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct pod;
struct statefulset;

const char *identity_pod_name(struct arena *arena, const struct statefulset *set, int32_t ordinal);
const char *identity_claim_name(struct arena *arena, const struct statefulset *set,
				const char *template_name, int32_t ordinal);

/* The pod's name has the set as its parent. */
bool identity_is_member(const struct statefulset *set, const struct pod *pod);

/* The first ordinal behind the range that the set wants. 64 bits: start + replicas may exceed 32.
 */
int64_t identity_end(const struct statefulset *set);
bool identity_in_range(const struct statefulset *set, int32_t ordinal);

/* The pod's labels say who it is. The index label does not count: pods older than it live on. */
bool identity_matches(const struct statefulset *set, const struct pod *pod);

/* For each claim template the pod has a volume of that name which uses the right claim. */
bool identity_storage_matches(const struct statefulset *set, const struct pod *pod);
