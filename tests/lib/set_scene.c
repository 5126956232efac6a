/* SPDX-License-Identifier: Apache-2.0 */
#include "set_scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "set/pod.h"

#define PODS_MAX 64

struct built {
	struct object *set;
	struct pod *pods[PODS_MAX];
	size_t pod_count;
	struct object *claims[PODS_MAX];
	size_t claim_count;
	bool all_claims;
	const char *claim_owner;
	const struct claim *owned[PODS_MAX];
	size_t owned_count;
	struct pod *others[PODS_MAX];
	size_t other_count;
	uint32_t wait_ms;
	uint32_t missing_wait_ms;
	uint32_t claim_wait_ms;
};

struct object *scene_object(const struct kind *kind, const char *json)
{
	CLEANUP_FREE char *text = must_strdup(json);
	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	struct object *object;
	struct error err = { 0 };
	if (object_parse_text(kind, text, strlen(text), &object, &err) < 0) {
		fprintf(stderr, "%s\n%s\n", err.text, text);
		abort();
	}
	return object;
}

static struct object *build_set(const struct set_scene *scene)
{
	CLEANUP_FREE char *json = must_printf(
		"{'metadata':{'name':'web','namespace':'default','uid':'set-uid',"
		"'resourceVersion':'1','generation':2%s},"
		"'spec':{%s%s'selector':{'matchLabels':{'app':'web'}},"
		"'serviceName':'nginx','template':{'metadata':{'labels':{'app':'web'}}},"
		"'volumeClaimTemplates':[%s]},"
		"'status':{%s}}",
		scene->being_deleted ? ",'deletionTimestamp':'2026-01-01T00:00:00Z'" : "",
		scene->spec ? scene->spec : "", scene->spec && *scene->spec ? "," : "",
		scene->without_template ? "" : "{'metadata':{'name':'www'}}",
		scene->status ? scene->status : "");
	return scene_object(&statefulset_apps_kind, json);
}

static bool has(const char *marks, char mark)
{
	return strchr(marks, mark) != NULL;
}

static const char *phase_of(const char *marks)
{
	return has(marks, 'P')	 ? "Pending"
	       : has(marks, 'F') ? "Failed"
	       : has(marks, 'S') ? "Succeeded"
				 : "Running";
}

static struct pod *build_pod(int ordinal, const char *marks, const char *owner)
{
	bool ready = !has(marks, 'U') && strcmp(phase_of(marks), "Running") == 0;
	char since[CLOCK_TEXT_MAX];
	clock_format_s(SCENE_NOW_MS / 1000 - (has(marks, 'M') ? 10 : 3600), since);
	CLEANUP_FREE char *label =
		must_printf("'statefulset.kubernetes.io/pod-name':'web-%d',", ordinal);
	CLEANUP_FREE char *json = must_printf(
		"{'metadata':{'name':'web-%s%d','namespace':'default','uid':'pod-uid-%d'%s,"
		"'ownerReferences':[%s],"
		"'labels':{%s'app':'web','controller-revision-hash':'%s'}},"
		"'spec':{'volumes':[{'name':'%s',"
		"'persistentVolumeClaim':{'claimName':'www-web-%d'}}]},"
		"'status':{'phase':'%s','conditions':[{'type':'Ready','status':'%s',"
		"'lastTransitionTime':'%s'}]}}",
		has(marks, 'Z') ? "0" : "", ordinal, ordinal,
		has(marks, 'T') ? ",'deletionTimestamp':'2026-01-01T00:00:00Z'" : "",
		owner ? owner : "", has(marks, 'L') ? "" : label,
		has(marks, 'o') ? "web-old" : "web-new", has(marks, 'V') ? "other" : "www", ordinal,
		phase_of(marks), ready ? "True" : "False", since);
	return pod_of(scene_object(&pod_kind, json));
}

static void build_pods(const char *line, const char *owner, struct pod **pods, size_t *count)
{
	for (const char *c = line; c && *c;) {
		char *marks_start;
		int ordinal = (int)strtol(c, &marks_start, 10);
		size_t length = strcspn(marks_start, " ");
		char marks[16];
		snprintf(marks, sizeof(marks), "%.*s", (int)length, marks_start);
		pods[(*count)++] = build_pod(ordinal, marks, owner);
		c = marks_start + length + strspn(marks_start + length, " ");
	}
}

/* mark: D, B or nothing. */
static struct object *build_claim(const char *name, char mark, const char *owner)
{
	CLEANUP_FREE char *json = must_printf(
		"{'metadata':{'name':'%s','namespace':'default','uid':'uid-of-%s'%s,"
		"'ownerReferences':[%s]},'spec':{'accessModes':['ReadWriteOnce'],%s"
		"'resources':{'requests':{'storage':'1Gi'}}}}",
		name, name, mark == 'D' ? ",'deletionTimestamp':'2026-01-01T00:00:00Z'" : "",
		owner ? owner : "", mark == 'B' ? "'volumeName':'pvc-1'," : "");
	return scene_object(&claim_kind, json);
}

static void add_claim(struct built *built, char *name)
{
	size_t length = strlen(name);
	char mark = length ? name[length - 1] : '\0';
	if (!length)
		return;
	if (mark == 'D' || mark == 'B')
		name[length - 1] = '\0';
	struct object *claim = build_claim(name, mark, built->claim_owner);
	const struct owner *owner = object_controller(claim);
	built->claims[built->claim_count++] = claim;
	if (owner && strcmp(owner->uid, "set-uid") == 0)
		built->owned[built->owned_count++] = claim_of(claim);
}

static void build_claims(const struct set_scene *scene, struct built *built)
{
	built->all_claims = !scene->claims;
	built->claim_owner = scene->claim_owner;
	CLEANUP_FREE char *line = must_strdup(scene->claims ? scene->claims : "");
	char *rest = line;
	for (char *name; (name = strsep(&rest, " "));)
		add_claim(built, name);
}

static const struct claim *find_claim(void *context, const char *name)
{
	struct built *built = context;
	for (size_t i = 0; i < built->claim_count; i++)
		if (strcmp(built->claims[i]->name, name) == 0)
			return claim_of(built->claims[i]);
	if (!built->all_claims || built->claim_count == PODS_MAX)
		return NULL;
	struct object *claim = build_claim(name, 'B', built->claim_owner);
	built->claims[built->claim_count++] = claim;
	return claim_of(claim);
}

static const struct pod *find_pod(void *context, const char *name)
{
	struct built *built = context;
	for (size_t i = 0; i < built->other_count; i++)
		if (strcmp(built->others[i]->object.name, name) == 0)
			return built->others[i];
	return NULL;
}

static uint32_t find_wait_ms(void *context, const char *pod_name, const char *revision,
			     bool missing)
{
	const struct built *built = context;
	return missing ? built->missing_wait_ms : built->wait_ms;
}

static uint32_t find_claim_wait_ms(void *context, const char *name)
{
	return ((const struct built *)context)->claim_wait_ms;
}

static void built_done(struct built *built)
{
	object_unref(built->set);
	for (size_t i = 0; i < built->pod_count; i++)
		object_unref(&built->pods[i]->object);
	for (size_t i = 0; i < built->other_count; i++)
		object_unref(&built->others[i]->object);
	for (size_t i = 0; i < built->claim_count; i++)
		object_unref(built->claims[i]);
}

static struct plan make_plan(const struct set_scene *scene, struct built *built,
			     struct arena *arena)
{
	built->set = build_set(scene);
	built->wait_ms = scene->wait_ms;
	built->missing_wait_ms = scene->missing_wait_ms;
	built->claim_wait_ms = scene->claim_wait_ms;
	build_pods(scene->pods, NULL, built->pods, &built->pod_count);
	build_pods(scene->others, scene->other_owner, built->others, &built->other_count);
	build_claims(scene, built);
	struct plan_input input = {
		.set = statefulset_of(built->set),
		.pods = built->pods,
		.pod_count = built->pod_count,
		.pods_by_name = { .find = find_pod, .context = built },
		.replacements = { .wait_ms = find_wait_ms, .context = built },
		.claims = { .find = find_claim, .wait_ms = find_claim_wait_ms, .context = built },
		.owned_claims = built->owned,
		.owned_claim_count = built->owned_count,
		.current_revision = "web-old",
		.update_revision = "web-new",
		.now_ms = SCENE_NOW_MS,
	};
	return statefulset_plan(&input, arena);
}

struct plan scene_plan(const struct set_scene *scene, struct arena *arena)
{
	CLEANUP(built_done) struct built built = { 0 };
	return make_plan(scene, &built, arena);
}

static void describe_claims(struct text *text, const struct decision *decision)
{
	static const char *const actions[] = {
		[CLAIM_ACTION_CREATE] = "make",
		[CLAIM_ACTION_DELETE] = "drop",
		[CLAIM_ACTION_SET_OWNERS] = "own",
		[CLAIM_ACTION_NONE] = "leave",
	};
	for (size_t i = 0; i < decision->claim_count; i++)
		text_printf(text, "%s%s %s%s", i ? " " : " [", actions[decision->claims[i].action],
			    decision->claims[i].name, decision->claims[i].conflict ? "!" : "");
	if (decision->claim_count)
		text_append_string(text, "]");
}

static void describe(struct text *text, const struct decision *decision)
{
	static const char *const verbs[] = {
		[DECISION_CREATE_POD] = "create",
		[DECISION_MEND_CLAIMS] = "mend",
		[DECISION_UPDATE_POD] = "update",
		[DECISION_DELETE_POD] = "delete",
	};
	text_printf(text, "%s%s %d", text->length ? ", " : "", verbs[decision->type],
		    decision->ordinal);
	if (decision->type == DECISION_CREATE_POD &&
	    strcmp(decision->revision_name, "web-old") == 0)
		text_append_string(text, " (old)");
	if (decision->type == DECISION_DELETE_POD)
		text_printf(text, " (%s)", delete_reason_text(decision->reason));
	describe_claims(text, decision);
}

const char *scene_decisions(const struct set_scene *scene, struct arena *arena)
{
	CLEANUP(built_done) struct built built = { 0 };
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct plan plan = make_plan(scene, &built, arena);
	for (size_t i = 0; i < plan.count; i++)
		describe(&text, &plan.decisions[i]);
	return arena_strdup(arena, text_string(&text));
}

const char *scene_holds(const struct set_scene *scene, struct arena *arena)
{
	CLEANUP(built_done) struct built built = { 0 };
	CLEANUP_TEXT struct text text = TEXT_INIT;
	struct plan plan = make_plan(scene, &built, arena);
	for (size_t i = 0; i < plan.hold_count; i++) {
		const struct hold *hold = &plan.holds[i];
		text_printf(&text, "%s%s", text.length ? ", " : "", hold_reason_text(hold->reason));
		if (hold->pod)
			text_printf(&text, " %s", hold->pod);
		if (hold->claim)
			text_printf(&text, " %s", hold->claim);
	}
	return arena_strdup(arena, text_string(&text));
}

const char *scene_status(const struct set_scene *scene, struct arena *arena)
{
	const struct statefulset_status status = scene_plan(scene, arena).status;
	return arena_printf(
		arena, "replicas %d ready %d available %d current %d updated %d now %s next %s",
		status.replicas, status.ready_replicas, status.available_replicas,
		status.current_replicas, status.updated_replicas, status.current_revision,
		status.update_revision);
}
