/* SPDX-License-Identifier: Apache-2.0 */
#include "reclaim/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"

/* Bound, policy Delete, with our finalizer, on node-a. */
#define VOLUME                                                                                     \
	"{'metadata':{'name':'pvc-u1','uid':'v1','finalizers':["                                   \
	"'external-provisioner.volume.kubernetes.io/finalizer'],"                                  \
	"'annotations':{'pv.kubernetes.io/provisioned-by':'kentledge.io'}},"                       \
	"'spec':{'persistentVolumeReclaimPolicy':'Delete','storageClassName':'kentledge',"         \
	"'capacity':{'storage':'1Gi'},"                                                            \
	"'csi':{'driver':'kentledge.io','volumeHandle':'pvc-u1'},"                                 \
	"'claimRef':{'namespace':'default','name':'www-web-0','uid':'u1'},"                        \
	"'nodeAffinity':{'required':{'nodeSelectorTerms':[{'matchExpressions':["                   \
	"{'key':'topology.kentledge.io/node','operator':'In','values':['node-a']}]}]}}},"          \
	"'status':{'phase':'Bound'}}"

#define CLAIM                                                                                      \
	"{'metadata':{'name':'www-web-0','namespace':'default','uid':'u1'},"                       \
	"'spec':{'accessModes':['ReadWriteOnce'],'volumeName':'pvc-u1'}}"

#define DELETING "'deletionTimestamp':'2026-11-24T09:15:02Z'"
#define RETAIN "'spec':{'persistentVolumeReclaimPolicy':'Retain'}"
#define PHASE(word) "'status':{'phase':'" word "'}"

struct row {
	const char *what;
	const char *volume; /* merge patches */
	const char *claim;  /* NULL: no claim */
	const char *node;
	enum volume_decision decision;
	const char *text; /* part of the reason */
};

static void check(const struct row *row)
{
	CLEANUP(object_unrefp)
	struct object *volume = sample_object(&persistent_volume_kind, VOLUME, row->volume);
	CLEANUP(object_unrefp)
	struct object *claim = row->claim ? sample_object(&claim_kind, CLAIM, row->claim) : NULL;
	struct volume_view view = {
		.volume = persistent_volume_of(volume),
		.claim = claim ? claim_of(claim) : NULL,
		.node = row->node,
	};
	struct volume_plan plan;
	volume_plan(&view, &plan);
	if (plan.decision != row->decision)
		fail_msg("%s: decision %d instead of %d", row->what, plan.decision, row->decision);
	if (row->text && !strstr(plan.reason.text, row->text))
		fail_msg("%s: \"%s\" does not say \"%s\"", row->what, plan.reason.text, row->text);
}

#define CHECK_ALL(rows)                                                                            \
	for (size_t i = 0; i < sizeof(rows) / sizeof(*(rows)); i++)                                \
	check(&(rows)[i])

static void reads_what_it_needs_of_a_volume(void **state)
{
	CLEANUP(object_unrefp)
	struct object *object = sample_object(&persistent_volume_kind, VOLUME, NULL);
	const struct persistent_volume *volume = persistent_volume_of(object);
	assert_true(persistent_volume_is_ours(volume));
	assert_int_equal(volume->phase, PERSISTENT_VOLUME_BOUND);
	assert_true(volume->delete_released);
	assert_string_equal(volume->handle, "pvc-u1");
	assert_string_equal(volume->node_id, "node-a");
	assert_string_equal(volume->class_name, "kentledge");
	assert_string_equal(volume->claim_uid, "u1");
	assert_int_equal(volume->capacity_bytes, 1 << 30);
}

static void reclaims_released_volumes_whose_policy_is_delete(void **state)
{
	static const struct row rows[] = {
		{ "released", "{" PHASE("Released") "}", NULL, "node-a", VOLUME_RECLAIM, NULL },
		{ "released and deleted before its claim",
		  "{'metadata':{" DELETING "}," PHASE("Released") "}", NULL, "node-a",
		  VOLUME_RECLAIM, NULL },
		{ "released, a claim of the same name is another", "{" PHASE("Released") "}",
		  "{'metadata':{'uid':'u2'}}", "node-a", VOLUME_RECLAIM, NULL },
		{ "released, made by hand, without our finalizer",
		  "{'metadata':{'finalizers':null,'annotations':null}," PHASE("Released") "}", NULL,
		  "node-a", VOLUME_RECLAIM, NULL },
		{ "deleted before it was ever bound",
		  "{'metadata':{" DELETING "}," PHASE("Available") "}", NULL, "node-a",
		  VOLUME_RECLAIM, NULL },
		{ "deleted before it was ever bound, its claim waits",
		  "{'metadata':{" DELETING "}," PHASE("Pending") "}",
		  "{'spec':{'volumeName':null}}", "node-a", VOLUME_RECLAIM, NULL },
	};
	CHECK_ALL(rows);
}

static void never_deletes_what_somebody_uses_or_keeps(void **state)
{
	static const struct row rows[] = {
		{ "bound", NULL, "{}", "node-a", VOLUME_IGNORE, NULL },
		{ "bound and deleted: waits for the claim", "{'metadata':{" DELETING "}}", "{}",
		  "node-a", VOLUME_IGNORE, NULL },
		{ "deleted while the binder was at it",
		  "{'metadata':{" DELETING "}," PHASE("Available") "}", "{}", "node-a",
		  VOLUME_IGNORE, NULL },
		{ "available", "{" PHASE("Available") "}", NULL, "node-a", VOLUME_IGNORE, NULL },
		{ "failed", "{" PHASE("Failed") "}", NULL, "node-a", VOLUME_IGNORE, NULL },
		{ "released, retained",
		  "{'metadata':{'finalizers':null}," RETAIN "," PHASE("Released") "}", NULL,
		  "node-a", VOLUME_IGNORE, NULL },
		{ "released, policy missing",
		  "{'metadata':{'finalizers':null},'spec':{'persistentVolumeReclaimPolicy':null}"
		  "," PHASE("Released") "}",
		  NULL, "node-a", VOLUME_IGNORE, NULL },
		{ "somebody took our finalizer off",
		  "{'metadata':{'finalizers':['x/y']," DELETING "}," PHASE("Released") "}", NULL,
		  "node-a", VOLUME_IGNORE, NULL },
		{ "another driver's",
		  "{'spec':{'csi':{'driver':'other.io'}}," PHASE("Released") "}", NULL, "node-a",
		  VOLUME_IGNORE, NULL },
		{ "no CSI volume", "{'spec':{'csi':null}," PHASE("Released") "}", NULL, "node-a",
		  VOLUME_IGNORE, NULL },
	};
	CHECK_ALL(rows);
}

static void keeps_the_finalizer_in_step_with_the_policy(void **state)
{
	static const struct row rows[] = {
		{ "Delete, bound", "{'metadata':{'finalizers':['kubernetes.io/pv-protection']}}",
		  "{}", "node-a", VOLUME_ADD_FINALIZER, NULL },
		{ "Delete, bound, being deleted: too late",
		  "{'metadata':{'finalizers':['kubernetes.io/pv-protection']," DELETING "}}", "{}",
		  "node-a", VOLUME_IGNORE, NULL },
		{ "Delete, not bound yet",
		  "{'metadata':{'finalizers':null}," PHASE("Available") "}", NULL, "node-a",
		  VOLUME_IGNORE, NULL },
		{ "Retain now, bound", "{" RETAIN "}", "{}", "node-a", VOLUME_DROP_FINALIZER,
		  NULL },
		{ "Retain now, released", "{" RETAIN "," PHASE("Released") "}", NULL, "node-a",
		  VOLUME_DROP_FINALIZER, NULL },
		{ "Retain now, being deleted", "{'metadata':{" DELETING "}," RETAIN "}", NULL, NULL,
		  VOLUME_DROP_FINALIZER, NULL },
	};
	CHECK_ALL(rows);
}

static void says_why_a_volume_cannot_be_reclaimed(void **state)
{
	static const struct row rows[] = {
		{ "node gone", "{" PHASE("Released") "}", NULL, NULL, VOLUME_NODE_GONE,
		  "node \"node-a\", which holds the data, is not in the cluster" },
		{ "no affinity", "{'spec':{'nodeAffinity':null}," PHASE("Released") "}", NULL, NULL,
		  VOLUME_STUCK, "spec.nodeAffinity" },
	};
	CHECK_ALL(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_needs_of_a_volume),
		cmocka_unit_test(reclaims_released_volumes_whose_policy_is_delete),
		cmocka_unit_test(never_deletes_what_somebody_uses_or_keeps),
		cmocka_unit_test(keeps_the_finalizer_in_step_with_the_policy),
		cmocka_unit_test(says_why_a_volume_cannot_be_reclaimed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
