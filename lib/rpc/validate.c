/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/validate.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

struct reader {
	const uint8_t *at;
	const uint8_t *end;
};

struct field {
	uint32_t number;
	unsigned wire_type;
	struct reader content; /* of a length-delimited field */
};

/* Where in the message we are: the innermost field, and the way up from it. */
struct place {
	const struct place *up;
	const ProtobufCFieldDescriptor *field;
	struct reader before; /* the message that holds it, up to the field */
};

struct walk {
	size_t fields_left;
	struct error *err;
};

static int read_varint(struct reader *in, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 70 && in->at < in->end; shift += 7) {
		uint8_t byte = *in->at++;
		value |= (uint64_t)(byte & 0x7f) << (shift < 63 ? shift : 63);
		if (!(byte & 0x80)) {
			*ret_value = value;
			return 0;
		}
	}
	return -1;
}

static int skip(struct reader *in, uint64_t length)
{
	if ((uint64_t)(in->end - in->at) < length)
		return -1;
	in->at += length;
	return 0;
}

static int read_tag(struct reader *in, struct field *ret_field)
{
	const uint8_t *start = in->at;
	uint64_t tag;
	if (read_varint(in, &tag) < 0 || tag > UINT32_MAX || tag >> 3 == 0 || in->at - start > 5)
		return -1;
	ret_field->number = (uint32_t)(tag >> 3);
	ret_field->wire_type = tag & 7;
	return 0;
}

static int read_field(struct reader *in, struct field *ret_field)
{
	uint64_t value;
	*ret_field = (struct field) { 0 };
	if (read_tag(in, ret_field) < 0)
		return -1;
	switch (ret_field->wire_type) {
	case PROTOBUF_C_WIRE_TYPE_VARINT:
		return read_varint(in, &value);
	case PROTOBUF_C_WIRE_TYPE_64BIT:
		return skip(in, 8);
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		return skip(in, 4);
	case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
		if (read_varint(in, &value) < 0)
			return -1;
		ret_field->content = (struct reader) { in->at, in->at };
		if (skip(in, value) < 0)
			return -1;
		ret_field->content.end = in->at;
		return 0;
	default: /* groups (3, 4) do not exist in proto3; 6 and 7 never did */
		return -1;
	}
}

/* How often the field occurred before, so that an element of a list can be named. */
static unsigned count_before(const struct place *place)
{
	struct reader in = place->before;
	struct field field;
	unsigned count = 0;
	while (in.at < in.end && read_field(&in, &field) == 0)
		count += field.number == place->field->id;
	return count;
}

static void describe(struct text *out, const struct place *place)
{
	if (!place)
		return;
	describe(out, place->up);
	if (place->up)
		text_append_string(out, ".");
	text_append_string(out, place->field->name);
	if (place->field->label == PROTOBUF_C_LABEL_REPEATED)
		text_printf(out, "[%u]", count_before(place));
}

static int refuse(const struct walk *walk, const struct place *place, const char *why)
{
	CLEANUP_TEXT struct text where = TEXT_INIT;
	describe(&where, place);
	return error_set(walk->err, ERROR_INVALID, "%s: %s",
			 place ? text_string(&where) : "the message", why);
}

static int check_string(const struct walk *walk, const struct place *place, struct reader in)
{
	if (in.at < in.end && memchr(in.at, 0, (size_t)(in.end - in.at)))
		return refuse(walk, place, "contains a NUL character");
	if (!utf8_is_valid(in.at, (size_t)(in.end - in.at)))
		return refuse(walk, place, "not valid UTF-8");
	return 0;
}

static unsigned wire_type_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		return PROTOBUF_C_WIRE_TYPE_VARINT;
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return PROTOBUF_C_WIRE_TYPE_32BIT;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return PROTOBUF_C_WIRE_TYPE_64BIT;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
	}
	return UINT32_MAX;
}

/* Numbers of a list, one behind the other without tags. */
static int check_packed(struct walk *walk, const struct place *place, struct reader in)
{
	uint64_t value;
	size_t size = wire_type_of(place->field->type) == PROTOBUF_C_WIRE_TYPE_32BIT ? 4 : 8;
	bool varints = wire_type_of(place->field->type) == PROTOBUF_C_WIRE_TYPE_VARINT;
	while (in.at < in.end) {
		if ((varints ? read_varint(&in, &value) : skip(&in, size)) < 0)
			return refuse(walk, place, "malformed list of numbers");
		if (walk->fields_left-- == 0)
			return refuse(walk, NULL, "too many fields");
	}
	return 0;
}

static int check_message(struct walk *walk, const ProtobufCMessageDescriptor *type,
			 struct reader in, const struct place *up, unsigned depth);

static int check_field(struct walk *walk, const struct place *place, const struct field *field,
		       unsigned depth)
{
	const ProtobufCFieldDescriptor *known = place->field;
	unsigned wanted = wire_type_of(known->type);
	if (field->wire_type != wanted) {
		if (field->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED &&
		    known->label == PROTOBUF_C_LABEL_REPEATED)
			return check_packed(walk, place, field->content);
		return refuse(walk, place, "encoded as another type");
	}
	if (known->type == PROTOBUF_C_TYPE_STRING)
		return check_string(walk, place, field->content);
	if (known->type == PROTOBUF_C_TYPE_MESSAGE)
		return check_message(walk, known->descriptor, field->content, place, depth + 1);
	return 0;
}

/* Recursion: bounded by VALIDATE_DEPTH_MAX. */
static int check_message(struct walk *walk, const ProtobufCMessageDescriptor *type,
			 struct reader in, const struct place *up, unsigned depth)
{
	if (depth > VALIDATE_DEPTH_MAX)
		return refuse(walk, up, "nested too deep");
	const uint8_t *begin = in.at;
	while (in.at < in.end) {
		struct field field;
		struct reader before = { begin, in.at };
		if (read_field(&in, &field) < 0)
			return refuse(walk, up, "malformed or cut off");
		if (walk->fields_left-- == 0)
			return refuse(walk, NULL, "too many fields");
		struct place place = { .up = up, .before = before };
		place.field = protobuf_c_message_descriptor_get_field(type, field.number);
		if (place.field && check_field(walk, &place, &field, depth) < 0)
			return -1;
	}
	return 0;
}

int rpc_validate(const ProtobufCMessageDescriptor *type, const void *data, size_t length,
		 struct error *err)
{
	struct walk walk = { .fields_left = VALIDATE_FIELDS_MAX, .err = err };
	if (length == 0)
		return 0;
	const uint8_t *bytes = data;
	return check_message(&walk, type, (struct reader) { bytes, bytes + length }, NULL, 1);
}
