/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What SnapshotMetadata tells of a block volume on the real kernel, through the plugin's socket,
 * against what was written to its device.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assert_outcome.h"
#include "base/cleanup.h"
#include "csi.pb-c.h"
#include "node_client.h"
#include "node_test.h"
#include "rpc/channel_call.h"
#include "test.h"

#define MIB (1ULL << 20)
#define UNIT 4096LL
#define SIZE (16LL * (long long)MIB)
#define LONG_MS 30000

static const struct node_volume block_volume = {
	.name = "pvc-1",
	.backend = "loop",
	.fs_type = "",
	.size_bytes = SIZE,
	.block = true,
};

/* What one call told. */
struct told {
	bool units[SIZE / UNIT];
	unsigned messages;
	unsigned extents;
	unsigned most_in_one;
	long long last_end;
};

static int set_up(void **state)
{
	struct error err = { 0 };
	node_scene_init(&scene, TEST_NODE_PROGRAM);
	node_scene_start(&scene);
	assert_done(node_scene_bring_up(&scene, &block_volume, &err), &err);
	return 0;
}

static int tear_down(void **state)
{
	struct error err = { 0 };
	assert_done(node_client_unpublish(scene.channel, "pvc-1", scene.target, &err), &err);
	assert_done(node_client_unstage(scene.channel, "pvc-1", scene.staging, &err), &err);
	node_scene_done(&scene);
	return 0;
}

static int call(const char *service, const char *method, const ProtobufCMessage *request,
		const ProtobufCMessageDescriptor *type, struct error *err)
{
	ProtobufCMessage *response;
	char full[64];
	snprintf(full, sizeof(full), "csi.v1.%s", service);
	if (rpc_channel_call(scene.channel, full, method, request, type, LONG_MS, &response, err) <
	    0)
		return -1;
	protobuf_c_message_free_unpacked(response, NULL);
	return 0;
}

static void snapshot(const char *volume, const char *name)
{
	struct error err = { 0 };
	Csi__V1__CreateSnapshotRequest request = CSI__V1__CREATE_SNAPSHOT_REQUEST__INIT;
	request.source_volume_id = (char *)volume;
	request.name = (char *)name;
	assert_done(call("Controller", "CreateSnapshot", &request.base,
			 &csi__v1__create_snapshot_response__descriptor, &err),
		    &err);
}

static void write_units(long long unit, long long count, int byte)
{
	char bytes[UNIT];
	CLEANUP_CLOSE int fd = open(scene.target, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	memset(bytes, byte, sizeof(bytes));
	for (long long i = 0; i < count; i++)
		assert_int_equal(pwrite(fd, bytes, UNIT, (unit + i) * UNIT), UNIT);
	assert_int_equal(fsync(fd), 0);
}

static void note(struct told *told, Csi__V1__BlockMetadata *const *extents, size_t count)
{
	told->messages++;
	told->extents += (unsigned)count;
	if (count > told->most_in_one)
		told->most_in_one = (unsigned)count;
	for (size_t i = 0; i < count; i++) {
		assert_true(extents[i]->byte_offset >= told->last_end);
		assert_true(extents[i]->size_bytes > 0);
		told->last_end = extents[i]->byte_offset + extents[i]->size_bytes;
		assert_true(told->last_end <= SIZE);
		for (long long at = extents[i]->byte_offset; at < told->last_end; at += UNIT)
			told->units[at / UNIT] = true;
	}
}

static int hear_allocated(void *context, const ProtobufCMessage *message, struct error *err)
{
	const Csi__V1__GetMetadataAllocatedResponse *response =
		(const Csi__V1__GetMetadataAllocatedResponse *)message;
	assert_int_equal(response->block_metadata_type,
			 CSI__V1__BLOCK_METADATA_TYPE__VARIABLE_LENGTH);
	assert_int_equal(response->volume_capacity_bytes, SIZE);
	note(context, response->block_metadata, response->n_block_metadata);
	return 0;
}

static int hear_delta(void *context, const ProtobufCMessage *message, struct error *err)
{
	const Csi__V1__GetMetadataDeltaResponse *response =
		(const Csi__V1__GetMetadataDeltaResponse *)message;
	assert_int_equal(response->block_metadata_type,
			 CSI__V1__BLOCK_METADATA_TYPE__VARIABLE_LENGTH);
	assert_int_equal(response->volume_capacity_bytes, SIZE);
	note(context, response->block_metadata, response->n_block_metadata);
	return 0;
}

static int ask_allocated(const char *id, int64_t from, int32_t max, struct told *told,
			 struct error *err)
{
	Csi__V1__GetMetadataAllocatedRequest request =
		CSI__V1__GET_METADATA_ALLOCATED_REQUEST__INIT;
	const struct rpc_channel_reader reader = {
		.type = &csi__v1__get_metadata_allocated_response__descriptor,
		.visit = hear_allocated,
		.context = told,
	};
	*told = (struct told) { 0 };
	request.snapshot_id = (char *)id;
	request.starting_offset = from;
	request.max_results = max;
	return rpc_channel_stream(scene.channel, "csi.v1.SnapshotMetadata", "GetMetadataAllocated",
				  &request.base, &reader, LONG_MS, err);
}

static int ask_delta(const char *base, const char *goal, int64_t from, int32_t max,
		     struct told *told, struct error *err)
{
	Csi__V1__GetMetadataDeltaRequest request = CSI__V1__GET_METADATA_DELTA_REQUEST__INIT;
	const struct rpc_channel_reader reader = {
		.type = &csi__v1__get_metadata_delta_response__descriptor,
		.visit = hear_delta,
		.context = told,
	};
	*told = (struct told) { 0 };
	request.base_snapshot_id = (char *)base;
	request.target_snapshot_id = (char *)goal;
	request.starting_offset = from;
	request.max_results = max;
	return rpc_channel_stream(scene.channel, "csi.v1.SnapshotMetadata", "GetMetadataDelta",
				  &request.base, &reader, LONG_MS, err);
}

static void check_units(const struct told *told, long long unit, long long count)
{
	for (long long i = 0; i < SIZE / UNIT; i++)
		if (told->units[i] != (i >= unit && i < unit + count))
			fail_msg("unit %lld was%s told", i, told->units[i] ? "" : " not");
}

static void what_was_written_is_allocated_and_what_changed_is_the_delta(void **state)
{
	static struct told told;
	struct error err = { 0 };
	snapshot("pvc-1", "empty");
	assert_done(ask_allocated("empty", 0, 0, &told, &err), &err);
	assert_int_equal(told.messages, 1);
	assert_int_equal(told.extents, 0);

	write_units(100, 50, 'a');
	snapshot("pvc-1", "first");
	assert_done(ask_allocated("first", 0, 0, &told, &err), &err);
	check_units(&told, 100, 50);
	assert_done(ask_delta("empty", "first", 0, 0, &told, &err), &err);
	check_units(&told, 100, 50);
	assert_done(ask_delta("first", "first", 0, 0, &told, &err), &err);
	assert_int_equal(told.extents, 0);

	write_units(120, 10, 'b');
	write_units(140, 10, 'a'); /* as before */
	snapshot("pvc-1", "second");
	assert_done(ask_delta("first", "second", 0, 0, &told, &err), &err);
	check_units(&told, 120, 10);
	assert_done(ask_delta("first", "second", 125 * UNIT, 0, &told, &err), &err);
	check_units(&told, 125, 5);
	assert_done(ask_delta("second", "first", 0, 0, &told, &err), &err);
	check_units(&told, 120, 10);
	assert_done(ask_delta("first", "second", SIZE, 0, &told, &err), &err);
	assert_int_equal(told.extents, 0);
}

static void a_message_holds_no_more_extents_than_asked_for(void **state)
{
	static struct told told;
	struct error err = { 0 };
	for (long long unit = 0; unit < 40; unit += 2)
		write_units(unit, 1, 'a');
	snapshot("pvc-1", "many");
	assert_done(ask_allocated("many", 0, 6, &told, &err), &err);
	assert_int_equal(told.extents, 20);
	assert_int_equal(told.messages, 4);
	assert_int_equal(told.most_in_one, 6);
}

static void expect_allocated(const char *id, int64_t from, int32_t max, enum error_code code)
{
	static struct told told;
	struct error err = { 0 };
	assert_int_equal(ask_allocated(id, from, max, &told, &err), -1);
	assert_int_equal(err.code, code);
	assert_int_equal(told.messages, 0);
}

static void expect_delta(const char *base, const char *goal, enum error_code code)
{
	static struct told told;
	struct error err = { 0 };
	assert_int_equal(ask_delta(base, goal, 0, 0, &told, &err), -1);
	assert_int_equal(err.code, code);
	assert_int_equal(told.messages, 0);
}

static void what_cannot_be_told_is_refused_by_its_code(void **state)
{
	static struct told told;
	struct error err = { 0 };
	const struct node_volume other = {
		.name = "pvc-2", .backend = "loop", .fs_type = "", .size_bytes = SIZE, .block = true
	};
	const struct node_volume mounted = {
		.name = "pvc-3", .backend = "loop", .fs_type = "ext4", .size_bytes = SIZE
	};
	assert_done(node_client_create(scene.channel, &other, &err), &err);
	assert_done(node_client_create(scene.channel, &mounted, &err), &err);
	snapshot("pvc-1", "one");
	snapshot("pvc-2", "two");
	snapshot("pvc-3", "three");
	expect_allocated("", 0, 0, ERROR_INVALID);
	expect_allocated("nothing", 0, 0, ERROR_NOT_FOUND);
	expect_allocated("../one", 0, 0, ERROR_NOT_FOUND);
	expect_allocated("three", 0, 0, ERROR_INVALID);
	expect_allocated("one", SIZE + 1, 0, ERROR_RANGE);
	expect_allocated("one", -1, 0, ERROR_RANGE);
	expect_allocated("one", 0, -1, ERROR_INVALID);
	expect_delta("", "one", ERROR_INVALID);
	expect_delta("one", "", ERROR_INVALID);
	expect_delta("one", "nothing", ERROR_NOT_FOUND);
	expect_delta("nothing", "one", ERROR_NOT_FOUND);
	expect_delta("one", "two", ERROR_INVALID);
	expect_delta("one", "three", ERROR_INVALID);
	assert_int_equal(ask_delta("one", "one", SIZE + 1, 0, &told, &err), -1);
	assert_int_equal(err.code, ERROR_RANGE);
}

int main(void)
{
	if (!node_scene_can_mount())
		return 77;
#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH(what_was_written_is_allocated_and_what_changed_is_the_delta),
		WITH(a_message_holds_no_more_extents_than_asked_for),
		WITH(what_cannot_be_told_is_refused_by_its_code),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
