/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "set_scene.h"
#include "test.h"

/*
 * Plan, apply, plan: no decision undoes an earlier one. A small cluster carries each plan out on a
 * line of pods (set_scene.h) until the plan is empty. While the set and the behaviour of its new
 * pods stay the same, no pod may be deleted twice, and the plan has to become empty.
 */

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))
#define ORDINALS 5
#define ROUNDS_MAX 60

struct cluster {
	char pods[ORDINALS][8]; /* the marks of the pod; "-": there is none */
	int deletions[ORDINALS];
};

static void read_line(struct cluster *cluster, const char *line)
{
	for (int i = 0; i < ORDINALS; i++)
		strcpy(cluster->pods[i], "-");
	for (const char *c = line; *c;) {
		int ordinal = *c - '0';
		size_t length = strcspn(++c, " ");
		snprintf(cluster->pods[ordinal], sizeof(cluster->pods[0]), "%.*s", (int)length, c);
		c += length + strspn(c + length, " ");
	}
}

static const char *write_line(const struct cluster *cluster, struct arena *arena)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	for (int i = 0; i < ORDINALS; i++)
		if (strcmp(cluster->pods[i], "-") != 0)
			text_printf(&text, "%s%d%s", text.length ? " " : "", i, cluster->pods[i]);
	return arena_strdup(arena, text_string(&text));
}

static void apply(struct cluster *cluster, const struct plan *plan, const char *born)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct decision *decision = &plan->decisions[i];
		char *pod = cluster->pods[decision->ordinal];
		if (decision->type == DECISION_DELETE_POD) {
			strcpy(pod, "-");
			cluster->deletions[decision->ordinal]++;
		}
		if (decision->type == DECISION_UPDATE_POD && strchr(pod, 'L'))
			*strchr(pod, 'L') = ' ';
		if (decision->type == DECISION_CREATE_POD)
			snprintf(pod, sizeof(cluster->pods[0]), "%s%s",
				 strcmp(decision->revision_name, "web-old") == 0 ? "o" : "", born);
	}
}

/* What the set would be told by its status: a pod of the current revision for each "o". */
static const char *status_of(const struct cluster *cluster, struct arena *arena)
{
	int current = 0;
	for (int i = 0; i < ORDINALS; i++)
		current += strchr(cluster->pods[i], 'o') != NULL;
	return arena_printf(arena, "'currentReplicas':%d", current);
}

static void settle(const char *spec, const char *line, const char *born)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
	struct cluster cluster = { 0 };
	size_t decisions = 1;
	read_line(&cluster, line);
	for (int round = 0; decisions > 0 && round < ROUNDS_MAX; round++) {
		struct set_scene scene = {
			.spec = spec,
			.status = status_of(&cluster, arena),
			.pods = write_line(&cluster, arena),
			.wait_ms = round > 0 ? 1000 : 0, /* of a pod that fails again */
		};
		struct plan plan = scene_plan(&scene, arena);
		decisions = plan.count;
		/* The plan borrows from the scene, which is gone: names and numbers are the arena's
		 * or constants. */
		apply(&cluster, &plan, born);
	}
	bool twice = false;
	for (int i = 0; i < ORDINALS; i++)
		twice = twice || cluster.deletions[i] > 1;
	if (decisions > 0 || twice)
		print_error("spec %s pods \"%s\" born \"%s\": now \"%s\"\n", spec, line, born,
			    write_line(&cluster, arena));
	assert_int_equal(decisions, 0);
	assert_false(twice);
}

static void no_plan_undoes_the_one_before_it(void **state)
{
	static const char *const policies[] = { "", "'podManagementPolicy':'Parallel'," };
	static const char *const strategies[] = {
		"",
		"'updateStrategy':{'type':'RollingUpdate'},",
		"'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{}},",
		"'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'partition':2}},",
		"'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'partition':9}},",
		"'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'maxUnavailable':2}},",
		"'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'partition':1,"
		"'maxUnavailable':'100%'}},",
		"'updateStrategy':{'type':'OnDelete'},",
	};
	static const char *const sizes[] = { "'replicas':3", "'replicas':0", "'replicas':5",
					     "'replicas':2,'ordinals':{'start':1}",
					     "'replicas':3,'minReadySeconds':30" };
	static const char *const lines[] = {
		"",	"0o 1o 2o",  "0oU 1oU 2oU", "0o 1o 2oU",   "0oF 1oS 2o",   "0 1oU 2",
		"0o 2", "0oP 1P 2o", "0oV 1 2L",    "0oM 1oM 2oM", "0 1 2 3o 4oU",
	};
	/* A new pod is ready, never ready, pending for ever, failed at once, or ready just now. */
	static const char *const births[] = { "", "U", "P", "F", "M" };
	size_t lists[] = { LENGTH(policies), LENGTH(strategies), LENGTH(sizes), LENGTH(lines),
			   LENGTH(births) };
	size_t total = lists[0] * lists[1] * lists[2] * lists[3] * lists[4];
	for (size_t i = 0; i < total; i++) {
		size_t rest = i;
		size_t at[LENGTH(lists)];
		for (size_t j = 0; j < LENGTH(lists); rest /= lists[j], j++)
			at[j] = rest % lists[j];
		char spec[256];
		snprintf(spec, sizeof(spec), "%s%s%s", policies[at[0]], strategies[at[1]],
			 sizes[at[2]]);
		settle(spec, lines[at[3]], births[at[4]]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_plan_undoes_the_one_before_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
