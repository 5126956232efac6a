/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a revision of a set holds: {"spec":{"template":{…,"$patch":"replace"}}}, the pod template
 * alone, as a strategic merge patch that puts it back. Kept as canonical JSON
 * (set/canonical_json.h).
 *
 * Two revisions of the same bytes are the same. Revisions written by an older API server may
 * differ in bytes without differing in meaning: up to 1.33 it wrote "creationTimestamp":null into
 * each template, later ones leave it out. So members that are null count as absent. A member that
 * a newer API server fills in by default is a difference here; whether it is one in meaning only
 * the API server can say (sync/template_meaning.h).
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

/* Yours. template may be NULL. */
char *revision_data_of_template(struct json_object *template);

/* The pod template in it, yours; NULL if there is none. */
struct json_object *revision_data_template(const char *data);

bool revision_data_same(const char *a, const char *b);

/* They differ in members of the pod's spec that one of them lacks, and in nothing else: such may be
 * the work of an API server of another version. What both have is equal, lists are of equal length,
 * and labels and annotations, which have no defaults, are the same. */
bool revision_data_may_differ_by_defaults(const char *a, const char *b);

#define REVISION_HASH_MAX 16

/* The name's last part: FNV-1 over the data and the decimal collision count, written without
 * vowels and look-alikes (Kubernetes: HashControllerRevision, SafeEncodeString). */
void revision_data_hash(const char *data, int32_t collision_count,
			char hash[static REVISION_HASH_MAX]);
