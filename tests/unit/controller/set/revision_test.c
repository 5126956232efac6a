/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kube/json.h"
#include "set/revision.h"
#include "set/revision_data.h"
#include "set/statefulset.h"
#include "set_scene.h"
#include "test.h"

/* What an API server makes of a small template; up to 1.33 with a creation time of null in it. */
#define METADATA(time) "{'annotations':{'test':'value'}," time "'labels':{'app':'foo'}}"
#define POD_SPEC                                                                                   \
	"{'containers':[{'image':'test','imagePullPolicy':'Always','name':'test','resources':{},"  \
	"'terminationMessagePath':'/dev/termination-log','terminationMessagePolicy':'File'}],"     \
	"'dnsPolicy':'ClusterFirst','restartPolicy':'Always',"                                     \
	"'schedulerName':'default-scheduler','securityContext':{},"                                \
	"'terminationGracePeriodSeconds':30}"
#define TEMPLATE(time) "{'spec':" POD_SPEC ",'metadata':" METADATA(time) "}"
#define DATA(time)                                                                                 \
	"{'spec':{'template':{'$patch':'replace','metadata':" METADATA(time) ",'spec':" POD_SPEC   \
									     "}}}"
#define NULL_TIME "'creationTimestamp':null,"

static char *quoted(const char *json)
{
	char *text = must_strdup(json);
	for (char *c = text; *c; c++)
		if (*c == '\'')
			*c = '"';
	return text;
}

static struct json_object *parse(const char *json)
{
	CLEANUP_FREE char *text = quoted(json);
	return json_tokener_parse(text);
}

static void data_is_the_template_as_a_patch(void **state)
{
	CLEANUP(json_object_putp) struct json_object *old = parse(TEMPLATE(NULL_TIME));
	CLEANUP(json_object_putp) struct json_object *new = parse(TEMPLATE(""));
	CLEANUP_FREE char *wanted = quoted(DATA(""));
	CLEANUP_FREE char *from_old = revision_data_of_template(old);
	CLEANUP_FREE char *from_new = revision_data_of_template(new);
	assert_string_equal(from_old, wanted);
	assert_string_equal(from_new, wanted);
}

static void the_hash_is_the_one_that_kubernetes_writes(void **state)
{
	char hash[REVISION_HASH_MAX];
	CLEANUP_FREE char *data_1_33 = quoted(DATA(NULL_TIME));
	CLEANUP_FREE char *data_1_34 = quoted(DATA(""));
	revision_data_hash(data_1_33, 0, hash);
	assert_string_equal(hash, "c77f6d978");
	revision_data_hash(data_1_34, 0, hash);
	assert_string_equal(hash, "776999688b");
	revision_data_hash(data_1_34, 1, hash);
	assert_string_not_equal(hash, "776999688b");
}

static void the_template_comes_back_without_the_patch_marker(void **state)
{
	CLEANUP_FREE char *data = quoted(DATA(""));
	CLEANUP(json_object_putp) struct json_object *template = revision_data_template(data);
	CLEANUP(json_object_putp) struct json_object *wanted = parse(TEMPLATE(""));
	assert_true(json_object_equal(template, wanted));
	assert_null(revision_data_template("{}"));
	assert_null(revision_data_template("{\"spec\":{\"template\":7}}"));
	assert_null(revision_data_template("no json"));
}

static void null_means_absent_and_nothing_else_does(void **state)
{
	assert_true(revision_data_same("{\"a\":{\"b\":null,\"c\":1}}", "{\"a\":{\"c\":1}}"));
	assert_true(revision_data_same("{\"a\":[{\"b\":null}]}", "{\"a\":[{}]}"));
	assert_false(revision_data_same("{\"a\":{}}", "{}"));
	assert_false(revision_data_same("{\"a\":0}", "{}"));
	assert_false(revision_data_same("{\"a\":\"1\"}", "{\"a\":1}"));
}

static void only_members_that_one_lacks_may_be_defaults(void **state)
{
#define SPEC(members) "{'spec':{'template':{'metadata':{'labels':{'a':'b'}},'spec':{" members "}}}}"
	static const struct {
		const char *a;
		const char *b;
		bool may_be;
	} rows[] = {
		{ SPEC("'x':1"), SPEC("'x':1,'y':2"), true },
		{ SPEC("'x':1,'y':2"), SPEC("'x':1"), true },
		{ SPEC("'x':[{'n':1}]"), SPEC("'x':[{'n':1,'d':{}}],'e':0"), true },
		{ SPEC("'x':1"), SPEC("'x':2"), false },
		{ SPEC("'x':1"), SPEC("'x':'1'"), false },
		{ SPEC("'x':[1]"), SPEC("'x':[1,2]"), false },
		{ SPEC("'x':{'y':{'z':1}}"), SPEC("'x':{'y':{'z':2},'d':1}"), false },
		{ SPEC(""),
		  "{'spec':{'template':{'metadata':{'labels':{'a':'b','c':'d'}},'spec':{}}}}",
		  false },
		{ SPEC(""), "{}", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP_FREE char *a = quoted(rows[i].a);
		CLEANUP_FREE char *b = quoted(rows[i].b);
		assert_int_equal(revision_data_may_differ_by_defaults(a, b), rows[i].may_be);
		assert_int_equal(revision_data_may_differ_by_defaults(b, a), rows[i].may_be);
	}
}

static struct object *set_of(const char *template)
{
	CLEANUP_FREE char *json =
		must_printf("{'metadata':{'name':'test','namespace':'default','uid':'u'},"
			    "'spec':{'selector':{'matchLabels':{'app':'foo'}},'template':%s}}",
			    template);
	return scene_object(&statefulset_apps_kind, json);
}

static struct object *revision(const char *name, int64_t number, const char *created,
			       const char *data)
{
	CLEANUP_FREE char *json = must_printf(
		"{'metadata':{'name':'%s','namespace':'default','creationTimestamp':'%s'},"
		"'data':%s,'revision':%ld}",
		name, created, data, (long)number);
	return scene_object(&revision_kind, json);
}

#define TIME "2026-01-01T00:00:00Z"
#define LATER "2026-01-02T00:00:00Z"

static void check_choice(const char *template, struct object **items, size_t count,
			 enum revision_action action, const char *name, int64_t number)
{
	struct object_list list = { .items = items, .count = count };
	CLEANUP(object_unrefp) struct object *set = set_of(template);
	revision_sort(&list);
	struct revision_choice choice = revision_choose(statefulset_of(set), &list);
	assert_int_equal(choice.action, action);
	assert_int_equal(choice.number, number);
	if (name)
		assert_string_equal(choice.revision->object.name, name);
	for (size_t i = 0; i < count; i++)
		object_unref(items[i]);
}

#define CHOICE(template, action, name, number, ...)                                                \
	do {                                                                                       \
		struct object *items[] = { __VA_ARGS__ };                                          \
		check_choice(template, items, sizeof(items) / sizeof(items[0]), action, name,      \
			     number);                                                              \
	} while (0)

/* Sets and revisions as Kubernetes 1.33 and 1.34 left them must not be rolled out again. */
static void revisions_of_older_api_servers_are_kept(void **state)
{
	CHOICE(TEMPLATE(NULL_TIME), REVISION_KEEP, "test-c77f6d978", 1,
	       revision("test-c77f6d978", 1, TIME, DATA(NULL_TIME)));
	CHOICE(TEMPLATE(""), REVISION_KEEP, "test-c77f6d978", 1,
	       revision("test-c77f6d978", 1, TIME, DATA(NULL_TIME)));
	CHOICE(TEMPLATE(""), REVISION_KEEP, "test-776999688b", 1,
	       revision("test-776999688b", 1, TIME, DATA("")));
	CHOICE(TEMPLATE(""), REVISION_KEEP, "test-776999688b", 2,
	       revision("test-c77f6d978", 1, TIME, DATA(NULL_TIME)),
	       revision("test-776999688b", 2, TIME, DATA("")));
}

#define OTHER "{'spec':{'template':{'$patch':'replace','spec':{'x':1}}}}"

static void a_new_template_gets_the_next_number(void **state)
{
	check_choice(TEMPLATE(""), NULL, 0, REVISION_CREATE, NULL, 1);
	CHOICE(TEMPLATE(""), REVISION_CREATE, NULL, 8, revision("test-a", 7, TIME, OTHER));
}

static void an_earlier_template_takes_its_revision_back(void **state)
{
	CHOICE(TEMPLATE(""), REVISION_RENUMBER, "test-old", 3,
	       revision("test-old", 1, TIME, DATA("")), revision("test-a", 2, TIME, OTHER));
}

static void revisions_are_sorted_by_number_age_and_name(void **state)
{
	struct object *items[] = {
		revision("d", 2, TIME, OTHER),
		revision("c", 1, LATER, OTHER),
		revision("b", 1, TIME, OTHER),
		revision("a", 1, TIME, OTHER),
	};
	struct object_list list = { .items = items, .count = 4 };
	revision_sort(&list);
	const char *wanted[] = { "a", "b", "c", "d" };
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(items[i]->name, wanted[i]);
		object_unref(items[i]);
	}
}

static void a_long_set_name_is_cut_to_leave_room_for_the_hash(void **state)
{
	char name[254];
	memset(name, 'a', 253);
	name[253] = '\0';
	CLEANUP_FREE char *json = must_printf("{'metadata':{'name':'%s','namespace':'n'},'spec':"
					      "{'selector':{}}}",
					      name);
	CLEANUP(object_unrefp) struct object *set = scene_object(&statefulset_apps_kind, json);
	CLEANUP(arena_freep) struct arena *arena = arena_new(64);
	const char *revision_of_set = revision_name(arena, statefulset_of(set), 0);
	assert_in_range(strlen(revision_of_set), 225, 253);
	assert_int_equal(revision_of_set[223], '-');
}

static void a_revision_belongs_to_the_set_after_which_it_is_named(void **state)
{
	static const struct {
		const char *name;
		bool ours;
	} rows[] = { { "web-777999688b", true },
		     { "web-a-777999688b", false },
		     { "we-777999688b", false },
		     { "web", false },
		     { "webb-777999688b", false } };
	CLEANUP(object_unrefp)
	struct object *set = scene_object(&statefulset_apps_kind,
					  "{'metadata':{'name':'web','namespace':'default'},"
					  "'spec':{'selector':{'matchLabels':{'app':'web'}}}}");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct object revision = { .name = rows[i].name };
		assert_int_equal(revision_is_named_after(&revision, statefulset_of(set)),
				 rows[i].ours);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_is_the_template_as_a_patch),
		cmocka_unit_test(the_hash_is_the_one_that_kubernetes_writes),
		cmocka_unit_test(the_template_comes_back_without_the_patch_marker),
		cmocka_unit_test(null_means_absent_and_nothing_else_does),
		cmocka_unit_test(revisions_of_older_api_servers_are_kept),
		cmocka_unit_test(a_new_template_gets_the_next_number),
		cmocka_unit_test(an_earlier_template_takes_its_revision_back),
		cmocka_unit_test(revisions_are_sorted_by_number_age_and_name),
		cmocka_unit_test(only_members_that_one_lacks_may_be_defaults),
		cmocka_unit_test(a_revision_belongs_to_the_set_after_which_it_is_named),
		cmocka_unit_test(a_long_set_name_is_cut_to_leave_room_for_the_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
