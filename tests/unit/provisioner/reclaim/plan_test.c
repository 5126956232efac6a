/* SPDX-License-Identifier: Apache-2.0 */
#include "reclaim/plan.h"

#include <string.h>

#include "sample.h"
#include "test.h"

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
#define AFFINITY(terms) "'nodeAffinity':{'required':{'nodeSelectorTerms':[" terms "]}}"
#define TERM(key, operator, values)                                                                \
	"{'matchExpressions':[{'key':'" key "','operator':'" operator"','values':[" values "]}]}"
#define OURS "topology.kentledge.io/node"
#define WITH_AFFINITY(terms) "{'spec':{" AFFINITY(terms) "}," PHASE("Released") "}"
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

/* The cluster: the node of that name, or "" for node-a and node-b, or none for NULL. Labels as the
 * kubelet sets them. */
static struct cluster_nodes nodes_of(const char *name)
{
	static const char *const both[] = { "node-a", "node-b" };
	bool all = name && !*name;
	size_t count = all ? 2 : name != NULL;
	struct cluster_nodes nodes = { .views = must_alloc(2 * sizeof(struct node_view)),
				       .count = count };
	for (size_t i = 0; i < count; i++) {
		CLEANUP_FREE char *json = must_printf(
			"{'metadata':{'name':'%s','labels':{'kubernetes.io/hostname':'%s'}}}",
			all ? both[i] : name, all ? both[i] : name);
		nodes.views[i].node = node_of(sample_object(&node_kind, json, NULL));
	}
	return nodes;
}

static void check(const struct row *row)
{
	CLEANUP(cluster_nodes_done) struct cluster_nodes nodes = nodes_of(row->node);
	CLEANUP(object_unrefp)
	struct object *volume = sample_object(&persistent_volume_kind, VOLUME, row->volume);
	CLEANUP(object_unrefp)
	struct object *claim = row->claim ? sample_object(&claim_kind, CLAIM, row->claim) : NULL;
	struct volume_view view = {
		.volume = persistent_volume_of(volume),
		.claim = claim ? claim_of(claim) : NULL,
		.nodes = &nodes,
	};
	struct volume_plan plan;
	volume_plan(&view, &plan);
	if (plan.decision != row->decision)
		fail_msg("%s: decision %d instead of %d", row->what, plan.decision, row->decision);
	if (plan.decision == VOLUME_RECLAIM)
		assert_string_equal(plan.node, *row->node ? row->node : "node-a");
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
	assert_string_equal(node_selector_id(&volume->affinity), "node-a");
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
		{ "released, its claim is bound to another volume", "{" PHASE("Released") "}",
		  "{'spec':{'volumeName':'pvc-u2'}}", "node-a", VOLUME_RECLAIM, NULL },
		{ "deleted before it was ever bound",
		  "{'metadata':{" DELETING "}," PHASE("Available") "}", NULL, "node-a",
		  VOLUME_RECLAIM, NULL },
		{ "deleted before it was ever bound, its claim waits",
		  "{'metadata':{" DELETING "}," PHASE("Pending") "}",
		  "{'spec':{'volumeName':null}}", "node-a", VOLUME_RECLAIM, NULL },
	};
	CHECK_ALL(rows);
}

static void never_deletes_what_is_used_or_kept(void **state)
{
	static const struct row rows[] = {
		{ "bound", NULL, "{}", "node-a", VOLUME_IGNORE, NULL },
		{ "bound and deleted: waits for the claim", "{'metadata':{" DELETING "}}", "{}",
		  "node-a", VOLUME_IGNORE, NULL },
		{ "deleted while the binder was at it",
		  "{'metadata':{" DELETING "}," PHASE("Available") "}", "{}", "node-a",
		  VOLUME_IGNORE, NULL },
		{ "released, and its claim is there with the same uid", "{" PHASE("Released") "}",
		  "{}", "node-a", VOLUME_IGNORE, NULL },
		{ "deleted by hand while bound, and Retain when its claim goes",
		  "{'metadata':{'finalizers':null," DELETING "}," RETAIN "," PHASE("Released") "}",
		  NULL, "node-a", VOLUME_IGNORE, NULL },
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
		{ "Delete, bound, written by hand",
		  "{'metadata':{'finalizers':null,'annotations':null}}", "{}", "node-a",
		  VOLUME_ADD_FINALIZER, NULL },
		{ "Recycle now, bound", "{'spec':{'persistentVolumeReclaimPolicy':'Recycle'}}",
		  "{}", "node-a", VOLUME_DROP_FINALIZER, NULL },
		{ "Retain now, being deleted", "{'metadata':{" DELETING "}," RETAIN "}", NULL, NULL,
		  VOLUME_DROP_FINALIZER, NULL },
	};
	CHECK_ALL(rows);
}

static void asks_the_one_node_that_the_affinity_matches(void **state)
{
	static const struct row rows[] = {
		{ "by our key", "{" PHASE("Released") "}", NULL, "", VOLUME_RECLAIM, NULL },
		{ "by hostname", WITH_AFFINITY(TERM("kubernetes.io/hostname", "In", "'node-a'")),
		  NULL, "", VOLUME_RECLAIM, NULL },
		{ "by the node's name",
		  WITH_AFFINITY("{'matchFields':[{'key':'metadata.name','operator':'In',"
				"'values':['node-a']}]}"),
		  NULL, "", VOLUME_RECLAIM, NULL },
		{ "by exclusion", WITH_AFFINITY(TERM(OURS, "NotIn", "'node-b'")), NULL, "",
		  VOLUME_RECLAIM, NULL },
		{ "two terms that mean the same node",
		  WITH_AFFINITY(TERM(OURS, "In", "'node-a'") "," TERM("kubernetes.io/hostname",
								      "In", "'node-a'")),
		  NULL, "", VOLUME_RECLAIM, NULL },
	};
	CHECK_ALL(rows);
}

static void says_why_a_volume_cannot_be_reclaimed(void **state)
{
	static const struct row rows[] = {
		{ "node gone", "{" PHASE("Released") "}", NULL, NULL, VOLUME_NODE_GONE,
		  "node \"node-a\", which holds the data, is not in the cluster" },
		{ "node gone, by hostname",
		  WITH_AFFINITY(TERM("kubernetes.io/hostname", "In", "'node-a'")), NULL, "node-b",
		  VOLUME_NODE_GONE, "node \"node-a\", which holds the data" },
		{ "no affinity", "{'spec':{'nodeAffinity':null}," PHASE("Released") "}", NULL, "",
		  VOLUME_STUCK, "spec.nodeAffinity" },
		{ "two terms",
		  WITH_AFFINITY(TERM(OURS, "In", "'node-a'") "," TERM(OURS, "In", "'node-b'")),
		  NULL, "", VOLUME_STUCK, "matches 2 nodes (\"node-a\", \"node-b\")" },
		{ "two values", WITH_AFFINITY(TERM(OURS, "In", "'node-a','node-b'")), NULL, "",
		  VOLUME_STUCK, "persistentVolumeReclaimPolicy to Retain" },
		{ "two terms, and one of their nodes has left",
		  WITH_AFFINITY(TERM(OURS, "In", "'node-a'") "," TERM(OURS, "In", "'node-b'")),
		  NULL, "node-a", VOLUME_STUCK, "names node \"node-b\", which is not" },
		{ "a label that no node has", WITH_AFFINITY(TERM("zone", "In", "'1'")), NULL, "",
		  VOLUME_STUCK, "matches no node" },
	};
	CHECK_ALL(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_needs_of_a_volume),
		cmocka_unit_test(reclaims_released_volumes_whose_policy_is_delete),
		cmocka_unit_test(never_deletes_what_is_used_or_kept),
		cmocka_unit_test(keeps_the_finalizer_in_step_with_the_policy),
		cmocka_unit_test(asks_the_one_node_that_the_affinity_matches),
		cmocka_unit_test(says_why_a_volume_cannot_be_reclaimed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
