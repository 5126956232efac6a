/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/group_client.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "driver_scene.h"
#include "test.h"

#define TIMEOUT_MS 10000

/* A driver that writes down what it was asked and answers as the test says. */
struct fixture {
	struct driver_scene scene;
	struct text asked;
	enum error_code fail;
	const char *id;	       /* of the group */
	const char *member_id; /* of its snapshots */
	size_t members;
};

static void note(struct fixture *f, const char *verb, const char *id, char **ids, size_t count)
{
	text_printf(&f->asked, "%s %s of", verb, id);
	for (size_t i = 0; i < count; i++)
		text_printf(&f->asked, " %s", ids[i]);
}

/* Each map<string, string> has a type of its own in C. */
#define NOTE(f, prefix, map, count)                                                                \
	for (size_t i = 0; i < (count); i++)                                                       \
	text_printf(&(f)->asked, " %s%s=%s", prefix, (map)[i]->key, (map)[i]->value)

static Csi__V1__VolumeGroupSnapshot *answer(struct rpc_call *call, struct fixture *f)
{
	struct arena *arena = rpc_call_arena(call);
	Csi__V1__VolumeGroupSnapshot *group = arena_alloc(arena, sizeof(*group));
	csi__v1__volume_group_snapshot__init(group);
	group->group_snapshot_id = arena_strdup(arena, f->id);
	group->ready_to_use = true;
	group->snapshots = arena_alloc(arena, (f->members + 1) * sizeof(*group->snapshots));
	group->n_snapshots = f->members;
	for (size_t i = 0; i < f->members; i++) {
		group->snapshots[i] = arena_alloc(arena, sizeof(*group->snapshots[i]));
		csi__v1__snapshot__init(group->snapshots[i]);
		group->snapshots[i]->snapshot_id = arena_printf(arena, "%s%zu", f->member_id, i);
		group->snapshots[i]->source_volume_id = arena_printf(arena, "vol-%zu", i);
	}
	return group;
}

static int create(struct rpc_call *call, const Csi__V1__CreateVolumeGroupSnapshotRequest *request,
		  Csi__V1__CreateVolumeGroupSnapshotResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	note(f, "create", request->name, request->source_volume_ids, request->n_source_volume_ids);
	NOTE(f, "", request->parameters, request->n_parameters);
	NOTE(f, "secret:", request->secrets, request->n_secrets);
	response->group_snapshot = answer(call, f);
	return f->fail ? error_set(err, f->fail, "no luck") : 0;
}

static int delete (struct rpc_call *call, const Csi__V1__DeleteVolumeGroupSnapshotRequest *request,
		   Csi__V1__DeleteVolumeGroupSnapshotResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	note(f, "delete", request->group_snapshot_id, request->snapshot_ids,
	     request->n_snapshot_ids);
	NOTE(f, "secret:", request->secrets, request->n_secrets);
	return f->fail ? error_set(err, f->fail, "no luck") : 0;
}

static int get(struct rpc_call *call, const Csi__V1__GetVolumeGroupSnapshotRequest *request,
	       Csi__V1__GetVolumeGroupSnapshotResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	note(f, "get", request->group_snapshot_id, request->snapshot_ids, request->n_snapshot_ids);
	NOTE(f, "secret:", request->secrets, request->n_secrets);
	response->group_snapshot = answer(call, f);
	return f->fail ? error_set(err, f->fail, "no luck") : 0;
}

static const struct rpc_method methods[] = {
	RPC_METHOD("csi.v1.GroupController", CreateVolumeGroupSnapshot,
		   Csi__V1__CreateVolumeGroupSnapshotRequest,
		   csi__v1__create_volume_group_snapshot_request__descriptor,
		   Csi__V1__CreateVolumeGroupSnapshotResponse,
		   csi__v1__create_volume_group_snapshot_response__descriptor, create, false),
	RPC_METHOD("csi.v1.GroupController", DeleteVolumeGroupSnapshot,
		   Csi__V1__DeleteVolumeGroupSnapshotRequest,
		   csi__v1__delete_volume_group_snapshot_request__descriptor,
		   Csi__V1__DeleteVolumeGroupSnapshotResponse,
		   csi__v1__delete_volume_group_snapshot_response__descriptor, delete, false),
	RPC_METHOD("csi.v1.GroupController", GetVolumeGroupSnapshot,
		   Csi__V1__GetVolumeGroupSnapshotRequest,
		   csi__v1__get_volume_group_snapshot_request__descriptor,
		   Csi__V1__GetVolumeGroupSnapshotResponse,
		   csi__v1__get_volume_group_snapshot_response__descriptor, get, false),
};

static int begin(void **state)
{
	struct fixture *f = must_alloc(sizeof(*f));
	f->id = "group-1";
	f->member_id = "snap-";
	f->members = 2;
	driver_scene_begin(&f->scene, methods, sizeof(methods) / sizeof(*methods), f);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;
	driver_scene_end(&f->scene);
	text_done(&f->asked);
	free(f);
	return 0;
}

static struct pair parameter = { "a", "b" };
static struct pair secret = { "key", "value" };
static const char *const volumes[] = { "vol-0", "vol-1" };
static const char *const snapshots[] = { "snap-0", "snap-1" };

static const struct csi_create_group_request wanted = {
	.name = "groupsnapshot-u",
	.source_volumes = volumes,
	.source_count = 2,
	.parameters = { &parameter, 1 },
	.secrets = { &secret, 1 },
};

static const struct csi_group_request named = {
	.id = "group-1",
	.snapshots = snapshots,
	.snapshot_count = 2,
	.secrets = { &secret, 1 },
};

static void a_group_is_asked_for_and_described(void **state)
{
	struct fixture *f = *state;
	struct csi_group_snapshot group;
	struct error err;
	if (csi_create_group_snapshot(f->scene.channel, &wanted, TIMEOUT_MS, &group, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(text_string(&f->asked),
			    "create groupsnapshot-u of vol-0 vol-1 a=b secret:key=value");
	assert_string_equal(group.id, "group-1");
	assert_true(group.ready);
	assert_int_equal(group.member_count, 2);
	assert_string_equal(group.members[1].id, "snap-1");
	assert_string_equal(group.members[1].source_volume, "vol-1");
}

static void a_group_is_named_with_its_snapshots(void **state)
{
	struct fixture *f = *state;
	struct csi_group_snapshot group;
	struct error err;
	assert_int_equal(csi_get_group_snapshot(f->scene.channel, &named, TIMEOUT_MS, &group, &err),
			 0);
	assert_int_equal(csi_delete_group_snapshot(f->scene.channel, &named, TIMEOUT_MS, &err), 0);
	assert_string_equal(text_string(&f->asked),
			    "get group-1 of snap-0 snap-1 secret:key=value"
			    "delete group-1 of snap-0 snap-1 secret:key=value");
}

static void a_group_that_is_not_there_counts_as_deleted_but_not_as_found(void **state)
{
	struct fixture *f = *state;
	struct csi_group_snapshot group;
	struct error err;
	f->fail = ERROR_NOT_FOUND;
	assert_int_equal(csi_delete_group_snapshot(f->scene.channel, &named, TIMEOUT_MS, &err), 0);
	assert_int_equal(csi_get_group_snapshot(f->scene.channel, &named, TIMEOUT_MS, &group, &err),
			 -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	f->fail = ERROR_BUSY;
	assert_int_equal(csi_delete_group_snapshot(f->scene.channel, &named, TIMEOUT_MS, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
}

static void assert_nonsense(struct fixture *f, const char *text)
{
	struct csi_group_snapshot group;
	struct error err;
	assert_int_equal(
		csi_create_group_snapshot(f->scene.channel, &wanted, TIMEOUT_MS, &group, &err), -1);
	/* The group may exist. */
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	if (!strstr(err.text, "CreateVolumeGroupSnapshot: ") || !strstr(err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void an_answer_that_makes_no_sense_is_an_error(void **state)
{
	struct fixture *f = *state;
	f->id = "";
	assert_nonsense(f, "no group_snapshot_id");
	f->id = "\xff";
	assert_nonsense(f, "group_snapshot_id");
	f->id = "group-1";
	f->member_id = "\xff";
	assert_nonsense(f, "snapshot_id");
	f->member_id = "snap-";
	f->members = CSI_GROUP_MEMBERS_MAX + 1;
	assert_nonsense(f, "65 snapshots, more than 64");
}

int main(void)
{
#define with_driver(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		with_driver(a_group_is_asked_for_and_described),
		with_driver(a_group_is_named_with_its_snapshots),
		with_driver(a_group_that_is_not_there_counts_as_deleted_but_not_as_found),
		with_driver(an_answer_that_makes_no_sense_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
