/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The JSON that makes a pod or a claim out of a set's templates, and the patches that put a pod
 * right. All results are yours.
 */

#include <json-c/json.h>
#include <stdint.h>

#include "base/error.h"
#include "set/statefulset.h"

struct pod;
struct revision;

/* The pod of that ordinal after the template of the revision, with hostname and subdomain, its
 * claims as volumes and the set as its controller. Fails if the revision holds no template. */
int pod_build(const struct statefulset *set, const struct revision *revision, int32_t ordinal,
	      struct json_object **ret_pod, struct error *err);

/* The claim of that template: the template's labels and annotations, the selector's labels over
 * them, and its spec. Where the retention policy asks for it the set is its owner. */
int claim_build(const struct statefulset *set, const struct claim_template *template,
		int32_t ordinal, struct json_object **ret_claim, struct error *err);

/* A strategic merge patch that gives a pod the labels of its name and ordinal. The resource version
 * guards it. */
struct json_object *pod_identity_patch(const struct pod *pod);
