/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/message.h"

#include <grpc/grpc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "csi.pb-c.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_entries_with_one_key_the_last_stays),
		cmocka_unit_test(maps_inside_of_lists_are_settled_too),
		cmocka_unit_test(an_entry_without_a_value_has_an_empty_one),
		cmocka_unit_test(a_oneof_whose_other_member_was_sent_first_is_whole),
		cmocka_unit_test(what_is_refused_leaves_nothing_behind),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
