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

static struct pod *build_pod(int ordinal, const char *marks)
{
	bool ready = !has(marks, 'U') && strcmp(phase_of(marks), "Running") == 0;
	char since[CLOCK_TEXT_MAX];
	clock_format_s(SCENE_NOW_MS / 1000 - (has(marks, 'M') ? 10 : 3600), since);
	CLEANUP_FREE char *label =
		must_printf("'statefulset.kubernetes.io/pod-name':'web-%d',", ordinal);
	CLEANUP_FREE char *json = must_printf(
		"{'metadata':{'name':'web-%s%d','namespace':'default','uid':'pod-uid-%d'%s,"
		"'labels':{%s'app':'web','controller-revision-hash':'%s'}},"
		"'spec':{'volumes':[{'name':'%s',"
		"'persistentVolumeClaim':{'claimName':'www-web-%d'}}]},"
		"'status':{'phase':'%s','conditions':[{'type':'Ready','status':'%s',"
		"'lastTransitionTime':'%s'}]}}",
		has(marks, 'Z') ? "0" : "", ordinal, ordinal,
		has(marks, 'T') ? ",'deletionTimestamp':'2026-01-01T00:00:00Z'" : "",
		has(marks, 'L') ? "" : label, has(marks, 'o') ? "web-old" : "web-new",
		has(marks, 'V') ? "other" : "www", ordinal, phase_of(marks),
		ready ? "True" : "False", since);
	return pod_of(scene_object(&pod_kind, json));
}

static void build_pods(const char *line, struct built *built)
{
	for (const char *c = line; c && *c;) {
		char *marks_start;
		int ordinal = (int)strtol(c, &marks_start, 10);
		size_t length = strcspn(marks_start, " ");
		char marks[16];
		snprintf(marks, sizeof(marks), "%.*s", (int)length, marks_start);
		built->pods[built->pod_count++] = build_pod(ordinal, marks);
		c = marks_start + length + strspn(marks_start + length, " ");
	}
}

static struct object *build_claim(const char *name, bool deleted, const char *owner)
{
	CLEANUP_FREE char *json = must_printf(
		"{'metadata':{'name':'%s','namespace':'default','uid':'uid-of-%s'%s,"
		"'ownerReferences':[%s]},'spec':{'accessModes':['ReadWriteOnce'],"
		"'resources':{'requests':{'storage':'1Gi'}}}}",
		name, name, deleted ? ",'deletionTimestamp':'2026-01-01T00:00:00Z'" : "",
		owner ? owner : "");
	return scene_object(&claim_kind, json);
}

static void build_claims(const struct set_scene *scene, struct built *built)
{
	built->all_claims = !scene->claims;
	built->claim_owner = scene->claim_owner;
	CLEANUP_FREE char *line = must_strdup(scene->claims ? scene->claims : "");
	char *rest = line;
	for (char *name; (name = strsep(&rest, " "));) {
		size_t length = strlen(name);
		bool deleted = length && name[length - 1] == 'D';
		if (deleted)
			name[length - 1] = '\0';
		if (length)
			built->claims[built->claim_count++] =
				build_claim(name, deleted, scene->claim_owner);
	}
}

static const struct claim *find_claim(void *context, const char *name)
{
	struct built *built = context;
	for (size_t i = 0; i < built->claim_count; i++)
		if (strcmp(built->claims[i]->name, name) == 0)
			return claim_of(built->claims[i]);
	if (!built->all_claims || built->claim_count == PODS_MAX)
		return NULL;
	struct object *claim = build_claim(name, false, built->claim_owner);
	built->claims[built->claim_count++] = claim;
	return claim_of(claim);
}

static void built_done(struct built *built)
{
	object_unref(built->set);
	for (size_t i = 0; i < built->pod_count; i++)
		object_unref(&built->pods[i]->object);
	for (size_t i = 0; i < built->claim_count; i++)
		object_unref(built->claims[i]);
}

static struct plan make_plan(const struct set_scene *scene, struct built *built,
			     struct arena *arena)
{
	built->set = build_set(scene);
	build_pods(scene->pods, built);
	build_claims(scene, built);
	struct plan_input input = {
		.set = statefulset_of(built->set),
		.pods = built->pods,
		.pod_count = built->pod_count,
		.claims = { .find = find_claim, .context = built },
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
		[CLAIM_ACTION_AWAIT_END] = "await",
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

const char *scene_status(const struct set_scene *scene, struct arena *arena)
{
	const struct statefulset_status status = scene_plan(scene, arena).status;
	return arena_printf(
		arena, "replicas %d ready %d available %d current %d updated %d now %s next %s",
		status.replicas, status.ready_replicas, status.available_replicas,
		status.current_replicas, status.updated_replicas, status.current_revision,
		status.update_revision);
}
