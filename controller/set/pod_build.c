/* SPDX-License-Identifier: Apache-2.0 */
#include "set/pod_build.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "set/identity.h"
#include "set/owner_reference.h"
#include "set/pod.h"
#include "set/retention.h"
#include "set/revision.h"
#include "set/revision_data.h"

/* The member as an object; a value of another type is replaced. */
static struct json_object *object_member(struct json_object *json, const char *key)
{
	if (!json_object_is_type(json_find(json, key), json_type_object))
		json_object_object_del(json, key);
	return json_child(json, key);
}

static void copy_member(struct json_object *to, struct json_object *from, const char *key)
{
	struct json_object *value = NULL;
	if (json_object_object_get_ex(from, key, &value) && value)
		json_object_object_add(to, key, json_object_get(value));
}

static void add_identity(struct json_object *metadata, const char *pod_name, int32_t ordinal)
{
	char index[16];
	snprintf(index, sizeof(index), "%d", ordinal);
	struct json_object *labels = object_member(metadata, "labels");
	json_set_string(labels, POD_NAME_LABEL, pod_name);
	json_set_string(labels, POD_INDEX_LABEL, index);
}

static struct json_object *pod_metadata(const struct statefulset *set, struct json_object *template,
					const char *revision_name, const char *pod_name,
					int32_t ordinal)
{
	struct json_object *metadata = json_object_new_object();
	struct json_object *from = NULL;
	if (json_object_object_get_ex(template, "metadata", &from)) {
		copy_member(metadata, from, "labels");
		copy_member(metadata, from, "annotations");
		copy_member(metadata, from, "finalizers");
	}
	CLEANUP_FREE char *prefix = must_printf("%s-", set->object.name);
	json_set_string(metadata, "generateName", prefix);
	json_set_string(metadata, "name", pod_name);
	json_set_string(metadata, "namespace", set->object.namespace);
	add_identity(metadata, pod_name, ordinal);
	json_set_string(object_member(metadata, "labels"), POD_REVISION_LABEL, revision_name);

	json_set(metadata, "ownerReferences", owner_references_to_set(set));
	return metadata;
}

static struct json_object *claim_volume(const struct statefulset *set,
					const struct claim_template *template, int32_t ordinal)
{
	CLEANUP_FREE char *name =
		must_printf("%s-%s-%d", template->name, set->object.name, ordinal);
	struct json_object *source = json_object_new_object();
	json_set_string(source, "claimName", name);
	struct json_object *volume = json_object_new_object();
	json_set_string(volume, "name", template->name);
	json_object_object_add(volume, "persistentVolumeClaim", source);
	return volume;
}

static bool is_claim_template(const struct statefulset *set, struct json_object *volume)
{
	struct json_object *name = NULL;
	if (!json_object_object_get_ex(volume, "name", &name))
		return false;
	for (size_t i = 0; i < set->claim_template_count; i++)
		if (strcmp(set->claim_templates[i].name, json_object_get_string(name)) == 0)
			return true;
	return false;
}

/* The claims first, then the template's other volumes; one that has a claim's name gives way. */
static void add_volumes(const struct statefulset *set, struct json_object *spec, int32_t ordinal)
{
	if (set->claim_template_count == 0)
		return;
	struct json_object *volumes = json_object_new_array();
	for (size_t i = 0; i < set->claim_template_count; i++)
		json_object_array_add(volumes,
				      claim_volume(set, &set->claim_templates[i], ordinal));
	struct json_object *others = NULL;
	json_object_object_get_ex(spec, "volumes", &others);
	size_t count =
		json_object_is_type(others, json_type_array) ? json_object_array_length(others) : 0;
	for (size_t i = 0; i < count; i++) {
		struct json_object *volume = json_object_array_get_idx(others, i);
		if (!is_claim_template(set, volume))
			json_object_array_add(volumes, json_object_get(volume));
	}
	json_object_object_add(spec, "volumes", volumes);
}

int pod_build(const struct statefulset *set, const struct revision *revision, int32_t ordinal,
	      struct json_object **ret_pod, struct error *err)
{
	struct json_object *template = revision_data_template(revision->data);
	if (!template)
		return error_set(err, ERROR_INVALID, "revision %s: data holds no spec.template",
				 revision->object.name);
	CLEANUP_FREE char *name = must_printf("%s-%d", set->object.name, ordinal);
	struct json_object *spec = object_member(template, "spec");
	json_set_string(spec, "hostname", name);
	if (*set->service_name)
		json_set_string(spec, "subdomain", set->service_name);
	else
		json_object_object_del(spec, "subdomain");
	add_volumes(set, spec, ordinal);

	struct json_object *pod = json_object_new_object();
	json_set_string(pod, "apiVersion", "v1");
	json_set_string(pod, "kind", "Pod");
	json_object_object_add(pod, "metadata",
			       pod_metadata(set, template, revision->object.name, name, ordinal));
	json_object_object_add(pod, "spec", json_object_get(spec));
	json_object_put(template);
	*ret_pod = pod;
	return 0;
}

int claim_build(const struct statefulset *set, const struct claim_template *template,
		int32_t ordinal, struct json_object **ret_claim, struct error *err)
{
	struct json_object *claim = json_tokener_parse(template->text);
	if (!json_object_is_type(claim, json_type_object)) {
		json_object_put(claim);
		return error_set(err, ERROR_INVALID,
				 "spec.volumeClaimTemplates: %s is not an object", template->name);
	}
	CLEANUP_FREE char *name =
		must_printf("%s-%s-%d", template->name, set->object.name, ordinal);
	json_object_object_del(claim, "status");
	json_set_string(claim, "apiVersion", "v1");
	json_set_string(claim, "kind", "PersistentVolumeClaim");
	struct json_object *metadata = object_member(claim, "metadata");
	json_set_string(metadata, "name", name);
	json_set_string(metadata, "namespace", set->object.namespace);
	for (size_t i = 0; i < set->selector.labels.count; i++)
		json_set_string(object_member(metadata, "labels"),
				set->selector.labels.items[i].key,
				set->selector.labels.items[i].value);
	if (retention_set_owns(set))
		json_set(metadata, "ownerReferences", owner_references_to_set(set));
	*ret_claim = claim;
	return 0;
}

struct json_object *pod_identity_patch(const struct pod *pod)
{
	struct json_object *patch = json_object_new_object();
	struct json_object *metadata = object_member(patch, "metadata");
	json_set_string(metadata, "uid", pod->object.uid);
	json_set_string(metadata, "resourceVersion", pod->object.resource_version);
	add_identity(metadata, pod->object.name, pod->ordinal);
	return patch;
}
