/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/verbs.h"

#include <stdlib.h>

#include "kube/call.h"
#include "kube/json.h"

/* 1 MiB of data (core/v1, MaxSecretSize) in base64, and what else an object may hold. */
#define SECRET_TEXT_MAX (4u << 20)

int kube_get(struct kube_client *client, const struct kind *kind, const char *namespace,
	     const char *name, struct object **ret_object, struct error *err)
{
	const struct kube_call call = {
		.verb = "get",
		.method = "GET",
		.kind = kind,
		.namespace = namespace,
		.name = name,
	};
	return kube_call_object(client, &call, ret_object, err);
}

int kube_optional(int answer, const struct error *err)
{
	return answer < 0 && err->code == ERROR_NOT_FOUND ? 0 : answer;
}

int kube_get_secret(struct kube_client *client, const char *namespace, const char *name,
		    struct secret_data *ret_data, struct error *err)
{
	const struct kube_call call = {
		.verb = "get",
		.method = "GET",
		.kind = &secret_kind,
		.namespace = namespace,
		.name = name,
		.body_max = SECRET_TEXT_MAX,
		.secret = true,
	};
	struct http_response response;
	if (kube_call(client, &call, &response, err) < 0)
		return -1;
	int r = secret_data_parse(response.body, response.body_length, ret_data, err);
	http_response_done(&response);
	return r < 0 ? error_prefix(err, "Secret %s/%s", namespace, name) : 0;
}

int kube_create(struct kube_client *client, const struct kind *kind, const char *namespace,
		struct json_object *body, struct object **ret_object, struct error *err)
{
	const struct kube_call call = {
		.verb = "create",
		.method = "POST",
		.kind = kind,
		.namespace = namespace,
		.content_type = "application/json",
		.body = body,
	};
	return kube_call_object(client, &call, ret_object, err);
}

int kube_create_dry_run(struct kube_client *client, const struct kind *kind, const char *namespace,
			struct json_object *body, struct object **ret_object, struct error *err)
{
	const struct kube_call call = {
		.verb = "create as a dry run",
		.method = "POST",
		.kind = kind,
		.namespace = namespace,
		.query = "dryRun=All",
		.content_type = "application/json",
		.body = body,
	};
	return kube_call_object(client, &call, ret_object, err);
}

static const char *patch_content_type(enum kube_patch_type type)
{
	switch (type) {
	case KUBE_PATCH_JSON:
		return "application/json-patch+json";
	case KUBE_PATCH_MERGE:
		return "application/merge-patch+json";
	case KUBE_PATCH_STRATEGIC:
		return "application/strategic-merge-patch+json";
	}
	abort();
}

int kube_patch(struct kube_client *client, const struct kind *kind, const char *namespace,
	       const char *name, const char *subresource, enum kube_patch_type type,
	       struct json_object *body, struct object **ret_object, struct error *err)
{
	const struct kube_call call = {
		.verb = "patch",
		.method = "PATCH",
		.kind = kind,
		.namespace = namespace,
		.name = name,
		.subresource = subresource,
		.content_type = patch_content_type(type),
		.body = body,
	};
	return kube_call_object(client, &call, ret_object, err);
}

static struct json_object *delete_options(const char *uid, const char *resource_version)
{
	struct json_object *options = json_object_new_object();
	json_set_string(options, "kind", "DeleteOptions");
	json_set_string(options, "apiVersion", "v1");
	/* What a controller deletes may own things: they follow in their own time, as they do after
	 * kubectl delete. */
	json_set_string(options, "propagationPolicy", "Background");
	if (uid || resource_version) {
		struct json_object *preconditions = json_child(options, "preconditions");
		json_set_string(preconditions, "uid", uid);
		json_set_string(preconditions, "resourceVersion", resource_version);
	}
	return options;
}

int kube_delete(struct kube_client *client, const struct kind *kind, const char *namespace,
		const char *name, const char *uid, const char *resource_version, struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *options = delete_options(uid, resource_version);
	const struct kube_call call = {
		.verb = "delete",
		.method = "DELETE",
		.kind = kind,
		.namespace = namespace,
		.name = name,
		.content_type = "application/json",
		.body = options,
	};
	return kube_call_object(client, &call, NULL, err);
}
