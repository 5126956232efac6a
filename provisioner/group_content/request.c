/* SPDX-License-Identifier: Apache-2.0 */
#include "group_content/request.h"

#include <string.h>

#include "cluster/snapshot_parameters.h"

#define POLICY "deletionPolicy"

static void add_metadata(const struct group_content_view *view, struct pairs *parameters)
{
	const struct group_content *content = view->content;
	const struct pair extra[] = {
		{ CSI_PARAMETER_GROUP_NAME, content->group_name },
		{ CSI_PARAMETER_GROUP_NAMESPACE, content->group_namespace },
		{ CSI_PARAMETER_GROUP_CONTENT_NAME, content->object.name },
	};
	for (size_t i = 0; i < sizeof(extra) / sizeof(*extra); i++)
		if (extra[i].value)
			pairs_set(parameters, view->arena, extra[i].key, extra[i].value);
}

static int check_source(const struct group_content *content, struct error *err)
{
	if (!content->group_uid)
		return error_set(err, ERROR_INVALID,
				 "spec.volumeGroupSnapshotRef.uid: is missing; the group is named "
				 "after it");
	if (content->volume_count == 0)
		return error_set(err, ERROR_INVALID, "spec.source.volumeHandles: is empty");
	if (content->volume_count > CSI_GROUP_MEMBERS_MAX)
		return error_set(err, ERROR_INVALID,
				 "spec.source.volumeHandles: has %zu volumes; a group has at most "
				 "%d",
				 content->volume_count, CSI_GROUP_MEMBERS_MAX);
	return 0;
}

/* Kubernetes' storage suite repeats the class's policy among its parameters. */
static int check_policy(const struct group_class *class, struct error *err)
{
	const char *policy = pairs_get(&class->parameters, POLICY);
	const char *own = class->delete_group ? "Delete" : "Retain";
	if (!policy || strcmp(policy, own) == 0)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "VolumeGroupSnapshotClass %s: parameters: " POLICY
			 ": is \"%s\", and the " POLICY " of the class itself is \"%s\"",
			 class->object.name, policy, own);
}

/* The node knows no parameter for the policy. */
static int read_parameters(const struct group_class *class, struct arena *arena,
			   struct pairs *parameters, struct error *err)
{
	struct pairs rest = { 0 };
	for (size_t i = 0; i < class->parameters.count; i++) {
		const struct pair *pair = &class->parameters.items[i];
		if (strcmp(pair->key, POLICY) != 0)
			pairs_set(&rest, arena, pair->key, pair->value);
	}
	if (check_policy(class, err) < 0)
		return -1;
	return snapshot_parameters_read(&class->object, &rest, arena, parameters, err);
}

int group_content_request_build(const struct group_content_view *view,
				const struct group_class *class,
				struct csi_create_group_request *ret_request, struct error *err)
{
	const struct group_content *content = view->content;
	struct pairs parameters = { 0 };
	if (check_source(content, err) < 0 ||
	    (class && read_parameters(class, view->arena, &parameters, err) < 0))
		return -1;
	if (view->extra_metadata)
		add_metadata(view, &parameters);
	*ret_request = (struct csi_create_group_request) {
		.name = arena_printf(view->arena, "%s-%s", view->prefix, content->group_uid),
		.source_volumes = content->volume_handles,
		.source_count = content->volume_count,
		.parameters = parameters,
	};
	return 0;
}

void group_content_request_name(const struct group_content *content, struct arena *arena,
				struct csi_group_request *ret_request)
{
	const char **snapshots =
		arena_alloc(arena, (content->member_count + 1) * sizeof(*snapshots));
	size_t count = 0;
	for (size_t i = 0; i < content->member_count; i++)
		if (content->members[i].snapshot_handle)
			snapshots[count++] = content->members[i].snapshot_handle;
	*ret_request = (struct csi_group_request) {
		.id = group_content_handle(content),
		.snapshots = count ? snapshots : content->snapshot_handles,
		.snapshot_count = count ? count : content->snapshot_count,
	};
}
