/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/source.h"

#include <string.h>

#include "sample.h"
#include "test.h"

#define CLONE                                                                                      \
	"{'metadata':{'name':'copy','namespace':'shop','uid':'u2'},"                               \
	"'spec':{'storageClassName':'kentledge','accessModes':['ReadWriteOnce'],"                  \
	"'resources':{'requests':{'storage':'2Gi'}},"                                              \
	"'dataSource':{'kind':'PersistentVolumeClaim','name':'www'}}}"

#define RESTORE                                                                                    \
	"{'metadata':{'name':'copy','namespace':'shop','uid':'u2'},"                               \
	"'spec':{'storageClassName':'kentledge','accessModes':['ReadWriteOnce'],"                  \
	"'resources':{'requests':{'storage':'2Gi'}},"                                              \
	"'dataSource':{'apiGroup':'snapshot.storage.k8s.io','kind':'VolumeSnapshot',"              \
	"'name':'monday'}}}"

#define SOURCE                                                                                     \
	"{'metadata':{'name':'www','namespace':'shop','uid':'u1'},"                                \
	"'spec':{'storageClassName':'other','volumeName':'pv-1',"                                  \
	"'resources':{'requests':{'storage':'1Gi'}}},'status':{'phase':'Bound'}}"

#define VOLUME                                                                                     \
	"{'metadata':{'name':'pv-1'},'spec':{'claimRef':{'namespace':'shop','name':'www',"         \
	"'uid':'u1'},'csi':{'driver':'kentledge.io','volumeHandle':'h-1'}},"                       \
	"'status':{'phase':'Bound'}}"

#define SNAPSHOT                                                                                   \
	"{'metadata':{'name':'monday','namespace':'shop','uid':'s1'},'spec':{'source':{"           \
	"'persistentVolumeClaimName':'www'}},'status':{"                                           \
	"'boundVolumeSnapshotContentName':'content-1','readyToUse':true,'restoreSize':'1Gi'}}"

#define CONTENT                                                                                    \
	"{'metadata':{'name':'content-1'},'spec':{'driver':'kentledge.io','deletionPolicy':"       \
	"'Delete','source':{'volumeHandle':'h-1'},'sourceVolumeMode':'Filesystem',"                \
	"'volumeSnapshotRef':{'namespace':'shop','name':'monday','uid':'s1'}},"                    \
	"'status':{'snapshotHandle':'snap-1','readyToUse':true}}"

#define GONE "gone" /* the object is not there */

struct row {
	const char *what;
	const char *claim;  /* a patch; NULL: none */
	const char *first;  /* of the source claim, or of the snapshot */
	const char *second; /* of its volume, or of the content */
	const char *text;   /* in the error; NULL: it may be used */
};

static struct object *sample(const struct kind *kind, const char *json, const char *patch)
{
	return patch && strcmp(patch, GONE) == 0 ? NULL : sample_object(kind, json, patch);
}

static void check_answer(const struct row *row, const struct claim *claim,
			 const struct claim_source *source, const struct csi_source *expected)
{
	struct csi_source content = { 0 };
	struct error err = { 0 };
	int r = claim_source_check(claim, source, &content, &err);
	if (row->text) {
		if (r == 0 || !strstr(err.text, row->text))
			fail_msg("%s: %s", row->what, r == 0 ? "may be used" : err.text);
		assert_int_equal(content.kind, CSI_SOURCE_NONE);
		return;
	}
	if (r < 0)
		fail_msg("%s: %s", row->what, err.text);
	assert_int_equal(content.kind, expected->kind);
	assert_string_equal(content.id, expected->id);
}

static void check_clone(const struct row *row)
{
	CLEANUP(object_unrefp) struct object *claim = sample(&claim_kind, CLONE, row->claim);
	CLEANUP(object_unrefp) struct object *source = sample(&claim_kind, SOURCE, row->first);
	CLEANUP(object_unrefp)
	struct object *volume = sample(&persistent_volume_kind, VOLUME, row->second);
	check_answer(row, claim_of(claim),
		     &(struct claim_source) {
			     .claim = source ? claim_of(source) : NULL,
			     .volume = volume ? persistent_volume_of(volume) : NULL,
		     },
		     &(struct csi_source) { CSI_SOURCE_VOLUME, "h-1" });
}

static void check_restore(const struct row *row)
{
	CLEANUP(object_unrefp) struct object *claim = sample(&claim_kind, RESTORE, row->claim);
	CLEANUP(object_unrefp)
	struct object *snapshot = sample(&snapshot_kind, SNAPSHOT, row->first);
	CLEANUP(object_unrefp)
	struct object *content = sample(&snapshot_content_kind, CONTENT, row->second);
	check_answer(row, claim_of(claim),
		     &(struct claim_source) {
			     .snapshot = snapshot ? snapshot_of(snapshot) : NULL,
			     .content = content ? snapshot_content_of(content) : NULL,
		     },
		     &(struct csi_source) { CSI_SOURCE_SNAPSHOT, "snap-1" });
}

#define DELETED "'deletionTimestamp':'2026-11-24T09:15:02Z'"

/* Requirement E10. */
static void a_clone_is_made_of_a_bound_claim_of_ours(void **state)
{
	static const struct row rows[] = {
		{ "as it should be", NULL, NULL, NULL, NULL },
		{ "as large", "{'spec':{'resources':{'requests':{'storage':'1Gi'}}}}", NULL, NULL,
		  NULL },
		{ "smaller", "{'spec':{'resources':{'requests':{'storage':'1023Mi'}}}}", NULL, NULL,
		  "spec.resources.requests.storage: 1023Mi is less than the 1Gi of "
		  "PersistentVolumeClaim \"www\"" },
		{ "both raw", "{'spec':{'volumeMode':'Block'}}", "{'spec':{'volumeMode':'Block'}}",
		  NULL, NULL },
		{ "raw of a file system", "{'spec':{'volumeMode':'Block'}}", NULL, NULL,
		  "spec.volumeMode: Block differs" },
		{ "file system of a raw one", NULL, "{'spec':{'volumeMode':'Block'}}", NULL,
		  "which is Block" },
		{ "no source", NULL, GONE, GONE, "\"www\" does not exist" },
		{ "not bound", NULL, "{'spec':{'volumeName':null},'status':{'phase':'Pending'}}",
		  GONE, "is not Bound but Pending" },
		{ "lost", NULL, "{'status':{'phase':'Lost'}}", GONE, "is not Bound but Lost" },
		{ "being deleted", NULL, "{'metadata':{" DELETED "}}", NULL, "is being deleted" },
		{ "being deleted, and kept for its copies", NULL,
		  "{'metadata':{" DELETED
		  ",'finalizers':['provisioner.storage.kubernetes.io/cloning-protection']}}",
		  NULL, NULL },
		{ "no class", NULL, "{'spec':{'storageClassName':''}}", NULL,
		  "has no StorageClass" },
		{ "its volume is gone", NULL, NULL, GONE, "\"pv-1\", which does not exist" },
		{ "another driver's", NULL, NULL, "{'spec':{'csi':{'driver':'other.io'}}}",
		  "of driver kentledge.io but of other.io" },
		{ "no CSI volume", NULL, NULL, "{'spec':{'csi':null}}", "but of none" },
		{ "another claim's volume", NULL, NULL, "{'spec':{'claimRef':{'uid':'u9'}}}",
		  "belongs to another claim" },
		{ "a volume that is reserved only", NULL, NULL,
		  "{'spec':{'claimRef':{'uid':null}}}", "belongs to another claim" },
		{ "its volume is not bound", NULL, NULL, "{'status':{'phase':'Released'}}",
		  "which is not Bound" },
		{ "another namespace",
		  "{'spec':{'dataSource':null,'dataSourceRef':{'kind':'PersistentVolumeClaim',"
		  "'name':'www','namespace':'bank'}}}",
		  NULL, NULL, "spec.dataSourceRef.namespace: a source in another namespace" },
		{ "its own namespace by name",
		  "{'spec':{'dataSource':null,'dataSourceRef':{'kind':'PersistentVolumeClaim',"
		  "'name':'www','namespace':'shop'}}}",
		  NULL, NULL, NULL },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_clone(&rows[i]);
}

#define ALLOW(value)                                                                               \
	"{'metadata':{'annotations':{'snapshot.storage.kubernetes.io/"                             \
	"allow-volume-mode-change':'" value "'}}}"

/* Requirements E3 and E4. */
static void a_restore_is_made_of_a_ready_snapshot_of_ours(void **state)
{
	static const struct row rows[] = {
		{ "as it should be", NULL, NULL, NULL, NULL },
		{ "smaller", "{'spec':{'resources':{'requests':{'storage':'1Mi'}}}}", NULL, NULL,
		  "spec.resources.requests.storage: 1Mi is less than the 1Gi of VolumeSnapshot "
		  "\"monday\"" },
		{ "no restoreSize", "{'spec':{'resources':{'requests':{'storage':'1Mi'}}}}",
		  "{'status':{'restoreSize':null}}", NULL, NULL },
		{ "no snapshot", NULL, GONE, GONE, "\"monday\" does not exist" },
		{ "being deleted", NULL, "{'metadata':{" DELETED "}}", NULL, "is being deleted" },
		{ "being deleted, and kept for its copies", NULL,
		  "{'metadata':{" DELETED ",'finalizers':["
		  "'provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection']}}",
		  NULL, NULL },
		{ "new", NULL, "{'status':null}", GONE, "is not bound to a VolumeSnapshotContent" },
		{ "its content is gone", NULL, NULL, GONE, "\"content-1\", which does not exist" },
		{ "a content of another snapshot", NULL, NULL,
		  "{'spec':{'volumeSnapshotRef':{'uid':'s9'}}}", "for another VolumeSnapshot" },
		{ "a content of another name", NULL, NULL,
		  "{'spec':{'volumeSnapshotRef':{'name':'tuesday'}}}",
		  "for another VolumeSnapshot" },
		{ "a content of another namespace", NULL, NULL,
		  "{'spec':{'volumeSnapshotRef':{'namespace':'bank'}}}",
		  "for another VolumeSnapshot" },
		{ "a content that is not bound", NULL, NULL,
		  "{'spec':{'volumeSnapshotRef':{'uid':null}}}", "for another VolumeSnapshot" },
		{ "another driver's", NULL, NULL, "{'spec':{'driver':'other.io'}}",
		  "of driver kentledge.io but of other.io" },
		{ "not ready", NULL, "{'status':{'readyToUse':false}}", NULL,
		  "is not ready to use" },
		{ "says nothing of being ready", NULL, "{'status':{'readyToUse':null}}", NULL,
		  "is not ready to use" },
		{ "no handle", NULL, NULL, "{'status':{'snapshotHandle':null}}",
		  "names no snapshotHandle" },
		{ "raw of a file system", "{'spec':{'volumeMode':'Block'}}", NULL, NULL,
		  "spec.volumeMode: Block differs" },
		{ "file system of a raw one", NULL, NULL, "{'spec':{'sourceVolumeMode':'Block'}}",
		  "which is Block" },
		{ "mode not known", "{'spec':{'volumeMode':'Block'}}", NULL,
		  "{'spec':{'sourceVolumeMode':null}}", NULL },
		{ "another mode, allowed", "{'spec':{'volumeMode':'Block'}}", NULL, ALLOW("true"),
		  NULL },
		{ "another mode, allowed as Go reads it", "{'spec':{'volumeMode':'Block'}}", NULL,
		  ALLOW("T"), NULL },
		{ "another mode, not allowed", "{'spec':{'volumeMode':'Block'}}", NULL,
		  ALLOW("false"), "spec.volumeMode" },
		{ "another mode, allowed by a word that is none", "{'spec':{'volumeMode':'Block'}}",
		  NULL, ALLOW("yes"), "spec.volumeMode" },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check_restore(&rows[i]);
}

static void what_a_populator_fills_is_no_copy(void **state)
{
	CLEANUP(object_unrefp)
	struct object *claim = sample_object(
		&claim_kind, CLONE, "{'spec':{'dataSource':{'apiGroup':'x.io','kind':'Hello'}}}");
	CLEANUP(object_unrefp)
	struct object *empty = sample_object(&claim_kind, CLONE, "{'spec':{'dataSource':null}}");
	assert_false(claim_is_copy(claim_of(claim)));
	assert_false(claim_is_copy(claim_of(empty)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clone_is_made_of_a_bound_claim_of_ours),
		cmocka_unit_test(a_restore_is_made_of_a_ready_snapshot_of_ours),
		cmocka_unit_test(what_a_populator_fills_is_no_copy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
