/* SPDX-License-Identifier: Apache-2.0 */
#include "health/plan.h"

#include <string.h>

#include "base/text.h"
#include "fake_json.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

#define CLAIM                                                                                      \
	"{'metadata':{'name':'www','namespace':'default','uid':'u1','resourceVersion':'7'},"       \
	"'spec':{'volumeName':'pvc-u1'},'status':{'phase':'Bound','capacity':{'storage':'1Gi'},"   \
	"'conditions':[{'type':'Unused','status':'True'}]}}"

#define LIST "status.healthStatus.healthConditions"

#define CONDITION(s, r)                                                                            \
	{                                                                                          \
		.status = CSI_HEALTH_##s, .reason = r, .message = "because"                        \
	}

struct plan_case {
	const char *what;
	struct csi_health_condition conditions[CLAIM_HEALTH_MAX + 2];
	const char *set; /* NULL: nothing is wrong */
};

/* An answer is the word of a node: only what the API server would take of it is kept. */
static const struct plan_case cases[] = {
	{ "nothing is wrong", { { 0 } }, NULL },
	{ "one condition", { CONDITION(DEGRADED, "PoolFull") }, "Degraded PoolFull" },
	{ "the order does not count",
	  { CONDITION(INACCESSIBLE, "PoolMissing"), CONDITION(DEGRADED, "PoolFull") },
	  "Degraded PoolFull,Inaccessible PoolMissing" },
	{ "the other order",
	  { CONDITION(DEGRADED, "PoolFull"), CONDITION(INACCESSIBLE, "PoolMissing") },
	  "Degraded PoolFull,Inaccessible PoolMissing" },
	{ "two reasons of one status",
	  { CONDITION(DEGRADED, "ReadError"), CONDITION(DEGRADED, "PoolFull") },
	  "Degraded PoolFull,Degraded ReadError" },
	{ "one reason of two statuses",
	  { CONDITION(DATA_LOSS, "Gone"), CONDITION(DEGRADED, "Gone") },
	  "DataLoss Gone,Degraded Gone" },
	{ "the same twice",
	  { CONDITION(DEGRADED, "Full"), CONDITION(DEGRADED, "Full") },
	  "Degraded Full" },
	{ "no reason", { CONDITION(DEGRADED, ""), CONDITION(DEGRADED, "Full") }, "Degraded Full" },
	{ "not CamelCase",
	  { CONDITION(DEGRADED, "full"), CONDITION(DEGRADED, "Pool full"),
	    CONDITION(DEGRADED, "Pool,Full"), CONDITION(DEGRADED, "Pool\nFull") },
	  NULL },
	{ "more than the API server takes",
	  { CONDITION(DEGRADED, "A"), CONDITION(DEGRADED, "B"), CONDITION(DEGRADED, "C"),
	    CONDITION(DEGRADED, "D"), CONDITION(DEGRADED, "E"), CONDITION(DEGRADED, "F"),
	    CONDITION(DEGRADED, "G"), CONDITION(DEGRADED, "H"), CONDITION(DEGRADED, "I"),
	    CONDITION(DEGRADED, "J"), CONDITION(DEGRADED, "K"), CONDITION(DEGRADED, "L"),
	    CONDITION(DEGRADED, "M"), CONDITION(DEGRADED, "N"), CONDITION(DEGRADED, "O"),
	    CONDITION(DEGRADED, "P"), CONDITION(DEGRADED, "Q") },
	  "Degraded A,Degraded B,Degraded C,Degraded D,Degraded E,Degraded F,Degraded G,"
	  "Degraded H,Degraded I,Degraded J,Degraded K,Degraded L,Degraded M,Degraded N,"
	  "Degraded O,Degraded P" },
};

static void keeps_what_is_valid(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct plan_case *c = &cases[i];
		CLEANUP(arena_freep) struct arena *arena = arena_new(256);
		struct health_plan plan;
		size_t count = 0;
		while (c->conditions[count].status)
			count++;
		health_plan(c->conditions, count, arena, &plan);
		if (health_differs(plan.set, c->set))
			fail_msg("%s: %s", c->what, plan.set ? plan.set : "nothing");
	}
}

static void a_reason_that_is_too_long_is_left_out(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	char reason[258];
	struct health_plan plan;
	memset(reason, 'A', sizeof(reason));
	reason[257] = '\0';
	struct csi_health_condition condition = CONDITION(DEGRADED, reason);
	health_plan(&condition, 1, arena, &plan);
	assert_int_equal(plan.count, 0);
	reason[256] = '\0';
	health_plan(&condition, 1, arena, &plan);
	assert_int_equal(plan.count, 1);
}

/* What the claim says after the patch, as the API server merges it. */
static struct json_object *patched(const char *before, const struct csi_health_condition *condition)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	CLEANUP(object_unrefp) struct object *claim = sample_object(&claim_kind, CLAIM, before);
	struct health_plan plan;
	health_plan(condition, condition ? 1 : 0, arena, &plan);
	CLEANUP(json_object_putp)
	struct json_object *patch = health_patch(claim_of(claim), &plan, 1795500000);
	assert_string_equal(json_object_get_string(json_find(patch, "metadata.resourceVersion")),
			    "7");
	return fake_json_strategic(sample_json(CLAIM, before), patch);
}

#define WAS_FULL                                                                                   \
	"{'status':{'healthStatus':{'healthConditions':[{'status':'Degraded',"                     \
	"'reason':'PoolFull','message':'full'}]}}}"

static void the_whole_list_is_replaced(void **state)
{
	struct csi_health_condition condition = CONDITION(DEGRADED, "ReadError");
	CLEANUP(json_object_putp) struct json_object *claim = patched(WAS_FULL, &condition);
	struct json_object *list = json_find(claim, LIST);
	assert_int_equal(json_object_array_length(list), 1);
	struct json_object *item = json_object_array_get_idx(list, 0);
	assert_string_equal(json_object_get_string(json_find(item, "reason")), "ReadError");
	assert_string_equal(json_object_get_string(json_find(item, "status")), "Degraded");
	assert_string_equal(json_object_get_string(json_find(item, "message")), "because");
	/* The rest of the status is not touched. */
	assert_int_equal(json_object_array_length(json_find(claim, "status.conditions")), 1);
	assert_string_equal(json_object_get_string(json_find(claim, "status.phase")), "Bound");
}

static void recovery_leaves_an_empty_list(void **state)
{
	CLEANUP(json_object_putp) struct json_object *claim = patched(WAS_FULL, NULL);
	assert_int_equal(json_object_array_length(json_find(claim, LIST)), 0);
	assert_string_equal(
		json_object_get_string(json_find(claim, "status.healthStatus.lastTransitionTime")),
		"2026-11-24T06:00:00Z");
}

/* The API server takes 1,024 bytes; the cut may go through a character. */
static void a_long_message_is_cut_between_characters(void **state)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	text_append_string(&text, "x");
	for (int i = 0; i < 1000; i++)
		text_append_string(&text, "é");
	struct csi_health_condition condition = { CSI_HEALTH_DEGRADED, "PoolFull",
						  text_string(&text) };
	CLEANUP(json_object_putp) struct json_object *claim = patched("{}", &condition);
	const char *message = json_object_get_string(
		json_find(json_object_array_get_idx(json_find(claim, LIST), 0), "message"));
	assert_in_range(strlen(message), 1000, 1024);
	assert_int_equal((unsigned char)message[strlen(message) - 1] & 0xc0, 0x80);
}

/* What a claim bears is compared with what a node says, so both have one form. */
static void reads_back_what_it_writes(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(256);
	struct csi_health_condition conditions[] = { CONDITION(INACCESSIBLE, "PoolMissing"),
						     CONDITION(DEGRADED, "PoolFull") };
	struct health_plan plan;
	health_plan(conditions, 2, arena, &plan);
	CLEANUP(object_unrefp)
	struct object *claim = sample_object(
		&claim_kind, CLAIM,
		"{'status':{'healthStatus':{'healthConditions':["
		"{'status':'Inaccessible','reason':'PoolMissing','message':'another text'},"
		"{'status':'Degraded','reason':'PoolFull'}]}}}");
	assert_false(health_differs(claim_of(claim)->health, plan.set));
	assert_string_equal(health_text(&plan, arena),
			    "Inaccessible PoolMissing: because; Degraded PoolFull: because");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_valid),
		cmocka_unit_test(a_reason_that_is_too_long_is_left_out),
		cmocka_unit_test(the_whole_list_is_replaced),
		cmocka_unit_test(recovery_leaves_an_empty_list),
		cmocka_unit_test(a_long_message_is_cut_between_characters),
		cmocka_unit_test(reads_back_what_it_writes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
