/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/validate.h"

#include <string.h>

#include "base/text.h"
#include "csi.pb-c.h"
#include "test.h"

#define CREATE (&csi__v1__create_volume_request__descriptor)
#define BYTES(literal) (literal), sizeof(literal) - 1

static void accepts(const ProtobufCMessageDescriptor *type, const void *bytes, size_t length)
{
	struct error err = { 0 };
	if (rpc_validate(type, bytes, length, &err) < 0)
		fail_msg("refused: %s", err.text);
}

static void refuses(const ProtobufCMessageDescriptor *type, const void *bytes, size_t length,
		    const char *text)
{
	struct error err = { 0 };
	assert_int_equal(rpc_validate(type, bytes, length, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_string_equal(err.text, text);
}

static void accepts_what_protobuf_allows(void **state)
{
	accepts(CREATE, NULL, 0);
	accepts(CREATE, BYTES("\x0a\x00"));		       /* name: "" */
	accepts(CREATE, BYTES("\x0a\x03pvc\x12\x02\x08\x05")); /* and required_bytes: 5 */
	accepts(CREATE, BYTES("\x0a\x01"
			      "a\x0a\x01"
			      "b"));				/* twice: the last wins */
	accepts(CREATE, BYTES("\xf8\x07\x01\xfa\x07\x01\xff")); /* unknown fields */
	accepts(CREATE, BYTES("\x12\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")); /* -1 */
	/* A varint may be longer than it needs to be. */
	accepts(CREATE, BYTES("\x12\x04\x08\x85\x80\x00"));
}

static void refuses_what_is_malformed(void **state)
{
	refuses(CREATE, BYTES("\x0a"), "the message: malformed or cut off");
	refuses(CREATE, BYTES("\x0a\x05pvc"), "the message: malformed or cut off");
	refuses(CREATE, BYTES("\x80"), "the message: malformed or cut off");
	refuses(CREATE, BYTES("\x02\x00"), "the message: malformed or cut off"); /* field 0 */
	refuses(CREATE, BYTES("\x0b\x0c"), "the message: malformed or cut off"); /* a group */
	refuses(CREATE, BYTES("\x0e"), "the message: malformed or cut off"); /* no such wire type */
	refuses(CREATE, BYTES("\xf9\x07\x01"), "the message: malformed or cut off");
	refuses(CREATE, BYTES("\x8a\x80\x80\x80\x80\x00\x00"), "the message: malformed or cut off");
	refuses(CREATE, BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		"the message: malformed or cut off");
	refuses(CREATE, BYTES("\x12\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
		"capacity_range: malformed or cut off");
}

static void names_the_field_that_is_wrong(void **state)
{
	refuses(CREATE, BYTES("\x08\x01"), "name: encoded as another type");
	refuses(CREATE, BYTES("\x12\x03\x0a\x01x"),
		"capacity_range.required_bytes: encoded as another type");
	refuses(CREATE, BYTES("\x12\x01\x08"), "capacity_range: malformed or cut off");
	/* volume_capabilities { block {} } volume_capabilities { mount { fs_type: "\xff" } } */
	refuses(CREATE, BYTES("\x1a\x02\x0a\x00\x1a\x05\x12\x03\x0a\x01\xff"),
		"volume_capabilities[1].mount.fs_type: not valid UTF-8");
	/* mount_flags: "a", "b", "\0" */
	refuses(CREATE,
		BYTES("\x1a\x0b\x12\x09\x12\x01"
		      "a\x12\x01"
		      "b\x12\x01\x00"),
		"volume_capabilities[0].mount.mount_flags[2]: contains a NUL character");
	refuses(CREATE, BYTES("\x22\x03\x0a\x01\x00"),
		"parameters[0].key: contains a NUL character");
}

static void knows_utf8_as_rfc_3629_has_it(void **state)
{
	static const char *const good[] = {
		"a",
		"\x7f",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
		"\xe2\x82\xacx",
	};
	static const char *const bad[] = {
		"\x80", /* no beginning */
		"\xbf",
		"\xc0\xaf", /* too long a form */
		"\xc1\xbf",
		"\xe0\x9f\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xed\xa0\x80", /* surrogates */
		"\xed\xbf\xbf",
		"\xf4\x90\x80\x80", /* beyond U+10FFFF */
		"\xf5\x80\x80\x80",
		"\xfe",
		"\xff",
		"\xc2",
		"\xe2\x82",
		"\xf0\x90\x80", /* cut off */
		"\xc2x",
		"\xe2\x82x",
		"\xf0\x90\x80x",
	};
	char bytes[16] = "\x0a";
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		bytes[1] = (char)strlen(good[i]);
		memcpy(bytes + 2, good[i], strlen(good[i]));
		accepts(CREATE, bytes, 2 + strlen(good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		bytes[1] = (char)strlen(bad[i]);
		memcpy(bytes + 2, bad[i], strlen(bad[i]));
		refuses(CREATE, bytes, 2 + strlen(bad[i]), "name: not valid UTF-8");
	}
}

static void bounds_the_number_of_fields(void **state)
{
	/* Each empty capability costs two bytes here and many in memory. */
	size_t length = 2 * (VALIDATE_FIELDS_MAX + 1);
	CLEANUP_FREE char *bytes = must_alloc(length);
	for (size_t i = 0; i < length; i += 2)
		bytes[i] = 0x1a;
	accepts(CREATE, bytes, length - 2);
	refuses(CREATE, bytes, length, "the message: too many fields");
}

/* A type that holds itself; none of CSI's does. */
static const ProtobufCFieldDescriptor nested_fields[];
static const ProtobufCIntRange nested_ranges[] = { { 1, 0 }, { 0, 1 } };
static const unsigned nested_indices[] = { 0 };
static const ProtobufCMessageDescriptor nested = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
	.name = "test.Nested",
	.short_name = "Nested",
	.n_fields = 1,
	.fields = nested_fields,
	.fields_sorted_by_name = nested_indices,
	.n_field_ranges = 1,
	.field_ranges = nested_ranges,
};
static const ProtobufCFieldDescriptor nested_fields[] = {
	{ .name = "in",
	  .id = 1,
	  .label = PROTOBUF_C_LABEL_OPTIONAL,
	  .type = PROTOBUF_C_TYPE_MESSAGE,
	  .descriptor = &nested },
};

/* The message wrapped `levels` times, in front of `end`. */
static size_t wrap(uint8_t *end, unsigned levels)
{
	size_t length = 0;
	for (unsigned i = 0; i < levels; i++) {
		assert_true(length < 0x80);
		end[-(ptrdiff_t)length - 1] = (uint8_t)length;
		end[-(ptrdiff_t)length - 2] = 0x0a;
		length += 2;
	}
	return length;
}

static void bounds_the_nesting(void **state)
{
	uint8_t bytes[256];
	struct error err = { 0 };
	size_t length = wrap(bytes + sizeof(bytes), VALIDATE_DEPTH_MAX - 1);
	accepts(&nested, bytes + sizeof(bytes) - length, length);
	length = wrap(bytes + sizeof(bytes), VALIDATE_DEPTH_MAX);
	assert_int_equal(rpc_validate(&nested, bytes + sizeof(bytes) - length, length, &err), -1);
	assert_non_null(strstr(err.text, "in.in.in: nested too deep"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_protobuf_allows),
		cmocka_unit_test(refuses_what_is_malformed),
		cmocka_unit_test(names_the_field_that_is_wrong),
		cmocka_unit_test(knows_utf8_as_rfc_3629_has_it),
		cmocka_unit_test(bounds_the_number_of_fields),
		cmocka_unit_test(bounds_the_nesting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
