/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/admission.h"

#include <string.h>

#include "base/text.h"
#include "sample.h"
#include "test.h"

static const char labels[] = "{'metadata':{'labels':{'app':'db'}}}";
static const char pod_1[] =
	"{'metadata':{'ownerReferences':[{'apiVersion':'v1','kind':'Pod','name':'p','uid':'1',"
	"'controller':true}]}}";
static const char pod_2[] =
	"{'metadata':{'ownerReferences':[{'apiVersion':'v1','kind':'Pod','name':'p','uid':'2',"
	"'controller':true}]}}";

static const struct row {
	const char *a;
	const char *a_patch;
	const char *b;
	const char *b_patch;
	enum claim_kinship kinship;
} rows[] = {
	{ "data", NULL, "log", NULL, KINSHIP_UNKNOWN },
	{ "data", pod_1, "log", pod_1, KINSHIP_ONE_POD },
	{ "data", pod_1, "log", pod_2, KINSHIP_TWO_PODS },
	{ "data", pod_1, "log", NULL, KINSHIP_UNKNOWN },
	/* Of a StatefulSet. */
	{ "data-db-0", labels, "log-db-0", labels, KINSHIP_ONE_POD },
	{ "a-db-0", labels, "b-db-0", labels, KINSHIP_ONE_POD },
	{ "data-db-0", labels, "data-db-1", labels, KINSHIP_TWO_PODS },
	{ "data-db-9", labels, "data-db-10", labels, KINSHIP_TWO_PODS },
	{ "data-db-1", labels, "data-db-11", labels, KINSHIP_TWO_PODS },
	/* One pod may have claims of such names, but not with such labels. */
	{ "data-1", NULL, "data-2", NULL, KINSHIP_UNKNOWN },
	{ "data-db-0", NULL, "log-db-0", NULL, KINSHIP_UNKNOWN },
	{ "data-db-0", labels, "data-db-1", NULL, KINSHIP_UNKNOWN },
	{ "data-db-0", labels, "log-db-1", labels, KINSHIP_UNKNOWN },
	{ "data-0", labels, "log-0", labels, KINSHIP_UNKNOWN },
	{ "0", labels, "-0", labels, KINSHIP_UNKNOWN },
	{ "a-", labels, "b-", labels, KINSHIP_UNKNOWN },
	{ "a-x", labels, "b-x", labels, KINSHIP_UNKNOWN },
};

static struct object *claim(const char *name, const char *patch)
{
	CLEANUP_FREE char *json =
		must_printf("{'metadata':{'name':'%s','namespace':'default','uid':'u-%s'},'spec':{"
			    "'accessModes':['ReadWriteOnce']}}",
			    name, name);
	return sample_object(&claim_kind, json, patch);
}

static void knows_claims_of_one_pod_and_of_two(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		CLEANUP(object_unrefp) struct object *a = claim(rows[i].a, rows[i].a_patch);
		CLEANUP(object_unrefp) struct object *b = claim(rows[i].b, rows[i].b_patch);
		enum claim_kinship there = claim_kinship(claim_of(a), claim_of(b));
		enum claim_kinship back = claim_kinship(claim_of(b), claim_of(a));
		if (there != rows[i].kinship || back != rows[i].kinship)
			fail_msg("%s and %s: %d and %d instead of %d", rows[i].a, rows[i].b, there,
				 back, rows[i].kinship);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_claims_of_one_pod_and_of_two),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
