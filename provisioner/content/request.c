/* SPDX-License-Identifier: Apache-2.0 */
#include "content/request.h"

#include "cluster/snapshot_parameters.h"

static void add_metadata(const struct content_view *view, struct pairs *parameters)
{
	const struct snapshot_content *content = view->content;
	const struct pair extra[] = {
		{ CSI_PARAMETER_SNAPSHOT_NAME, (char *)content->snapshot_name },
		{ CSI_PARAMETER_SNAPSHOT_NAMESPACE, (char *)content->snapshot_namespace },
		{ CSI_PARAMETER_SNAPSHOT_CONTENT_NAME, (char *)content->object.name },
	};
	for (size_t i = 0; i < sizeof(extra) / sizeof(*extra); i++)
		if (extra[i].value)
			pairs_set(parameters, view->arena, extra[i].key, extra[i].value);
}

int content_request_build(const struct content_view *view, const struct snapshot_class *class,
			  struct csi_create_snapshot_request *ret_request, struct error *err)
{
	const struct snapshot_content *content = view->content;
	struct pairs parameters = { 0 };
	if (!content->snapshot_uid)
		return error_set(err, ERROR_INVALID,
				 "spec.volumeSnapshotRef.uid: is missing; the snapshot is named "
				 "after it");
	if (class && snapshot_parameters_read(&class->object, &class->parameters, view->arena,
					      &parameters, err) < 0)
		return -1;
	if (view->extra_metadata)
		add_metadata(view, &parameters);
	*ret_request = (struct csi_create_snapshot_request) {
		.name = arena_printf(view->arena, "%s-%s", view->prefix, content->snapshot_uid),
		.source_volume = content->volume_handle,
		.parameters = parameters,
	};
	return 0;
}
