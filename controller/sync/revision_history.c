/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/revision_history.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "kube/json.h"
#include "kube/verbs.h"
#include "set/owner_reference.h"
#include "set/pod.h"
#include "set/retention.h"
#include "set/revision_data.h"
#include "sync/ownership.h"
#include "sync/template_meaning.h"

/* More collisions than this are no accident. */
#define COLLISIONS_MAX 100

void revision_index(const struct object *object, struct text *key)
{
	const struct owner *controller = object_controller(object);
	text_printf(key, "%s/%s", object->namespace, controller ? controller->uid : "");
}

static void append_matching(struct informer *informer, const struct statefulset *set,
			    const char *uid, struct object_list *revisions)
{
	CLEANUP_FREE char *key = must_printf("%s/%s", set->object.namespace, uid);
	CLEANUP_OBJECT_LIST struct object_list found = { 0 };
	informer_list(informer, key, &found);
	revisions->items = must_realloc(revisions->items, (revisions->count + found.count) *
								  sizeof(*revisions->items));
	for (size_t i = 0; i < found.count; i++)
		if (selector_matches(&set->selector, &found.items[i]->labels) &&
		    (*uid || revision_is_named_after(found.items[i], set)))
			revisions->items[revisions->count++] = object_ref(found.items[i]);
}

void revision_history_list(struct informer *informer, const struct statefulset *set,
			   struct object_list *ret_revisions)
{
	*ret_revisions = (struct object_list) { 0 };
	append_matching(informer, set, set->object.uid, ret_revisions);
	append_matching(informer, set, "", ret_revisions);
	revision_sort(ret_revisions);
}

static int adopt(const struct applier *applier, const struct statefulset *set,
		 const struct object *revision, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = ownership_patch(set, revision);
	int outcome = applier_patch(applier, set,
				    &(struct applier_patch) { .object = revision,
							      .type = KUBE_PATCH_STRATEGIC,
							      .written = WRITTEN_REVISION,
							      .purpose = "ownerReferences",
							      .patch = patch },
				    NULL, err);
	return outcome < 0 ? -1 : 0;
}

int revision_history_adopt(const struct applier *applier, const struct statefulset *set,
			   const struct object_list *revisions, struct error *err)
{
	bool checked = false;
	for (size_t i = 0; i < revisions->count; i++) {
		if (object_controller(revisions->items[i]))
			continue;
		if (!checked && ownership_check_live(applier, set, err) < 0)
			return error_prefix(err, "can't adopt ControllerRevisions");
		checked = true;
		if (adopt(applier, set, revisions->items[i], err) < 0)
			return -1;
	}
	return 0;
}

static struct json_object *revision_json(const struct statefulset *set, const char *name,
					 int64_t number)
{
	char hash[REVISION_HASH_MAX];
	struct json_object *json = object_json(&revision_kind, set->object.namespace, name);
	struct json_object *metadata = json_child(json, "metadata");
	json_set_pairs(metadata, "labels", &set->template_labels);
	json_set_pairs(metadata, "annotations", &set->object.annotations);
	revision_data_hash(set->template_data, set->status.collision_count, hash);
	json_set_string(json_child(metadata, "labels"), REVISION_HASH_LABEL, hash);
	json_set(metadata, "ownerReferences", owner_references_to_set(set));
	json_set(json, "data", json_tokener_parse(set->template_data));
	json_set_int(json, "revision", number);
	return json;
}

/* 0: made, or there already; 1: the name is taken by other data. */
static int create_named(const struct applier *applier, const struct statefulset *set,
			const char *name, int64_t number, struct object **ret_revision,
			struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *body = revision_json(set, name, number);
	CLEANUP(object_unrefp) struct object *object = NULL;
	const char *namespace = set->object.namespace;
	if (applier_may_act(applier, err) < 0)
		return -1;
	int outcome = kube_create(applier->client, &revision_kind, namespace, body, &object, err);
	if (outcome < 0 && err->code != ERROR_EXISTS)
		return -1;
	if (outcome < 0 &&
	    kube_get(applier->client, &revision_kind, namespace, name, &object, err) < 0)
		return -1;
	if (strcmp(revision_of(object)->data, set->template_data) != 0)
		return 1;
	*ret_revision = TAKE(object);
	return 0;
}

static int create(const struct applier *applier, const struct statefulset *set, int64_t number,
		  struct revision_state *state, struct error *err)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	struct object *object = NULL;
	for (int tries = 0; tries < COLLISIONS_MAX; tries++) {
		const char *name = revision_name(arena, set, state->collision_count);
		int outcome = create_named(applier, set, name, number, &object, err);
		if (outcome < 0)
			return -1;
		if (outcome == 0) {
			applier_wrote(applier, set, WRITTEN_REVISION, object);
			log_info("revision created", LOG_TEXT("revision", name),
				 LOG_NAME("set", set->object.namespace, set->object.name));
			state->update = revision_of(object);
			return 0;
		}
		state->collision_count++;
	}
	return error_set(err, ERROR_EXISTS, "no free name for a revision after %d tries",
			 COLLISIONS_MAX);
}

static int renumber(const struct applier *applier, const struct statefulset *set,
		    const struct revision *revision, int64_t number, struct revision_state *state,
		    struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = json_object_new_object();
	struct object *after;
	json_set_string(json_child(patch, "metadata"), "uid", revision->object.uid);
	json_set_int(patch, "revision", number);
	int outcome = applier_patch(applier, set,
				    &(struct applier_patch) { .object = &revision->object,
							      .type = KUBE_PATCH_MERGE,
							      .written = WRITTEN_REVISION,
							      .purpose = "revision",
							      .patch = patch },
				    &after, err);
	if (outcome < 0)
		return -1;
	if (outcome > 0) {
		state->update = revision_of(object_ref((struct object *)&revision->object));
		return 0;
	}
	log_info("revision put back", LOG_TEXT("revision", revision->object.name),
		 LOG_NAME("set", set->object.namespace, set->object.name));
	state->update = revision_of(after);
	return 0;
}

/* The newest revision, if the API server finds that it means the same as the template. */
static int compare(const struct applier *applier, const struct statefulset *set,
		   const struct revision_choice *choice, struct revision_state *state,
		   struct error *err)
{
	bool same;
	if (template_means_same(applier, set, choice->revision, &same, err) < 0)
		return -1;
	if (!same)
		return create(applier, set, choice->number, state, err);
	state->update = (struct revision *)choice->revision;
	object_ref(&state->update->object);
	return 0;
}

static int settle_update(const struct applier *applier, const struct statefulset *set,
			 const struct object_list *revisions, struct revision_state *state,
			 struct error *err)
{
	struct revision_choice choice = revision_choose(set, revisions);
	switch (choice.action) {
	case REVISION_KEEP:
		state->update = revision_find(revisions, choice.revision->object.name);
		object_ref(&state->update->object);
		return 0;
	case REVISION_RENUMBER:
		return renumber(applier, set, choice.revision, choice.number, state, err);
	case REVISION_CREATE:
		return create(applier, set, choice.number, state, err);
	case REVISION_COMPARE:
		return compare(applier, set, &choice, state, err);
	}
	return 0;
}

int revision_history_settle(const struct applier *applier, const struct statefulset *set,
			    const struct object_list *revisions, struct revision_state *ret_state,
			    struct error *err)
{
	struct revision_state state = { .collision_count = set->status.collision_count };
	if (settle_update(applier, set, revisions, &state, err) < 0)
		return -1;
	state.current = revision_find(revisions, set->status.current_revision);
	if (!state.current)
		state.current = state.update;
	object_ref(&state.current->object);
	*ret_state = state;
	return 0;
}

void revision_state_done(struct revision_state *state)
{
	if (state->current)
		object_unref(&state->current->object);
	if (state->update)
		object_unref(&state->update->object);
	*state = (struct revision_state) { 0 };
}

static bool is_live(const struct object *revision, const struct revision_state *state,
		    const struct object_list *pods)
{
	if (strcmp(revision->name, state->current->object.name) == 0 ||
	    strcmp(revision->name, state->update->object.name) == 0)
		return true;
	for (size_t i = 0; i < pods->count; i++)
		if (strcmp(revision->name, pod_of(pods->items[i])->revision) == 0)
			return true;
	return false;
}

static int64_t count_dead(const struct object_list *revisions, const struct revision_state *state,
			  const struct object_list *pods)
{
	int64_t count = 0;
	for (size_t i = 0; i < revisions->count; i++)
		count += !is_live(revisions->items[i], state, pods);
	return count;
}

int revision_history_truncate(const struct applier *applier, const struct statefulset *set,
			      const struct object_list *revisions,
			      const struct revision_state *state, const struct object_list *pods,
			      struct error *err)
{
	if (set->revision_history_limit < 0)
		return 0;
	int64_t excess = count_dead(revisions, state, pods) - set->revision_history_limit;
	for (size_t i = 0; i < revisions->count && excess > 0; i++) {
		const struct object *revision = revisions->items[i];
		if (is_live(revision, state, pods))
			continue;
		excess--;
		if (applier_may_act(applier, err) < 0)
			return -1;
		if (kube_delete(applier->client, &revision_kind, revision->namespace,
				revision->name, revision->uid, NULL, err) < 0 &&
		    err->code != ERROR_NOT_FOUND)
			return -1;
		log_info("revision deleted", LOG_TEXT("revision", revision->name),
			 LOG_NAME("set", set->object.namespace, set->object.name));
	}
	return 0;
}
