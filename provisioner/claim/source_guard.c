/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/source_guard.h"

#include <string.h>

#include "apply/metadata_patch.h"
#include "apply/object_gone.h"
#include "apply/role.h"
#include "base/log.h"
#include "claim/source_grant.h"
#include "cluster/claim_driver.h"
#include "kube/json.h"

static bool is_unfinished_copy(const struct claim *claim)
{
	return claim_is_copy(claim) && claim_concerns_us(claim);
}

static void append_key(const struct claim *claim, struct text *key)
{
	claim_source_key(claim->data_source->kind, claim_source_namespace(claim),
			 claim->data_source->name, key);
}

void source_guard_index(const struct object *object, struct text *key)
{
	const struct claim *claim = (const struct claim *)object;
	if (is_unfinished_copy(claim))
		append_key(claim, key);
}

static const char *finalizer_of(const struct object *source)
{
	return source->kind == &claim_kind ? CLAIM_CLONE_FINALIZER : CLAIM_RESTORE_FINALIZER;
}

int source_guard_put(const struct applier *applier, const struct claim_plan *plan,
		     struct error *err)
{
	const struct object *source = plan->source;
	struct error why;
	if (!source || object_has_finalizer(source, finalizer_of(source)))
		return 0;
	CLEANUP(json_object_putp)
	struct json_object *patch = metadata_patch_add(source, finalizer_of(source), NULL, NULL);
	if (applier_merge(applier, source, patch, NULL, &why) == 0)
		return 0;
	if (why.code != ERROR_FORBIDDEN || source->kind == &claim_kind)
		return error_set(err, why.code, "%s \"%s\": finalizer not written: %s",
				 source->kind->name, source->name, why.text);
	log_warning("snapshot restored without a finalizer",
		    LOG_NAME("snapshot", source->namespace, source->name), LOG_ERR(&why));
	return 0;
}

static enum cluster_kind kind_of_key(const char *key)
{
	return strncmp(key, CLAIM_SOURCE_CLAIM, strlen(CLAIM_SOURCE_CLAIM)) == 0
		       ? CLUSTER_CLAIMS
		       : CLUSTER_SNAPSHOTS;
}

bool source_guard_is_key(const char *key)
{
	return strchr(key, ':') != NULL;
}

/* NULL: it is not there. */
static struct object *find(struct cluster *cluster, const char *key)
{
	const char *namespace = strchr(key, ':') + 1;
	const char *slash = strchr(namespace, '/');
	CLEANUP_TEXT struct text copy = TEXT_INIT;
	text_append(&copy, namespace, (size_t)(slash - namespace));
	return cluster_get(cluster, kind_of_key(key), text_string(&copy), slash + 1);
}

/* 1: it is. Whose driver it is, its content says. Where that went first, a snapshot that is being
 * deleted has nothing left to protect; that it went, the API server says, since our copy may lag.
 */
static int is_snapshot_of_ours(const struct applier *applier, const struct snapshot *snapshot,
			       struct error *err)
{
	const char *name = snapshot->content_name ? snapshot->content_name : "";
	const struct object_name live = { .kind = &snapshot_content_kind,
					  .namespace = "",
					  .name = name };
	CLEANUP(object_unrefp)
	struct object *content = cluster_get(applier->cluster, CLUSTER_SNAPSHOT_CONTENTS, "", name);
	if (!content && !snapshot->object.deleted_s)
		return 0;
	if (!content && *name && object_read(applier->client, &live, &content, err) < 0)
		return -1;
	return content ? snapshot_content_is_ours(snapshot_content_of(content)) : 1;
}

/* 1: it may. Sources of other drivers bear the same finalizers, which are not ours to remove. */
static int may_go(const struct applier *applier, const struct object *source, struct error *err)
{
	if (!object_has_finalizer(source, finalizer_of(source)))
		return 0;
	if (source->kind != &claim_kind)
		return is_snapshot_of_ours(applier, (const struct snapshot *)source, err);
	return source->deleted_s &&
	       claim_is_of_our_driver(applier->cluster, (const struct claim *)source);
}

/* A claim of another namespace keeps no source that it is not granted: anyone may make one. */
static bool is_needed(struct cluster *cluster, const char *key)
{
	CLEANUP_OBJECT_LIST struct object_list copies = { 0 };
	cluster_list(cluster, CLUSTER_CLAIMS, key, &copies);
	for (size_t i = 0; i < copies.count; i++)
		if (source_grant_find(cluster, claim_of(copies.items[i])) == CLAIM_GRANT_GIVEN)
			return true;
	return false;
}

int source_guard_release(const struct applier *applier, const char *key, struct error *err)
{
	CLEANUP(object_unrefp) struct object *source = find(applier->cluster, key);
	struct error why;
	int r = source && !is_needed(applier->cluster, key) ? may_go(applier, source, err) : 0;
	if (r != 1)
		return r;
	CLEANUP(json_object_putp) struct json_object *patch = metadata_patch_new(source);
	metadata_patch_remove_finalizer(patch, source, finalizer_of(source));
	if (applier_edit(applier, source, patch, &why) == 0 || why.code == ERROR_NOT_FOUND)
		return 0;
	if (why.code == ERROR_INVALID || why.code == ERROR_CONFLICT)
		return ROLE_AGAIN_MS; /* another writer changed it meanwhile */
	return error_set(err, why.code, "finalizer of the source not removed: %s", why.text);
}

static void add(struct workqueue *queue, enum claim_data_source_kind kind,
		const struct object *source)
{
	CLEANUP_TEXT struct text key = TEXT_INIT;
	claim_source_key(kind, source->namespace, source->name, &key);
	workqueue_add(queue, text_string(&key));
}

/* A copy has ended: it is bound, or gone. */
static void copy_changed(struct workqueue *queue, const struct claim *before,
			 const struct claim *after)
{
	CLEANUP_TEXT struct text key = TEXT_INIT;
	if (!before || !is_unfinished_copy(before) || (after && is_unfinished_copy(after)))
		return;
	append_key(before, &key);
	workqueue_add(queue, text_string(&key));
}

static bool waits(const struct object *source)
{
	return source && object_has_finalizer(source, finalizer_of(source)) &&
	       (source->kind != &claim_kind || source->deleted_s);
}

/* A snapshot's finalizer is our own write: at its first sight alone there may be one too many. */
static void source_changed(struct workqueue *queue, enum claim_data_source_kind kind,
			   const struct cluster_change *change)
{
	if (waits(change->after) && (!change->before || !waits(change->before)))
		add(queue, kind, change->after);
}

static void content_gone(struct workqueue *queue, const struct snapshot_content *content)
{
	CLEANUP_TEXT struct text key = TEXT_INIT;
	if (!content->snapshot_namespace || !content->snapshot_name)
		return;
	claim_source_key(CLAIM_FROM_SNAPSHOT, content->snapshot_namespace, content->snapshot_name,
			 &key);
	workqueue_add(queue, text_string(&key));
}

void source_guard_wake(struct workqueue *queue, const struct cluster_change *change)
{
	if (change->kind == CLUSTER_SNAPSHOT_CONTENTS && !change->after)
		content_gone(queue, (const struct snapshot_content *)change->before);
	if (change->kind == CLUSTER_SNAPSHOTS) {
		source_changed(queue, CLAIM_FROM_SNAPSHOT, change);
	} else if (change->kind == CLUSTER_CLAIMS) {
		source_changed(queue, CLAIM_FROM_CLAIM, change);
		copy_changed(queue, (const struct claim *)change->before,
			     (const struct claim *)change->after);
	}
}
