/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/object_store.h"

#include <string.h>

#include "fake_json.h"
#include "kube/claim.h"
#include "kube/json.h"
#include "test.h"

/* An object named after its key, labelled for the index. */
static struct object *make(const char *name, const char *app, const char *version)
{
	CLEANUP_FREE char *text =
		must_printf("{'apiVersion':'v1','kind':'PersistentVolumeClaim','metadata':{"
			    "'namespace':'default','name':'%s','uid':'u-%s','resourceVersion':'%s',"
			    "'labels':{'app':'%s'}}}",
			    name, name, version, app);
	CLEANUP(json_object_putp) struct json_object *json = fake_json_of(text);
	struct object *object;
	struct error err;
	if (object_parse(&claim_kind, json, &object, &err) < 0)
		fail_msg("%s", err.text);
	return object;
}

static void put(struct object_store *store, const char *name, const char *app, const char *version)
{
	CLEANUP(object_unrefp) struct object *object = make(name, app, version);
	object_unref(object_store_put(store, name, object));
}

static void by_app(const struct object *object, struct text *key)
{
	text_append_string(key, pairs_get(&object->labels, "app"));
}

static size_t count_of(const struct object_store *store, const char *index_key)
{
	CLEANUP_OBJECT_LIST struct object_list list = { 0 };
	object_store_list(store, index_key, &list);
	return list.count;
}

static void gives_back_what_was_there_before(void **state)
{
	CLEANUP(object_store_done) struct object_store store = { 0 };
	CLEANUP(object_unrefp) struct object *newer = make("a", "web", "2");
	put(&store, "a", "web", "1");
	CLEANUP(object_unrefp) struct object *before = object_store_put(&store, "a", newer);
	assert_string_equal(before->resource_version, "1");
	assert_ptr_equal(object_store_get(&store, "a"), newer);
	CLEANUP(object_unrefp) struct object *removed = object_store_remove(&store, "a");
	assert_ptr_equal(removed, newer);
	assert_null(object_store_get(&store, "a"));
	assert_null(object_store_remove(&store, "a"));
	assert_int_equal(object_store_count(&store), 0);
}

static void an_object_that_changes_its_index_key_changes_its_group(void **state)
{
	CLEANUP(object_store_done) struct object_store store = { .index = { by_app } };
	put(&store, "a", "web", "1");
	put(&store, "b", "web", "1");
	assert_int_equal(count_of(&store, "web"), 2);
	put(&store, "a", "db", "2");
	assert_int_equal(count_of(&store, "web"), 1);
	assert_int_equal(count_of(&store, "db"), 1);
	object_unref(object_store_remove(&store, "a"));
	assert_int_equal(count_of(&store, "db"), 0);
	assert_int_equal(count_of(&store, NULL), 1);
}

static void by_version(const struct object *object, struct text *key)
{
	text_printf(key, "version-%s", object->resource_version);
}

static void an_object_is_in_one_group_of_each_index(void **state)
{
	CLEANUP(object_store_done) struct object_store store = { .index = { by_app, by_version } };
	put(&store, "a", "web", "1");
	put(&store, "b", "web", "2");
	assert_int_equal(count_of(&store, "web"), 2);
	assert_int_equal(count_of(&store, "version-1"), 1);
	put(&store, "a", "", "2");
	assert_int_equal(count_of(&store, "web"), 1);
	assert_int_equal(count_of(&store, "version-1"), 0);
	assert_int_equal(count_of(&store, "version-2"), 2);
	object_unref(object_store_remove(&store, "b"));
	assert_int_equal(count_of(&store, "version-2"), 1);
	assert_int_equal(count_of(&store, "web"), 0);
}

/* Both name the same group: it is listed once. */
static void an_object_is_in_a_group_once(void **state)
{
	CLEANUP(object_store_done) struct object_store store = { .index = { by_app, by_app } };
	put(&store, "a", "web", "1");
	assert_int_equal(count_of(&store, "web"), 1);
	object_unref(object_store_remove(&store, "a"));
	assert_int_equal(count_of(&store, "web"), 0);
}

static void an_object_without_an_index_key_is_in_no_group(void **state)
{
	CLEANUP(object_store_done) struct object_store store = { .index = { by_app } };
	put(&store, "a", "", "1");
	assert_int_equal(count_of(&store, ""), 0);
	assert_int_equal(count_of(&store, NULL), 1);
}

static void only_the_very_same_version_counts_as_seen(void **state)
{
	CLEANUP(object_store_done) struct object_store store = { 0 };
	CLEANUP(object_unrefp) struct object *same = make("a", "web", "1");
	CLEANUP(object_unrefp) struct object *newer = make("a", "web", "2");
	CLEANUP(object_unrefp) struct object *other = make("b", "web", "1");
	put(&store, "a", "web", "1");
	assert_true(object_store_see(&store, "a", same));
	assert_false(object_store_see(&store, "a", newer));
	assert_false(object_store_see(&store, "a", other));
	assert_false(object_store_see(&store, "b", other));
}

static void what_a_round_neither_puts_nor_sees_is_unseen(void **state)
{
	CLEANUP(object_store_done) struct object_store store = { 0 };
	CLEANUP(object_unrefp) struct object *same = make("a", "web", "1");
	put(&store, "a", "web", "1");
	put(&store, "b", "web", "1");
	put(&store, "c", "web", "1");
	object_store_begin_round(&store);
	assert_true(object_store_see(&store, "a", same));
	put(&store, "b", "web", "2");
	assert_string_equal(object_store_unseen(&store), "c");
	object_unref(object_store_remove(&store, "c"));
	assert_null(object_store_unseen(&store));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_back_what_was_there_before),
		cmocka_unit_test(an_object_that_changes_its_index_key_changes_its_group),
		cmocka_unit_test(an_object_is_in_one_group_of_each_index),
		cmocka_unit_test(an_object_is_in_a_group_once),
		cmocka_unit_test(an_object_without_an_index_key_is_in_no_group),
		cmocka_unit_test(only_the_very_same_version_counts_as_seen),
		cmocka_unit_test(what_a_round_neither_puts_nor_sees_is_unseen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
