/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/reference_grant.h"

#include <string.h>

#include "sample.h"
#include "test.h"

#define GRANT                                                                                      \
	"{'metadata':{'name':'g','namespace':'bank'},'spec':{'from':["                             \
	"{'group':'','kind':'PersistentVolumeClaim','namespace':'shop'}],'to':["                   \
	"{'group':'snapshot.storage.k8s.io','kind':'VolumeSnapshot','name':'monday'}]}}"

static bool allows(const char *patch, const char *namespace, const char *name)
{
	const struct grant_to object = { "snapshot.storage.k8s.io", "VolumeSnapshot", name };
	struct object *grant = sample_object(&reference_grant_kind, GRANT, patch);
	bool allowed = reference_grant_allows(reference_grant_of(grant), namespace, &object);
	object_unref(grant);
	return allowed;
}

static void allows_what_it_names_and_nothing_else(void **state)
{
	static const struct {
		const char *patch;
		bool allows;
	} rows[] = {
		{ NULL, true },
		{ "{'spec':{'to':[{'group':'snapshot.storage.k8s.io','kind':'VolumeSnapshot'}]}}",
		  true },
		{ "{'spec':{'to':[{'group':'','kind':'Secret'},{'group':'snapshot.storage.k8s.io',"
		  "'kind':'VolumeSnapshot','name':'monday'}]}}",
		  true },
		{ "{'spec':{'to':[{'group':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"
		  "'name':'tuesday'}]}}",
		  false },
		{ "{'spec':{'to':[{'group':'','kind':'VolumeSnapshot'}]}}", false },
		{ "{'spec':{'to':[{'group':'snapshot.storage.k8s.io'}]}}", false },
		{ "{'spec':{'to':[]}}", false },
		{ "{'spec':{'from':[{'group':'','kind':'Pod','namespace':'shop'}]}}", false },
		{ "{'spec':{'from':[{'group':'x','kind':'PersistentVolumeClaim',"
		  "'namespace':'shop'}]}}",
		  false },
		{ "{'spec':{'from':[{'group':'','kind':'PersistentVolumeClaim'}]}}", false },
		{ "{'spec':null}", false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (allows(rows[i].patch, "shop", "monday") != rows[i].allows)
			fail_msg("row %zu", i);
	assert_false(allows(NULL, "mall", "monday"));
	assert_false(allows(NULL, "shop", "mon"));
}

static void refuses_what_is_no_list(void **state)
{
	static const char *const texts[] = {
		"{\"metadata\":{\"name\":\"g\",\"namespace\":\"b\"},\"spec\":{\"from\":1}}",
		"{\"metadata\":{\"name\":\"g\",\"namespace\":\"b\"},\"spec\":{\"to\":[1]}}",
		"{\"metadata\":{\"name\":\"g\",\"namespace\":\"b\"},\"spec\":{\"to\":[{\"kind\":1}]"
		"}}",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct object *grant = NULL;
		struct error err = { 0 };
		assert_int_equal(object_parse_text(&reference_grant_kind, texts[i],
						   strlen(texts[i]), &grant, &err),
				 -1);
		assert_int_equal(err.code, ERROR_INVALID);
		assert_non_null(strstr(err.text, "spec"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(allows_what_it_names_and_nothing_else),
		cmocka_unit_test(refuses_what_is_no_list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
