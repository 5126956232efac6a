/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API server may send for snapshots: three kinds, and three for groups of them, each of
 * which is tried. What is taken can be used; what is refused says why.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/group_class.h"
#include "cluster/group_content.h"
#include "cluster/group_snapshot.h"
#include "cluster/reference_grant.h"
#include "cluster/snapshot.h"
#include "cluster/snapshot_class.h"
#include "cluster/snapshot_content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct object *parse(const struct kind *kind, const uint8_t *data, size_t size)
{
	struct object *object = NULL;
	struct error err = { 0 };
	if (object_parse_text(kind, (const char *)data, size, &object, &err) == 0)
		return object;
	if ((err.code != ERROR_INVALID && err.code != ERROR_EXHAUSTED) || !*err.text)
		abort();
	return NULL;
}

static void parse_groups(const uint8_t *data, size_t size)
{
	struct object *group = parse(&group_snapshot_kind, data, size);
	struct object *content = parse(&group_content_kind, data, size);
	struct object *class = parse(&group_class_kind, data, size);
	if (group && group_snapshot_of(group)->has_selector) {
		const struct selector *selector = &group_snapshot_of(group)->selector;
		if (selector_is_empty(selector) && !selector_matches(selector, &group->labels))
			abort();
	}
	if (content) {
		const struct group_content *view = group_content_of(content);
		char hash[GROUP_MEMBER_HASH_BYTES];
		group_content_is_ours(view);
		group_content_handle(view);
		for (size_t i = 0; i < view->volume_count; i++)
			group_member_hash(view->object.uid, view->volume_handles[i], hash);
		if (view->member_count > size || (view->group_uid && !*view->group_uid))
			abort();
	}
	if (class)
		group_class_is_ours(group_class_of(class));
	object_unref(group);
	object_unref(content);
	object_unref(class);
}

/* What names no kind allows nothing. */
static void parse_grant(const uint8_t *data, size_t size)
{
	struct object *grant = parse(&reference_grant_kind, data, size);
	const struct grant_to none = { .group = "", .kind = "", .name = "" };
	if (grant && reference_grant_allows(reference_grant_of(grant), "shop", &none) &&
	    reference_grant_of(grant)->to_count == 0)
		abort();
	object_unref(grant);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct object *snapshot = parse(&snapshot_kind, data, size);
	struct object *content = parse(&snapshot_content_kind, data, size);
	struct object *class = parse(&snapshot_class_kind, data, size);
	parse_groups(data, size);
	parse_grant(data, size);
	if (snapshot && snapshot_of(snapshot)->ready && !snapshot_of(snapshot)->has_status)
		abort();
	if (content) {
		const struct snapshot_content *view = snapshot_content_of(content);
		const char *handle = snapshot_content_handle(view);
		snapshot_content_is_member(view);
		if (snapshot_content_is_ours(view) && handle && strlen(handle) > size)
			abort();
		if (view->snapshot_uid && !*view->snapshot_uid)
			abort();
	}
	if (class)
		snapshot_class_is_ours(snapshot_class_of(class));
	object_unref(snapshot);
	object_unref(content);
	object_unref(class);
	return 0;
}
