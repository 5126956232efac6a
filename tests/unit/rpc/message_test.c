/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/message.h"

#include <grpc/grpc.h>
#include <string.h>

#include "csi.pb-c.h"
#include "test.h"

static int unpack(const void *bytes, size_t length, Csi__V1__CreateVolumeRequest **ret_request,
		  struct error *err)
{
	grpc_slice slice = grpc_slice_from_copied_buffer(bytes, length);
	grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
	ProtobufCMessage *message = NULL;
	int result = rpc_message_unpack(&csi__v1__create_volume_request__descriptor, buffer, NULL,
					&message, err);
	*ret_request = (Csi__V1__CreateVolumeRequest *)message;
	grpc_byte_buffer_destroy(buffer);
	grpc_slice_unref(slice);
	return result;
}

/* The rule of protobuf: "If there are duplicate map keys the last key seen is used". */
static void of_two_entries_with_one_key_the_last_stays(void **state)
{
	static const char bytes[] = "\x22\x06\x0a\x01x\x12\x01"
				    "1"
				    "\x22\x06\x0a\x01y\x12\x01"
				    "2"
				    "\x22\x06\x0a\x01x\x12\x01"
				    "3"
				    "\x22\x06\x0a\x01x\x12\x01"
				    "4";
	Csi__V1__CreateVolumeRequest *request;
	struct error err = { 0 };
	assert_int_equal(unpack(bytes, sizeof(bytes) - 1, &request, &err), 0);
	assert_int_equal(request->n_parameters, 2);
	assert_string_equal(request->parameters[0]->key, "y");
	assert_string_equal(request->parameters[0]->value, "2");
	assert_string_equal(request->parameters[1]->key, "x");
	assert_string_equal(request->parameters[1]->value, "4");
	csi__v1__create_volume_request__free_unpacked(request, NULL);
}

static void maps_inside_of_lists_are_settled_too(void **state)
{
	/* accessibility_requirements { requisite { segments x: 1, x: 2 } } */
	static const char bytes[] = "\x3a\x12\x0a\x10\x0a\x06\x0a\x01x\x12\x01"
				    "1"
				    "\x0a\x06\x0a\x01x\x12\x01"
				    "2";
	Csi__V1__CreateVolumeRequest *request;
	struct error err = { 0 };
	assert_int_equal(unpack(bytes, sizeof(bytes) - 1, &request, &err), 0);
	const Csi__V1__Topology *topology = request->accessibility_requirements->requisite[0];
	assert_int_equal(topology->n_segments, 1);
	assert_string_equal(topology->segments[0]->value, "2");
	csi__v1__create_volume_request__free_unpacked(request, NULL);
}

static void an_entry_without_a_value_has_an_empty_one(void **state)
{
	Csi__V1__CreateVolumeRequest *request;
	struct error err = { 0 };
	assert_int_equal(unpack("\x22\x03\x0a\x01x", 5, &request, &err), 0);
	assert_string_equal(request->parameters[0]->key, "x");
	assert_string_equal(request->parameters[0]->value, "");
	csi__v1__create_volume_request__free_unpacked(request, NULL);
}

static void a_oneof_whose_other_member_was_sent_first_is_whole(void **state)
{
	/* volume_content_source { snapshot { snapshot_id: "s" } volume { volume_id: "v" } } */
	Csi__V1__CreateVolumeRequest *request;
	struct error err = { 0 };
	assert_int_equal(unpack("\x32\x0a\x0a\x03\x0a\x01s\x12\x03\x0a\x01v", 12, &request, &err),
			 0);
	const Csi__V1__VolumeContentSource *source = request->volume_content_source;
	assert_int_equal(source->type_case, CSI__V1__VOLUME_CONTENT_SOURCE__TYPE_VOLUME);
	assert_string_equal(source->volume->volume_id, "v");
	csi__v1__create_volume_request__free_unpacked(request, NULL);
}

static void what_is_refused_leaves_nothing_behind(void **state)
{
	Csi__V1__CreateVolumeRequest *request;
	struct error err = { 0 };
	assert_int_equal(unpack("\x0a\x01\xff", 3, &request, &err), -1);
	assert_null(request);
	assert_string_equal(err.text, "name: not valid UTF-8");
}

static int begin(void **state)
{
	grpc_init();
	return 0;
}

static int end(void **state)
{
	grpc_shutdown();
	return 0;
}

/* What CSI marks csi_secret: a map named `secrets`. */
static void types_that_hold_secrets_are_known(void **state)
{
	assert_true(rpc_message_holds_secrets(&csi__v1__node_stage_volume_request__descriptor));
	assert_true(rpc_message_holds_secrets(&csi__v1__create_volume_request__descriptor));
	assert_true(rpc_message_holds_secrets(&csi__v1__list_snapshots_request__descriptor));
	assert_false(rpc_message_holds_secrets(&csi__v1__node_unstage_volume_request__descriptor));
	assert_false(rpc_message_holds_secrets(&csi__v1__probe_request__descriptor));
}

/* The message comes in two parts, as gRPC gives what arrived in two reads. */
static void a_wiped_message_leaves_nothing_where_it_was_received(void **state)
{
	Csi__V1__NodeStageVolumeRequest request = CSI__V1__NODE_STAGE_VOLUME_REQUEST__INIT;
	Csi__V1__NodeStageVolumeRequest__SecretsEntry entry =
		CSI__V1__NODE_STAGE_VOLUME_REQUEST__SECRETS_ENTRY__INIT;
	Csi__V1__NodeStageVolumeRequest__SecretsEntry *entries[] = { &entry };
	entry.key = (char *)"encryptionKey";
	entry.value = (char *)"correct horse battery staple, and so on, and so on";
	request.volume_id = (char *)"pvc-1";
	request.secrets = entries;
	request.n_secrets = 1;
	grpc_byte_buffer *packed = rpc_message_pack(&request.base);
	grpc_slice whole = packed->data.raw.slice_buffer.slices[0];
	size_t length = GRPC_SLICE_LENGTH(whole);
	grpc_slice parts[] = {
		grpc_slice_from_copied_buffer((char *)GRPC_SLICE_START_PTR(whole), length / 2),
		grpc_slice_from_copied_buffer((char *)GRPC_SLICE_START_PTR(whole) + length / 2,
					      length - length / 2),
	};
	grpc_byte_buffer *received = grpc_raw_byte_buffer_create(parts, 2);
	struct error err = { 0 };
	ProtobufCMessage *message = NULL;
	assert_int_equal(rpc_message_unpack(&csi__v1__node_stage_volume_request__descriptor,
					    received, NULL, &message, &err),
			 0);
	assert_string_equal(((Csi__V1__NodeStageVolumeRequest *)message)->secrets[0]->value,
			    entry.value);
	rpc_message_wipe(received);
	for (int part = 0; part < 2; part++)
		for (size_t i = 0; i < GRPC_SLICE_LENGTH(parts[part]); i++)
			assert_int_equal(GRPC_SLICE_START_PTR(parts[part])[i], 0);
	protobuf_c_message_free_unpacked(message, NULL);
	grpc_byte_buffer_destroy(received);
	grpc_byte_buffer_destroy(packed);
	grpc_slice_unref(parts[0]);
	grpc_slice_unref(parts[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_entries_with_one_key_the_last_stays),
		cmocka_unit_test(maps_inside_of_lists_are_settled_too),
		cmocka_unit_test(an_entry_without_a_value_has_an_empty_one),
		cmocka_unit_test(a_oneof_whose_other_member_was_sent_first_is_whole),
		cmocka_unit_test(what_is_refused_leaves_nothing_behind),
		cmocka_unit_test(types_that_hold_secrets_are_known),
		cmocka_unit_test(a_wiped_message_leaves_nothing_where_it_was_received),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
