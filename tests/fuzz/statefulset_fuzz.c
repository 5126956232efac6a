/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any JSON as a set with pods, claims and a revision: {"set": …, "pods": […], "claims": […],
 * "revision": …}. What can be parsed is planned and built, and the plan must keep its word.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "set/identity.h"
#include "set/pod.h"
#include "set/pod_build.h"
#include "set/retention.h"
#include "set/revision.h"
#include "set/revision_data.h"
#include "set/statefulset_plan.h"
#include "set/statefulset_status.h"

#define OBJECTS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct object *set;
	struct object *revision;
	struct object *pods[OBJECTS_MAX];
	size_t pod_count;
	struct object *claims[OBJECTS_MAX];
	size_t claim_count;
};

static struct object *parse(const struct kind *kind, struct json_object *json)
{
	struct object *object = NULL;
	struct error err;
	if (json && object_parse(kind, json, &object, &err) < 0)
		assert(err.code != ERROR_NONE && err.text[0]);
	return object;
}

static void parse_list(const struct kind *kind, struct json_object *json, const char *key,
		       struct object **objects, size_t *count)
{
	struct json_object *list;
	size_t length;
	struct error err;
	if (json_read_list(json, key, &list, &length, &err) < 0)
		return;
	for (size_t i = 0; i < length && *count < OBJECTS_MAX; i++) {
		objects[*count] = parse(kind, json_object_array_get_idx(list, i));
		*count += objects[*count] != NULL;
	}
}

static void world_done(struct world *world)
{
	object_unref(world->set);
	object_unref(world->revision);
	for (size_t i = 0; i < world->pod_count; i++)
		object_unref(world->pods[i]);
	for (size_t i = 0; i < world->claim_count; i++)
		object_unref(world->claims[i]);
}

static const struct claim *find_claim(void *context, const char *name)
{
	struct world *world = context;
	for (size_t i = 0; i < world->claim_count; i++)
		if (strcmp(world->claims[i]->name, name) == 0)
			return claim_of(world->claims[i]);
	return NULL;
}

/* Everything that a decision leads to is built and thrown away. */
static void build(const struct world *world, const struct decision *decision)
{
	const struct statefulset *set = statefulset_of(world->set);
	struct json_object *json = NULL;
	struct error err;
	for (size_t i = 0; i < decision->claim_count; i++) {
		const struct claim_step *claim = &decision->claims[i];
		struct retention_pod pod = { .name = decision->pod_name, .uid = "u" };
		if (claim->action == CLAIM_ACTION_CREATE &&
		    claim_build(set, claim->template, decision->ordinal, &json, &err) == 0)
			json_object_put(json);
		if (claim->claim)
			json_object_put(retention_owners(set, claim->claim, &pod));
	}
	if (decision->type == DECISION_CREATE_POD && world->revision &&
	    pod_build(set, revision_of(world->revision), decision->ordinal, &json, &err) == 0)
		json_object_put(json);
	if (decision->type == DECISION_UPDATE_POD)
		json_object_put(pod_identity_patch(decision->pod));
}

static void check_decision(const struct world *world, const struct decision *decision)
{
	const struct statefulset *set = statefulset_of(world->set);
	assert(decision->ordinal >= 0);
	if (decision->type == DECISION_CREATE_POD) {
		assert(!decision->pod && identity_in_range(set, decision->ordinal));
		assert(decision->revision_name);
	} else if (decision->type != DECISION_MEND_CLAIMS || decision->pod) {
		assert(decision->pod && decision->pod->ordinal == decision->ordinal);
	}
	if (decision->type == DECISION_DELETE_POD)
		assert(!pod_terminating(decision->pod));
}

static void check_plan(const struct world *world, const struct plan *plan)
{
	const struct statefulset *set = statefulset_of(world->set);
	const struct statefulset_status *status = &plan->status;
	assert(plan->count <= PLAN_STAGES * PLAN_STAGE_MAX);
	assert(set->object.deleted_s == 0 || plan->count == 0);
	assert(status->replicas >= status->ready_replicas);
	assert(status->ready_replicas >= status->available_replicas);
	assert(status->replicas >= status->current_replicas);
	assert(status->replicas >= status->updated_replicas);
	for (size_t i = 0; i < plan->count; i++) {
		check_decision(world, &plan->decisions[i]);
		if (i < OBJECTS_MAX)
			build(world, &plan->decisions[i]);
	}
	json_object_put(status_patch(status, set));
}

static void plan_world(struct world *world)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
	const struct plan_input input = {
		.set = statefulset_of(world->set),
		.pods = (struct pod *const *)world->pods,
		.pod_count = world->pod_count,
		.claims = { .find = find_claim, .context = world },
		.owned_claims = (const struct claim *const *)world->claims,
		.owned_claim_count = world->claim_count,
		.current_revision = "web-old",
		.update_revision = "web-new",
		.now_ms = INT64_C(1790000000000),
	};
	struct plan plan = statefulset_plan(&input, arena);
	check_plan(world, &plan);
	struct object_list revisions = { .items = &world->revision,
					 .count = world->revision ? 1 : 0 };
	struct revision_choice choice = revision_choose(input.set, &revisions);
	assert(choice.action != REVISION_CREATE || !choice.revision);
	assert(strlen(revision_name(arena, input.set, 0)) <= 253);
}

/* What was made canonical stays as it is. */
static void check_canonical(const char *text)
{
	CLEANUP(json_object_putp) struct json_object *template = revision_data_template(text);
	if (!template)
		return;
	CLEANUP_FREE char *again = revision_data_of_template(template);
	assert(revision_data_same(text, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(json_object_putp) struct json_object *json = NULL;
	CLEANUP(world_done) struct world world = { 0 };
	struct error err;
	if (json_parse((const char *)data, size, &json, &err) < 0)
		return 0;
	world.set = parse(&statefulset_apps_kind, json_find(json, "set"));
	world.revision = parse(&revision_kind, json_find(json, "revision"));
	parse_list(&pod_kind, json, "pods", world.pods, &world.pod_count);
	parse_list(&claim_kind, json, "claims", world.claims, &world.claim_count);
	if (world.set) {
		check_canonical(statefulset_of(world.set)->template_data);
		plan_world(&world);
	}
	return 0;
}
