/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is decided about a group, from what is seen of it.
 */

#include "group/plan.h"

#include <string.h>

#include "csi/group_client.h"
#include "kube/json.h"
#include "sample.h"
#include "test.h"

#define GROUP                                                                                      \
	"{'metadata':{'name':'g','namespace':'default','uid':'u'},"                                \
	"'spec':{'source':{'selector':{'matchLabels':{'app':'db'}}},"                              \
	"'volumeGroupSnapshotClassName':'c'}}"
#define CLASS "{'metadata':{'name':'c'},'driver':'kentledge.io','deletionPolicy':'Delete'}"
#define CONTENT                                                                                    \
	"{'metadata':{'name':'groupsnapcontent-u'},'spec':{'driver':'kentledge.io',"               \
	"'deletionPolicy':'Delete','source':{'volumeHandles':['v']},"                              \
	"'volumeGroupSnapshotRef':{'namespace':'default','name':'g','uid':'u'}}}"
#define CLAIM                                                                                      \
	"{'metadata':{'name':'db-0','namespace':'default','uid':'c-uid'},"                         \
	"'spec':{'volumeName':'v'},'status':{'phase':'Bound'}}"
#define VOLUME                                                                                     \
	"{'metadata':{'name':'v'},'spec':{'csi':{'driver':'kentledge.io','volumeHandle':'v'},"     \
	"'claimRef':{'namespace':'default','name':'db-0','uid':'c-uid'}}}"

#define FINALIZED                                                                                  \
	"'finalizers':['groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-bound-"            \
	"protection']"
#define NO_CLASS "{'spec':{'volumeGroupSnapshotClassName':null}}"
#define DELETED "'deletionTimestamp':'2026-01-01T00:00:00Z'"
#define MARKED                                                                                     \
	"'annotations':{'groupsnapshot.storage.kubernetes.io/volumegroupsnapshot-being-deleted':"  \
	"'yes'}"
#define CUT                                                                                        \
	"'status':{'volumeGroupSnapshotHandle':'h','readyToUse':true,"                             \
	"'volumeSnapshotInfoList':[{'volumeHandle':'v','snapshotHandle':'s','readyToUse':true}]}"
#define EXISTING_GROUP                                                                             \
	"{'metadata':{" FINALIZED "},'spec':{'source':{'selector':null,"                           \
	"'volumeGroupSnapshotContentName':'groupsnapcontent-u'}}"
#define EXISTING                                                                                   \
	"{'spec':{'source':{'volumeHandles':null,'groupSnapshotHandles':{"                         \
	"'volumeGroupSnapshotHandle':'h','volumeSnapshotHandles':['s']}}}"
#define BOUND "'status':{'boundVolumeGroupSnapshotContentName':'groupsnapcontent-u'"

/* Each a merge patch of the samples above; "-": it is not there. */
struct row {
	const char *group;
	const char *class;
	const char *content;
	const char *claim;
	enum group_decision decision;
	const char *text; /* of the error; NULL: none */
};

static const struct row rows[] = {
	{ NULL, NULL, "-", NULL, GROUP_PREPARE, NULL },
	{ "{'metadata':{" FINALIZED "}}", NULL, "-", NULL, GROUP_PROTECT_CLAIM, NULL },
	{ "{'metadata':{" FINALIZED "}}", NULL, "-",
	  "{'metadata':{'finalizers':['snapshot.storage.kubernetes.io/pvc-as-source-protection']}}",
	  GROUP_CREATE_CONTENT, NULL },
	{ NULL, "-", "-", NULL, GROUP_FAIL, "no VolumeGroupSnapshotClass \"c\"" },
	{ NULL, "{'driver':'other'}", "-", NULL, GROUP_IGNORE, NULL },
	{ NULL, NULL, "-", "{'status':{'phase':'Pending'}}", GROUP_FAIL, "is not bound" },
	{ NULL, NULL, "-", "{'metadata':{" DELETED "}}", GROUP_FAIL, "is being deleted" },
	{ "{'spec':{'source':{'selector':{'matchLabels':null}}}}", NULL, "-", NULL, GROUP_FAIL,
	  "is empty" },
	{ "{'spec':{'source':{'selector':{'matchExpressions':[{'key':'a','operator':'Like'}]}}}}",
	  NULL, "-", NULL, GROUP_FAIL,
	  "spec.source.selector.matchExpressions[0].operator: \"Like\"" },
	{ "{'spec':{'source':{'volumeGroupSnapshotContentName':'x'}}}", NULL, "-", NULL, GROUP_FAIL,
	  "name one of" },
	/* The content is there. */
	{ "{'metadata':{" FINALIZED "}}", NULL, NULL,
	  "{'metadata':{'finalizers':['snapshot.storage.kubernetes.io/pvc-as-source-protection']}}",
	  GROUP_WRITE_STATUS, NULL },
	{ "{'metadata':{" FINALIZED "}," BOUND ",'readyToUse':false}}", NULL, NULL, NULL,
	  GROUP_PROTECT_CLAIM, NULL },
	{ "{'metadata':{" FINALIZED "}," BOUND ",'readyToUse':false}}", NULL, "{" CUT "}", NULL,
	  GROUP_MAKE_MEMBER, NULL },
	{ NULL, NULL, "{'spec':{'volumeGroupSnapshotRef':{'uid':'other'}}}", NULL, GROUP_FAIL,
	  "bound to another" },
	{ "{" BOUND "}}", NULL, "-", NULL, GROUP_FAIL, "there is no VolumeGroupSnapshotContent" },
	{ NULL, NULL, "{'spec':{'driver':'other'}}", NULL, GROUP_IGNORE, NULL },
	/* It existed before: no objects of members are made, whatever its status lists. */
	{ EXISTING_GROUP "}", NULL, EXISTING "}", NULL, GROUP_WRITE_STATUS, NULL },
	{ EXISTING_GROUP "}", NULL, EXISTING "," CUT "}", NULL, GROUP_WRITE_STATUS, NULL },
	{ EXISTING_GROUP "," BOUND ",'readyToUse':false}}", NULL, EXISTING "}", NULL, GROUP_IGNORE,
	  NULL },
	{ EXISTING_GROUP "," BOUND ",'readyToUse':true}}", NULL, EXISTING "," CUT "}", NULL,
	  GROUP_IGNORE, NULL },
	/* It is being deleted. */
	{ "{'metadata':{" DELETED "}}", NULL, NULL, NULL, GROUP_IGNORE, NULL },
	{ "{'metadata':{" FINALIZED "," DELETED "}}", NULL, "-", NULL, GROUP_RELEASE, NULL },
	{ "{'metadata':{" FINALIZED "," DELETED "}}", NULL, NULL, NULL, GROUP_MARK_CONTENT, NULL },
	{ "{'metadata':{" FINALIZED "," DELETED "}}", NULL, "{'metadata':{" MARKED "}}", NULL,
	  GROUP_DELETE_CONTENT, NULL },
	{ "{'metadata':{" FINALIZED "," DELETED "}}", NULL, "{'metadata':{" MARKED "," DELETED "}}",
	  NULL, GROUP_IGNORE, NULL },
	{ "{'metadata':{" FINALIZED "," DELETED "}}", NULL,
	  "{'metadata':{" MARKED "},'spec':{'deletionPolicy':'Retain'}}", NULL, GROUP_RELEASE,
	  NULL },
};

static struct object *sample(const struct kind *kind, const char *json, const char *patch)
{
	return patch && strcmp(patch, "-") == 0 ? NULL : sample_object(kind, json, patch);
}

/* apart: why no one node has the volumes; NULL: one has. */
static void check(size_t index, const struct row *row, unsigned default_count, const char *apart)
{
	CLEANUP(object_unrefp)
	struct object *group = sample(&group_snapshot_kind, GROUP, row->group);
	CLEANUP(object_unrefp) struct object *class = sample(&group_class_kind, CLASS, row->class);
	CLEANUP(object_unrefp)
	struct object *content = sample(&group_content_kind, CONTENT, row->content);
	CLEANUP(object_unrefp) struct object *claim = sample(&claim_kind, CLAIM, row->claim);
	CLEANUP(object_unrefp)
	struct object *volume = sample(&persistent_volume_kind, VOLUME, NULL);
	struct group_choice choice = { .claim = claim_of(claim),
				       .volume = persistent_volume_of(volume) };
	struct group_part part = { 0 };
	struct group_view view = {
		.group = group_snapshot_of(group),
		.class = class ? group_class_of(class) : NULL,
		.content = content ? group_content_of(content) : NULL,
		.default_count = default_count,
		.choices = &choice,
		.choice_count = 1,
	};
	if (view.content && view.content->member_count > 0) {
		part.member = &view.content->members[0];
		view.parts = &part;
		view.part_count = 1;
	}
	if (apart)
		error_set(&view.apart, ERROR_INVALID, "%s", apart);
	struct group_plan plan;
	group_plan(&view, &plan);
	if (plan.decision != row->decision)
		fail_msg("row %zu: %d instead of %d: %s", index, plan.decision, row->decision,
			 plan.error.text);
	if (row->text && !strstr(plan.error.text, row->text))
		fail_msg("row %zu: \"%s\" says nothing of \"%s\"", index, plan.error.text,
			 row->text);
}

static void decides_each_row(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		check(i, &rows[i], 0, NULL);
}

/* Kubernetes' storage suite looks for these words. */
static void says_how_many_default_classes_there_are(void **state)
{
	static const struct row none = { NO_CLASS,   NULL,
					 "-",	     NULL,
					 GROUP_FAIL, "cannot find default group snapshot class" };
	static const struct row two = { NO_CLASS,   NULL,
					"-",	    NULL,
					GROUP_FAIL, "2 default snapshot classes were found" };
	check(0, &none, 0, NULL);
	check(1, &two, 2, NULL);
}

/* Requirement D11. */
static void refuses_a_group_that_is_not_on_one_node(void **state)
{
	static const struct row row = { NULL, NULL,	  "-",
					NULL, GROUP_FAIL, "spec.source.selector: node \"a\" has" };
	check(0, &row, 0, "node \"a\" has shop/www-0; node \"b\" has shop/www-1");
}

/* Requirement D10: nothing is changed. */
static void refuses_more_claims_than_a_group_can_have(void **state)
{
	CLEANUP(object_unrefp) struct object *group = sample(&group_snapshot_kind, GROUP, NULL);
	CLEANUP(object_unrefp) struct object *class = sample(&group_class_kind, CLASS, NULL);
	CLEANUP(object_unrefp) struct object *claim = sample(&claim_kind, CLAIM, NULL);
	CLEANUP(object_unrefp)
	struct object *volume = sample(&persistent_volume_kind, VOLUME, NULL);
	struct group_choice choices[CSI_GROUP_MEMBERS_MAX + 1];
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++)
		choices[i] = (struct group_choice) { .claim = claim_of(claim),
						     .volume = persistent_volume_of(volume) };
	struct group_view view = {
		.group = group_snapshot_of(group),
		.class = group_class_of(class),
		.choices = choices,
		.choice_count = CSI_GROUP_MEMBERS_MAX,
	};
	struct group_plan plan;
	group_plan(&view, &plan);
	assert_int_equal(plan.decision, GROUP_PREPARE);
	view.choice_count++;
	group_plan(&view, &plan);
	assert_int_equal(plan.decision, GROUP_FAIL);
	assert_non_null(strstr(plan.error.text, "matches 65 claims; a group has at most 64"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides_each_row),
		cmocka_unit_test(refuses_a_group_that_is_not_on_one_node),
		cmocka_unit_test(says_how_many_default_classes_there_are),
		cmocka_unit_test(refuses_more_claims_than_a_group_can_have),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
