/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/json.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/quantity.h"

DEFINE_CLEANUP(struct json_tokener *, json_tokener_free);

#define TEXT_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

int json_parse(const char *text, size_t length, struct json_object **ret_json, struct error *err)
{
	if (length > INT_MAX)
		return error_set(err, ERROR_EXHAUSTED, "JSON of %zu bytes is too large", length);
	CLEANUP(json_tokener_freep)
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	CLEANUP(json_object_putp)
	struct json_object *json = json_tokener_parse_ex(tokener, text, (int)length);
	enum json_tokener_error problem = json_tokener_get_error(tokener);
	/* A number at the very end could go on; a NUL tells the parser that it does not. */
	if (problem == json_tokener_continue) {
		json = json_tokener_parse_ex(tokener, "", 1);
		problem = json_tokener_get_error(tokener);
	}
	if (problem != json_tokener_success)
		return error_set(err, ERROR_INVALID, "not JSON: %s at byte %zu",
				 json_tokener_error_desc(problem),
				 json_tokener_get_parse_end(tokener));
	*ret_json = TAKE(json);
	return 0;
}

/* Follows the path; returns the length of the part of it that led to something that is neither an
 * object nor nothing, or 0. */
static size_t follow(struct json_object *json, const char *path, struct json_object **ret_member)
{
	const char *at = path;
	while (json && *at) {
		if (!json_object_is_type(json, json_type_object)) {
			*ret_member = json;
			return at == path ? strlen(path) : (size_t)(at - path) - 1;
		}
		size_t length = strcspn(at, ".");
		char key[128];
		assert(length < sizeof(key));
		memcpy(key, at, length);
		key[length] = '\0';
		json = json_object_object_get(json, key);
		at += length + (at[length] == '.');
	}
	*ret_member = json;
	return 0;
}

struct json_object *json_find(struct json_object *json, const char *path)
{
	struct json_object *member = NULL;
	return follow(json, path, &member) ? NULL : member;
}

static int wrong_type(struct error *err, const char *path, size_t path_length, const char *wanted,
		      struct json_object *found)
{
	return error_set(err, ERROR_INVALID, "%.*s: must be %s, not %s", (int)path_length, path,
			 wanted, json_type_to_name(json_object_get_type(found)));
}

static int find(struct json_object *json, const char *path, struct json_object **ret_member,
		struct error *err)
{
	struct json_object *member = NULL;
	size_t wrong_length = follow(json, path, &member);
	if (wrong_length)
		return wrong_type(err, path, wrong_length, "an object", member);
	*ret_member = member;
	return 0;
}

static int find_typed(struct json_object *json, const char *path, enum json_type type,
		      const char *wanted, struct json_object **ret_member, struct error *err)
{
	struct json_object *member = NULL;
	if (find(json, path, &member, err) < 0)
		return -1;
	if (member && !json_object_is_type(member, type))
		return wrong_type(err, path, strlen(path), wanted, member);
	*ret_member = member;
	return 0;
}

static int copy_string(struct json_object *member, const char *path, struct arena *arena,
		       const char **ret_string, struct error *err)
{
	const char *string = json_object_get_string(member);
	size_t length = (size_t)json_object_get_string_len(member);
	if (strlen(string) != length)
		return error_set(err, ERROR_INVALID, "%s: holds a NUL character", path);
	*ret_string = arena_copy(arena, string, length);
	return 0;
}

int json_read_string(struct json_object *json, const char *path, struct arena *arena,
		     const char **ret_string, struct error *err)
{
	struct json_object *member = NULL;
	if (find_typed(json, path, json_type_string, "a string", &member, err) < 0)
		return -1;
	if (member)
		return copy_string(member, path, arena, ret_string, err);
	*ret_string = NULL;
	return 0;
}

int json_read_name(struct json_object *json, const char *path, struct arena *arena,
		   const char **ret_name, struct error *err)
{
	struct json_object *member = NULL;
	char instead[64];
	*ret_name = NULL;
	if (find_typed(json, path, json_type_string, "a string", &member, err) < 0)
		return -1;
	if (!member)
		return 0;
	int length = json_object_get_string_len(member);
	if (length <= JSON_NAME_MAX)
		return copy_string(member, path, arena, ret_name, err);
	snprintf(instead, sizeof(instead), "(%d bytes, too long for a name)", length);
	*ret_name = arena_strdup(arena, instead);
	return 0;
}

int json_need_string(struct json_object *json, const char *path, struct arena *arena,
		     const char **ret_string, struct error *err)
{
	const char *string = NULL;
	if (json_read_string(json, path, arena, &string, err) < 0)
		return -1;
	if (!string || !*string)
		return error_set(err, ERROR_INVALID, "%s: is missing", path);
	*ret_string = string;
	return 0;
}

int json_read_int(struct json_object *json, const char *path, int64_t fallback, int64_t *ret_number,
		  struct error *err)
{
	struct json_object *member = NULL;
	if (find_typed(json, path, json_type_int, "an integer", &member, err) < 0)
		return -1;
	/* Integers beyond int64 are kept as uint64 by json-c. */
	if (member && json_object_get_int64(member) > 0 &&
	    json_object_get_uint64(member) > INT64_MAX)
		return error_set(err, ERROR_INVALID, "%s: is too large", path);
	*ret_number = member ? json_object_get_int64(member) : fallback;
	return 0;
}

int json_read_bool(struct json_object *json, const char *path, bool fallback, bool *ret_bool,
		   struct error *err)
{
	struct json_object *member = NULL;
	if (find_typed(json, path, json_type_boolean, "true or false", &member, err) < 0)
		return -1;
	*ret_bool = member ? json_object_get_boolean(member) : fallback;
	return 0;
}

int json_read_time(struct json_object *json, const char *path, int64_t *ret_time_s,
		   struct error *err)
{
	struct json_object *member = NULL;
	if (find_typed(json, path, json_type_string, "a time", &member, err) < 0)
		return -1;
	if (!member) {
		*ret_time_s = 0;
		return 0;
	}
	const char *string = json_object_get_string(member);
	if (strlen(string) != (size_t)json_object_get_string_len(member) ||
	    !clock_parse_s(string, ret_time_s))
		return error_set(err, ERROR_INVALID, "%s: \"%.64s\" is not an RFC 3339 time", path,
				 string);
	return 0;
}

int json_read_bytes(struct json_object *json, const char *path, uint64_t *ret_bytes,
		    struct error *err)
{
	struct json_object *member = NULL;
	if (find(json, path, &member, err) < 0)
		return -1;
	if (!member) {
		*ret_bytes = 0;
		return 0;
	}
	enum json_type type = json_object_get_type(member);
	if (type != json_type_string && type != json_type_int && type != json_type_double)
		return wrong_type(err, path, strlen(path), "a quantity", member);
	const char *string = json_object_get_string(member);
	if (type == json_type_string &&
	    strlen(string) != (size_t)json_object_get_string_len(member))
		return error_set(err, ERROR_INVALID, "%s: holds a NUL character", path);
	struct error problem;
	uint64_t bytes = INT64_MAX;
	if (quantity_parse_bytes(string, &bytes, &problem) < 0 && problem.code != ERROR_RANGE)
		return error_set(err, problem.code, "%s: %s", path, problem.text);
	*ret_bytes = bytes;
	return 0;
}

int json_read_pairs(struct json_object *json, const char *path, struct arena *arena,
		    struct pairs *ret_pairs, struct error *err)
{
	struct json_object *member = NULL;
	if (find_typed(json, path, json_type_object, "a map of strings", &member, err) < 0)
		return -1;
	size_t count = member ? (size_t)json_object_object_length(member) : 0;
	struct pairs pairs = { .items = count ? arena_alloc(arena, count * sizeof(struct pair))
					      : NULL };
	if (count) {
		json_object_object_foreach(member, key, value)
		{
			struct pair *pair = &pairs.items[pairs.count++];
			if (!json_object_is_type(value, json_type_string)) {
				wrong_type(err, key, strlen(key), "a string", value);
				return json_error_in(err, "%s", path);
			}
			if (copy_string(value, key, arena, &pair->value, err) < 0)
				return json_error_in(err, "%s", path);
			pair->key = arena_strdup(arena, key);
		}
	}
	*ret_pairs = pairs;
	return 0;
}

int json_read_strings(struct json_object *json, const char *path, struct arena *arena,
		      const char ***ret_strings, size_t *ret_count, struct error *err)
{
	struct json_object *list = NULL;
	size_t count;
	if (json_read_list(json, path, &list, &count, err) < 0)
		return -1;
	const char **strings = count ? arena_alloc(arena, count * sizeof(*strings)) : NULL;
	for (size_t i = 0; i < count; i++) {
		char place[160];
		snprintf(place, sizeof(place), "%s[%zu]", path, i);
		struct json_object *item = json_object_array_get_idx(list, i);
		if (!json_object_is_type(item, json_type_string))
			return wrong_type(err, place, strlen(place), "a string", item);
		if (copy_string(item, place, arena, &strings[i], err) < 0)
			return -1;
	}
	*ret_strings = strings;
	*ret_count = count;
	return 0;
}

int json_read_object(struct json_object *json, const char *path, struct json_object **ret_object,
		     struct error *err)
{
	return find_typed(json, path, json_type_object, "an object", ret_object, err);
}

int json_read_list(struct json_object *json, const char *path, struct json_object **ret_list,
		   size_t *ret_count, struct error *err)
{
	struct json_object *list = NULL;
	if (find_typed(json, path, json_type_array, "a list", &list, err) < 0)
		return -1;
	*ret_list = list;
	*ret_count = list ? json_object_array_length(list) : 0;
	return 0;
}

int json_error_in(struct error *err, const char *format, ...)
{
	if (!err)
		return -1;
	char place[256];
	va_list args;
	va_start(args, format);
	vsnprintf(place, sizeof(place), format, args);
	va_end(args);
	return error_set(err, err->code, "%s.%s", place, err->text);
}

const char *json_text(struct json_object *json, size_t *ret_length)
{
	size_t length;
	const char *text = json_object_to_json_string_length(json, TEXT_FLAGS, &length);
	if (ret_length)
		*ret_length = length;
	return text;
}

void json_set(struct json_object *json, const char *key, struct json_object *taken)
{
	json_object_object_add(json, key, taken);
}

void json_set_string(struct json_object *json, const char *key, const char *string)
{
	if (string)
		json_set(json, key, json_object_new_string(string));
}

void json_set_int(struct json_object *json, const char *key, int64_t number)
{
	json_set(json, key, json_object_new_int64(number));
}

void json_set_bool(struct json_object *json, const char *key, bool value)
{
	json_set(json, key, json_object_new_boolean(value));
}

void json_set_pairs(struct json_object *json, const char *key, const struct pairs *pairs)
{
	struct json_object *map = json_object_new_object();
	for (size_t i = 0; i < pairs->count; i++)
		json_set_string(map, pairs->items[i].key, pairs->items[i].value);
	json_set(json, key, map);
}

struct json_object *json_child(struct json_object *json, const char *key)
{
	struct json_object *child = NULL;
	if (json_object_object_get_ex(json, key, &child) && child)
		return child;
	child = json_object_new_object();
	json_set(json, key, child);
	return child;
}
