/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/snapshot_client.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "csi.pb-c.h"
#include "driver_scene.h"
#include "rpc/channel.h"
#include "rpc/server.h"
#include "test.h"

#define TIMEOUT_MS 10000

/* A driver that writes down what it was asked and answers as the test says. */
struct fixture {
	struct driver_scene scene;
	struct rpc_channel *channel; /* borrowed */

	struct text asked;
	enum error_code fail;
	bool without_snapshot;
	Csi__V1__Snapshot snapshot;
	Google__Protobuf__Timestamp time;
};

/* Each map<string, string> has a type of its own in C. */
#define NOTE(f, prefix, map, count)                                                                \
	for (size_t i = 0; i < (count); i++)                                                       \
	text_printf(&(f)->asked, " %s%s=%s", prefix, (map)[i]->key, (map)[i]->value)

static Csi__V1__Snapshot *answer(struct rpc_call *call, struct fixture *f)
{
	struct arena *arena = rpc_call_arena(call);
	Csi__V1__Snapshot *snapshot = arena_alloc(arena, sizeof(*snapshot));
	*snapshot = f->snapshot;
	return f->without_snapshot ? NULL : snapshot;
}

static int create(struct rpc_call *call, const Csi__V1__CreateSnapshotRequest *request,
		  Csi__V1__CreateSnapshotResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	text_printf(&f->asked, "create %s of %s", request->name, request->source_volume_id);
	NOTE(f, "", request->parameters, request->n_parameters);
	NOTE(f, "secret:", request->secrets, request->n_secrets);
	response->snapshot = answer(call, f);
	return f->fail ? error_set(err, f->fail, "no luck") : 0;
}

static int delete (struct rpc_call *call, const Csi__V1__DeleteSnapshotRequest *request,
		   Csi__V1__DeleteSnapshotResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	text_printf(&f->asked, "delete %s", request->snapshot_id);
	NOTE(f, "secret:", request->secrets, request->n_secrets);
	return f->fail ? error_set(err, f->fail, "no luck") : 0;
}

static int get(struct rpc_call *call, const Csi__V1__GetSnapshotRequest *request,
	       Csi__V1__GetSnapshotResponse *response, struct error *err)
{
	struct fixture *f = rpc_call_context(call);
	text_printf(&f->asked, "get %s", request->snapshot_id);
	NOTE(f, "secret:", request->secrets, request->n_secrets);
	response->snapshot = answer(call, f);
	return f->fail ? error_set(err, f->fail, "no luck") : 0;
}

static const struct rpc_method methods[] = {
	RPC_METHOD("csi.v1.Controller", CreateSnapshot, Csi__V1__CreateSnapshotRequest,
		   csi__v1__create_snapshot_request__descriptor, Csi__V1__CreateSnapshotResponse,
		   csi__v1__create_snapshot_response__descriptor, create, false),
	RPC_METHOD("csi.v1.Controller", DeleteSnapshot, Csi__V1__DeleteSnapshotRequest,
		   csi__v1__delete_snapshot_request__descriptor, Csi__V1__DeleteSnapshotResponse,
		   csi__v1__delete_snapshot_response__descriptor, delete, false),
	RPC_METHOD("csi.v1.Controller", GetSnapshot, Csi__V1__GetSnapshotRequest,
		   csi__v1__get_snapshot_request__descriptor, Csi__V1__GetSnapshotResponse,
		   csi__v1__get_snapshot_response__descriptor, get, false),
};

static char snapshot_id[] = "snap-1";
static char source_id[] = "vol-1";

static int begin(void **state)
{
	struct fixture *f = must_alloc(sizeof(*f));
	csi__v1__snapshot__init(&f->snapshot);
	google__protobuf__timestamp__init(&f->time);
	f->time.seconds = 1700000000;
	f->time.nanos = 123456789;
	f->snapshot.snapshot_id = snapshot_id;
	f->snapshot.source_volume_id = source_id;
	f->snapshot.creation_time = &f->time;
	f->snapshot.size_bytes = 7;
	f->snapshot.ready_to_use = true;
	driver_scene_begin(&f->scene, methods, sizeof(methods) / sizeof(*methods), f);
	f->channel = f->scene.channel;
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

static const struct csi_create_snapshot_request wanted = {
	.name = "snapshot-u",
	.source_volume = "vol-1",
	.parameters = { &parameter, 1 },
	.secrets = { &secret, 1 },
};

static const struct csi_snapshot_request named = {
	.id = "snap-1",
	.secrets = { &secret, 1 },
};

static void a_snapshot_is_asked_for_and_described(void **state)
{
	struct fixture *f = *state;
	struct csi_snapshot snapshot;
	struct error err;
	if (csi_create_snapshot(f->channel, &wanted, TIMEOUT_MS, &snapshot, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(text_string(&f->asked),
			    "create snapshot-u of vol-1 a=b secret:key=value");
	assert_string_equal(snapshot.id, "snap-1");
	assert_string_equal(snapshot.source_volume, "vol-1");
	assert_string_equal(snapshot.group, "");
	assert_int_equal(snapshot.taken_ns, INT64_C(1700000000123456789));
	assert_int_equal(snapshot.size_bytes, 7);
	assert_true(snapshot.ready);
}

static void what_a_driver_leaves_out_is_not_known(void **state)
{
	struct fixture *f = *state;
	struct csi_snapshot snapshot;
	struct error err;
	f->snapshot.creation_time = NULL;
	f->snapshot.size_bytes = 0;
	f->snapshot.ready_to_use = false;
	f->snapshot.group_snapshot_id = (char[]) { "group-1" };
	assert_int_equal(csi_get_snapshot(f->channel, &named, TIMEOUT_MS, &snapshot, &err), 0);
	assert_string_equal(text_string(&f->asked), "get snap-1 secret:key=value");
	assert_int_equal(snapshot.taken_ns, 0);
	assert_int_equal(snapshot.size_bytes, 0);
	assert_false(snapshot.ready);
	assert_string_equal(snapshot.group, "group-1");
}

static void a_snapshot_that_is_not_there_counts_as_deleted_but_not_as_found(void **state)
{
	struct fixture *f = *state;
	struct csi_snapshot snapshot;
	struct error err;
	f->fail = ERROR_NOT_FOUND;
	assert_int_equal(csi_delete_snapshot(f->channel, &named, TIMEOUT_MS, &err), 0);
	assert_string_equal(text_string(&f->asked), "delete snap-1 secret:key=value");
	assert_int_equal(csi_get_snapshot(f->channel, &named, TIMEOUT_MS, &snapshot, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void a_failure_keeps_code_and_text(void **state)
{
	struct fixture *f = *state;
	struct csi_snapshot snapshot;
	struct error err;
	f->fail = ERROR_BUSY;
	assert_int_equal(csi_create_snapshot(f->channel, &wanted, TIMEOUT_MS, &snapshot, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
	assert_string_equal(err.text, "no luck");
	assert_int_equal(csi_delete_snapshot(f->channel, &named, TIMEOUT_MS, &err), -1);
	assert_int_equal(err.code, ERROR_BUSY);
}

static void assert_nonsense(struct fixture *f, const char *text)
{
	struct csi_snapshot snapshot;
	struct error err;
	assert_int_equal(csi_create_snapshot(f->channel, &wanted, TIMEOUT_MS, &snapshot, &err), -1);
	/* The snapshot may exist. */
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	if (!strstr(err.text, "CreateSnapshot: ") || !strstr(err.text, text))
		fail_msg("\"%s\" does not say \"%s\"", err.text, text);
}

static void an_answer_that_makes_no_sense_is_an_error(void **state)
{
	struct fixture *f = *state;
	char longer[CSI_STRING_BYTES_MAX + 2];
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	f->without_snapshot = true;
	assert_nonsense(f, "no snapshot_id");
	f->without_snapshot = false;
	f->snapshot.size_bytes = -1;
	assert_nonsense(f, "size_bytes is negative");
	f->snapshot.size_bytes = 1;
	f->time.seconds = INT64_MAX;
	assert_nonsense(f, "creation_time is out of range");
	f->time.seconds = -1;
	assert_nonsense(f, "creation_time is out of range");
	f->time.seconds = 0;
	f->time.nanos = 1000000000;
	assert_nonsense(f, "creation_time is out of range");
	f->time.nanos = 0;
	f->snapshot.snapshot_id = longer;
	assert_nonsense(f, "snapshot_id is longer");
	f->snapshot.snapshot_id = (char[]) { "" };
	assert_nonsense(f, "no snapshot_id");
	f->snapshot.snapshot_id = (char[]) { "\xff" };
	assert_nonsense(f, "snapshot_id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_snapshot_is_asked_for_and_described, begin, end),
		cmocka_unit_test_setup_teardown(what_a_driver_leaves_out_is_not_known, begin, end),
		cmocka_unit_test_setup_teardown(
			a_snapshot_that_is_not_there_counts_as_deleted_but_not_as_found, begin,
			end),
		cmocka_unit_test_setup_teardown(a_failure_keeps_code_and_text, begin, end),
		cmocka_unit_test_setup_teardown(an_answer_that_makes_no_sense_is_an_error, begin,
						end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
