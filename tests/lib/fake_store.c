/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "base/clock.h"
#include "base/text.h"
#include "fake_json.h"
#include "kube/json.h"

/*
 * Paths.
 */

static char *take_segment(const char **rest)
{
	if (**rest != '/')
		return NULL;
	const char *start = *rest + 1;
	size_t length = strcspn(start, "/?");
	*rest = start + length;
	return must_printf("%.*s", (int)length, start);
}

static char *unescape(const char *text, size_t length)
{
	char *plain = must_alloc(length + 1);
	char *to = plain;
	for (size_t i = 0; i < length; i++) {
		unsigned code;
		if (text[i] == '%' && i + 2 < length && sscanf(text + i + 1, "%2x", &code) == 1) {
			*to++ = (char)code;
			i += 2;
		} else {
			*to++ = text[i];
		}
	}
	return plain;
}

/* "/api/v1" or "/apis/<group>/<version>". */
static char *take_group(const char **rest)
{
	CLEANUP_FREE char *front = take_segment(rest);
	CLEANUP_FREE char *group = take_segment(rest);
	if (!front || !group)
		return NULL;
	if (strcmp(front, "api") == 0)
		return must_printf("/api/%s", group);
	CLEANUP_FREE char *version = take_segment(rest);
	return version ? must_printf("/apis/%s/%s", group, version) : NULL;
}

bool fake_path_parse(const char *text, struct fake_path *ret_path)
{
	const char *rest = text;
	CLEANUP_FREE char *group = take_group(&rest);
	CLEANUP_FREE char *plural = take_segment(&rest);
	if (!group || !plural)
		return false;
	struct fake_path path = { .namespace = must_strdup("") };
	char *second = take_segment(&rest);
	char *third = second ? take_segment(&rest) : NULL;
	if (strcmp(plural, "namespaces") == 0 && third) {
		free(path.namespace);
		path.namespace = second;
		free(plural);
		plural = third;
		second = take_segment(&rest);
		third = second ? take_segment(&rest) : NULL;
	}
	path.collection = must_printf("%s/%s", group, plural);
	path.name = second ? unescape(second, strlen(second)) : NULL;
	free(second);
	path.subresource = third;
	path.query = must_strdup(*rest == '?' ? rest + 1 : "");
	*ret_path = path;
	return true;
}

void fake_path_done(struct fake_path *path)
{
	free(path->collection);
	free(path->namespace);
	free(path->name);
	free(path->subresource);
	free(path->query);
}

char *fake_path_parameter(const struct fake_path *path, const char *key)
{
	size_t key_length = strlen(key);
	for (const char *at = path->query; *at; at += strcspn(at, "&"), at += *at == '&') {
		if (strncmp(at, key, key_length) != 0 || at[key_length] != '=')
			continue;
		const char *value = at + key_length + 1;
		return unescape(value, strcspn(value, "&"));
	}
	return NULL;
}

/*
 * Records and their history.
 */

void fake_store_init(struct fake_store *store)
{
	*store = (struct fake_store) { .version = 100, .oldest_version = 100 };
}

static void free_record(struct fake_record *record)
{
	free(record->collection);
	free(record->namespace);
	free(record->name);
	json_object_put(record->json);
	free(record);
}

void fake_store_done(struct fake_store *store)
{
	struct fake_record *record, *next;
	DL_FOREACH_SAFE(store->records, record, next) {
		DL_DELETE(store->records, record);
		free_record(record);
	}
	for (size_t i = 0; i < store->change_count; i++) {
		struct fake_change *change = &store->changes[i];
		free(change->collection);
		free(change->namespace);
		json_object_put(change->before);
		json_object_put(change->after);
		json_object_put(change->last);
	}
	free(store->changes);
}

static int compare(const struct fake_record *a, const struct fake_record *b)
{
	int order = strcmp(a->collection, b->collection);
	order = order ? order : strcmp(a->namespace, b->namespace);
	return order ? order : strcmp(a->name, b->name);
}

struct fake_record *fake_store_find(struct fake_store *store, const char *collection,
				    const char *namespace, const char *name)
{
	struct fake_record *record;
	DL_FOREACH(store->records, record)
		if (strcmp(record->collection, collection) == 0 &&
		    strcmp(record->namespace, namespace) == 0 && strcmp(record->name, name) == 0)
			return record;
	return NULL;
}

static void stamp_version(struct fake_store *store, struct json_object *json)
{
	char version[24];
	snprintf(version, sizeof(version), "%llu", (unsigned long long)++store->version);
	json_set_string(json_child(json, "metadata"), "resourceVersion", version);
}

static void note_change(struct fake_store *store, const struct fake_record *record,
			struct json_object *before, struct json_object *after,
			struct json_object *last)
{
	if (store->change_count == store->change_capacity) {
		store->change_capacity = store->change_capacity * 2 + 64;
		store->changes = must_realloc(store->changes,
					      store->change_capacity * sizeof(*store->changes));
	}
	store->changes[store->change_count++] = (struct fake_change) {
		.version = store->version,
		.collection = must_strdup(record->collection),
		.namespace = must_strdup(record->namespace),
		.before = json_object_get(before),
		.after = json_object_get(after),
		.last = last,
	};
}

static const char *metadata_string(struct json_object *json, const char *key)
{
	struct json_object *value = json_object_object_get(json_find(json, "metadata"), key);
	return value ? json_object_get_string(value) : "";
}

static struct fake_record *add_record(struct fake_store *store, const char *collection,
				      struct json_object *json)
{
	struct fake_record *record = must_alloc(sizeof(*record));
	record->collection = must_strdup(collection);
	record->namespace = must_strdup(metadata_string(json, "namespace"));
	record->name = must_strdup(metadata_string(json, "name"));
	record->json = json;
	stamp_version(store, json);
	DL_INSERT_INORDER(store->records, record, compare);
	note_change(store, record, NULL, json, NULL);
	return record;
}

static void replace(struct fake_store *store, struct fake_record *record, struct json_object *taken)
{
	stamp_version(store, taken);
	note_change(store, record, record->json, taken, NULL);
	json_object_put(record->json);
	record->json = taken;
}

void fake_store_remove(struct fake_store *store, struct fake_record *record)
{
	struct json_object *last = fake_json_copy(record->json);
	stamp_version(store, last);
	note_change(store, record, record->json, NULL, last);
	DL_DELETE(store->records, record);
	free_record(record);
}

/*
 * What the server adds to objects.
 */

static void set_now(struct json_object *json, const char *key)
{
	char now[CLOCK_TEXT_MAX];
	clock_format_s(clock_wall_s(), now);
	json_set_string(json, key, now);
}

static void set_identity(struct fake_store *store, struct json_object *json)
{
	struct json_object *metadata = json_child(json, "metadata");
	char uid[40];
	snprintf(uid, sizeof(uid), "00000000-0000-4000-8000-%012llx",
		 (unsigned long long)++store->next_uid);
	if (!*metadata_string(json, "uid"))
		json_set_string(metadata, "uid", uid);
	if (!*metadata_string(json, "creationTimestamp"))
		set_now(metadata, "creationTimestamp");
	if (!json_object_object_get_ex(metadata, "generation", NULL))
		json_set_int(metadata, "generation", 1);
}

void fake_store_put(struct fake_store *store, const char *collection, struct json_object *json)
{
	struct fake_record *record =
		fake_store_find(store, collection, metadata_string(json, "namespace"),
				metadata_string(json, "name"));
	if (record && !*metadata_string(json, "uid")) {
		json_set_string(json_child(json, "metadata"), "uid",
				metadata_string(record->json, "uid"));
		json_set_string(json_child(json, "metadata"), "creationTimestamp",
				metadata_string(record->json, "creationTimestamp"));
	}
	set_identity(store, json);
	if (record)
		replace(store, record, json);
	else
		add_record(store, collection, json);
}

/*
 * Answers.
 */

struct json_object *fake_status(int code, const char *reason, const char *message)
{
	struct json_object *status = json_object_new_object();
	json_set_string(status, "kind", "Status");
	json_set_string(status, "apiVersion", "v1");
	json_set(status, "metadata", json_object_new_object());
	json_set_string(status, "status", "Failure");
	json_set_string(status, "message", message);
	json_set_string(status, "reason", reason);
	json_set_int(status, "code", code);
	return status;
}

__attribute__((format(printf, 4, 5))) static int refuse(struct json_object **ret_json, int code,
							const char *reason, const char *format, ...)
{
	CLEANUP_TEXT struct text message = TEXT_INIT;
	va_list args;
	va_start(args, format);
	text_vprintf(&message, format, args);
	va_end(args);
	*ret_json = fake_status(code, reason, text_string(&message));
	return code;
}

static int answer(struct json_object **ret_json, int code, struct json_object *json)
{
	*ret_json = fake_json_copy(json);
	return code;
}

static const char *plural_of(const struct fake_path *path)
{
	return strrchr(path->collection, '/') + 1;
}

static int not_found(const struct fake_path *path, struct json_object **ret_json)
{
	return refuse(ret_json, 404, "NotFound", "%s \"%s\" not found", plural_of(path),
		      path->name);
}

static int conflict(const struct fake_path *path, struct json_object **ret_json)
{
	return refuse(ret_json, 409, "Conflict",
		      "Operation cannot be fulfilled on %s \"%s\": the object has been modified; "
		      "please apply your changes to the latest version and try again",
		      plural_of(path), path->name);
}

/*
 * Reading.
 */

static bool in_scope(const struct fake_path *path, const char *collection, const char *namespace)
{
	return strcmp(path->collection, collection) == 0 &&
	       (!*path->namespace || strcmp(path->namespace, namespace) == 0);
}

/* Items of a list come without kind and apiVersion. */
static void add_item(struct json_object *items, struct json_object *json)
{
	struct json_object *item = fake_json_copy(json);
	json_object_object_del(item, "kind");
	json_object_object_del(item, "apiVersion");
	json_object_array_add(items, item);
}

/* A continue token is "<version of the list>:<how many were given>". What is created or deleted
 * between two pages moves the rest, which a real server does not do; no test leans on it. */
static int list(struct fake_store *store, const struct fake_path *path,
		struct json_object **ret_json)
{
	CLEANUP_FREE char *limit_text = fake_path_parameter(path, "limit");
	CLEANUP_FREE char *token = fake_path_parameter(path, "continue");
	CLEANUP_FREE char *labels = fake_path_parameter(path, "labelSelector");
	CLEANUP_FREE char *fields = fake_path_parameter(path, "fieldSelector");
	unsigned long long version = store->version, skip = 0, limit = 0, seen = 0;
	if (token && sscanf(token, "%llu:%llu", &version, &skip) != 2)
		return refuse(ret_json, 400, "BadRequest", "continue key is not valid");
	if (version < store->oldest_version)
		return refuse(ret_json, 410, "Expired",
			      "The provided continue parameter is too old");
	if (limit_text)
		limit = strtoull(limit_text, NULL, 10);
	struct json_object *json = json_object_new_object();
	struct json_object *items = json_object_new_array();
	struct json_object *metadata = json_child(json, "metadata");
	char text[64];
	struct fake_record *record;
	DL_FOREACH(store->records, record) {
		if (!in_scope(path, record->collection, record->namespace) ||
		    !fake_json_labels_match(record->json, labels) ||
		    !fake_json_fields_match(record->json, fields) || seen++ < skip)
			continue;
		if (limit && json_object_array_length(items) == limit) {
			snprintf(text, sizeof(text), "%llu:%llu", version, skip + limit);
			json_set_string(metadata, "continue", text);
			break;
		}
		add_item(items, record->json);
	}
	snprintf(text, sizeof(text), "%llu", version);
	json_set_string(metadata, "resourceVersion", text);
	json_set_string(json, "kind", "List");
	json_set_string(json, "apiVersion", "v1");
	json_set(json, "items", items);
	*ret_json = json;
	return 200;
}

/*
 * Creating.
 */

static int check_new(const struct fake_path *path, struct json_object *body,
		     struct json_object **ret_json)
{
	if (!json_object_is_type(body, json_type_object) || !json_find(body, "kind") ||
	    !json_find(body, "apiVersion"))
		return refuse(ret_json, 400, "BadRequest", "Object 'Kind' is missing");
	const char *namespace = metadata_string(body, "namespace");
	if (*namespace && strcmp(namespace, path->namespace) != 0)
		return refuse(ret_json, 400, "BadRequest",
			      "the namespace of the provided object does not match the namespace "
			      "sent on the request");
	if (*metadata_string(body, "resourceVersion"))
		return refuse(ret_json, 400, "BadRequest",
			      "resourceVersion should not be set on objects to be created");
	if (!*metadata_string(body, "name") && !*metadata_string(body, "generateName"))
		return refuse(ret_json, 422, "Invalid",
			      "metadata.name: Required value: name or generateName is required");
	return 0;
}

static void set_first_status(const struct fake_path *path, struct json_object *json)
{
	static const char *const pending[] = { "pods", "persistentvolumeclaims",
					       "persistentvolumes" };
	json_object_object_del(json, "status");
	for (size_t i = 0; i < sizeof(pending) / sizeof(pending[0]); i++)
		if (strcmp(plural_of(path), pending[i]) == 0)
			json_set_string(json_child(json, "status"), "phase", "Pending");
}

static void set_name(struct fake_store *store, struct json_object *json)
{
	if (*metadata_string(json, "name"))
		return;
	CLEANUP_FREE char *name = must_printf("%s%05llx", metadata_string(json, "generateName"),
					      (unsigned long long)store->next_uid + 1);
	json_set_string(json_child(json, "metadata"), "name", name);
}

/* Of a pod template, as the API server does; the only default that it knows. */
static void fill_in_default(struct fake_store *store, const struct fake_path *path,
			    struct json_object *json)
{
	if (!store->template_default || strcmp(path->collection, "/api/v1/podtemplates") != 0)
		return;
	struct json_object *spec = json_child(json_child(json, "template"), "spec");
	if (!json_find(spec, store->template_default))
		json_set_string(spec, store->template_default, "default");
}

static void mutate(struct fake_store *store, const struct fake_path *path, struct json_object *json)
{
	if (store->webhook)
		store->webhook(store->webhook_context, path->collection, json);
}

static int create(struct fake_store *store, const struct fake_path *path, struct json_object *body,
		  struct json_object **ret_json)
{
	int refused = check_new(path, body, ret_json);
	if (refused)
		return refused;
	CLEANUP(json_object_putp) struct json_object *json = fake_json_copy(body);
	struct json_object *metadata = json_child(json, "metadata");
	set_name(store, json);
	const char *name = metadata_string(json, "name");
	if (fake_store_find(store, path->collection, path->namespace, name))
		return refuse(ret_json, 409, "AlreadyExists", "%s \"%s\" already exists",
			      plural_of(path), name);
	if (*path->namespace)
		json_set_string(metadata, "namespace", path->namespace);
	json_object_object_del(metadata, "uid");
	json_object_object_del(metadata, "creationTimestamp");
	json_object_object_del(metadata, "deletionTimestamp");
	json_object_object_del(metadata, "generation");
	set_identity(store, json);
	set_first_status(path, json);
	CLEANUP_FREE char *dry_run = fake_path_parameter(path, "dryRun");
	fill_in_default(store, path, json);
	mutate(store, path, json);
	if (dry_run)
		return answer(ret_json, 201, json);
	return answer(ret_json, 201, add_record(store, path->collection, TAKE(json))->json);
}

/*
 * Changing.
 */

/* What a client cannot change. */
static void keep_metadata(struct json_object *next, struct json_object *current)
{
	static const char *const keys[] = { "uid",
					    "name",
					    "namespace",
					    "generateName",
					    "creationTimestamp",
					    "deletionTimestamp",
					    "deletionGracePeriodSeconds",
					    "generation" };
	struct json_object *to = json_child(next, "metadata");
	struct json_object *from = json_find(current, "metadata");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct json_object *value = NULL;
		if (json_object_object_get_ex(from, keys[i], &value))
			json_object_object_add(to, keys[i], json_object_get(value));
		else
			json_object_object_del(to, keys[i]);
	}
}

static void keep_member(struct json_object *next, struct json_object *current, const char *key)
{
	struct json_object *value = json_find(current, key);
	if (value)
		json_object_object_add(next, key, fake_json_copy(value));
	else
		json_object_object_del(next, key);
}

static bool same_but(struct json_object *a, struct json_object *b, bool metadata_too)
{
	CLEANUP(json_object_putp) struct json_object *copy_a = fake_json_copy(a);
	CLEANUP(json_object_putp) struct json_object *copy_b = fake_json_copy(b);
	struct json_object *both[] = { copy_a, copy_b };
	for (size_t i = 0; i < 2; i++) {
		if (metadata_too) {
			json_object_object_del(both[i], "metadata");
			json_object_object_del(both[i], "status");
		} else {
			json_object_object_del(json_child(both[i], "metadata"), "resourceVersion");
		}
	}
	return json_object_equal(copy_a, copy_b);
}

static bool has_finalizers(struct json_object *json)
{
	struct json_object *list = json_find(json, "metadata.finalizers");
	return list && json_object_array_length(list) > 0;
}

/* The next state after a client's write; its reference is taken. */
static int commit(struct fake_store *store, const struct fake_path *path,
		  struct fake_record *record, struct json_object *taken,
		  struct json_object **ret_json)
{
	CLEANUP(json_object_putp) struct json_object *next = taken;
	const char *version = metadata_string(next, "resourceVersion");
	if (*version && strcmp(version, metadata_string(record->json, "resourceVersion")) != 0)
		return conflict(path, ret_json);
	const char *uid = metadata_string(next, "uid");
	if (*uid && strcmp(uid, metadata_string(record->json, "uid")) != 0)
		return refuse(ret_json, 409, "Conflict",
			      "Precondition failed: UID in precondition");
	if (path->subresource) {
		struct json_object *whole = fake_json_copy(record->json);
		keep_member(whole, next, path->subresource);
		/* The status of a claim is written together with its annotations. */
		if (strcmp(path->collection, "/api/v1/persistentvolumeclaims") == 0)
			keep_member(json_child(whole, "metadata"), json_find(next, "metadata"),
				    "annotations");
		json_object_put(next);
		next = whole;
	} else {
		keep_metadata(next, record->json);
		keep_member(next, record->json, "status");
	}
	mutate(store, path, next);
	if (same_but(next, record->json, false))
		return answer(ret_json, 200, record->json);
	if (!same_but(next, record->json, true)) {
		struct json_object *generation = json_find(record->json, "metadata.generation");
		json_set_int(json_child(next, "metadata"), "generation",
			     json_object_get_int64(generation) + 1);
	}
	replace(store, record, TAKE(next));
	int status = answer(ret_json, 200, record->json);
	bool graceful = json_find(record->json, "metadata.deletionGracePeriodSeconds") != NULL;
	if (*metadata_string(record->json, "deletionTimestamp") && !graceful &&
	    !has_finalizers(record->json))
		fake_store_remove(store, record);
	return status;
}

static int patch(struct fake_store *store, const struct fake_path *path, struct fake_record *record,
		 const char *content_type, struct json_object *body, struct json_object **ret_json)
{
	struct json_object *next = fake_json_copy(record->json);
	if (strcmp(content_type, "application/merge-patch+json") == 0)
		next = fake_json_merge(next, body);
	else if (strcmp(content_type, "application/strategic-merge-patch+json") == 0)
		next = fake_json_strategic(next, body);
	else if (!fake_json_patch(next, body, &next))
		return refuse(ret_json, 422, "Invalid",
			      "the server rejected our request due to an error in our request");
	return commit(store, path, record, next, ret_json);
}

/*
 * Deleting.
 */

static bool precondition_holds(struct json_object *options, struct json_object *json,
			       const char *key)
{
	struct json_object *wanted =
		json_object_object_get(json_find(options, "preconditions"), key);
	return !wanted || strcmp(json_object_get_string(wanted), metadata_string(json, key)) == 0;
}

static const char *string_at(struct json_object *json, const char *path)
{
	struct json_object *value = json_find(json, path);
	return value ? json_object_get_string(value) : "";
}

/* Pods on a node end when the kubelet says so, unless they have ended already. */
static bool is_graceful(const struct fake_path *path, struct json_object *json,
			struct json_object *options)
{
	struct json_object *seconds = json_find(options, "gracePeriodSeconds");
	if (strcmp(path->collection, "/api/v1/pods") != 0 || !*string_at(json, "spec.nodeName"))
		return false;
	const char *phase = string_at(json, "status.phase");
	return strcmp(phase, "Succeeded") != 0 && strcmp(phase, "Failed") != 0 &&
	       (!seconds || json_object_get_int(seconds) > 0);
}

static int remove_object(struct fake_store *store, const struct fake_path *path,
			 struct fake_record *record, struct json_object *options,
			 struct json_object **ret_json)
{
	if (!precondition_holds(options, record->json, "uid") ||
	    !precondition_holds(options, record->json, "resourceVersion"))
		return refuse(ret_json, 409, "Conflict", "Precondition failed");
	bool graceful = is_graceful(path, record->json, options);
	if (!graceful && !has_finalizers(record->json)) {
		int status = answer(ret_json, 200, record->json);
		fake_store_remove(store, record);
		return status;
	}
	if (!*metadata_string(record->json, "deletionTimestamp")) {
		struct json_object *next = fake_json_copy(record->json);
		set_now(json_child(next, "metadata"), "deletionTimestamp");
		if (graceful)
			json_set_int(json_child(next, "metadata"), "deletionGracePeriodSeconds",
				     30);
		replace(store, record, next);
	}
	return answer(ret_json, 200, record->json);
}

int fake_store_handle(struct fake_store *store, const char *method, const struct fake_path *path,
		      const char *content_type, struct json_object *body,
		      struct json_object **ret_json)
{
	bool get = strcmp(method, "GET") == 0;
	if (!path->name && get)
		return list(store, path, ret_json);
	if (!path->name && strcmp(method, "POST") == 0)
		return create(store, path, body, ret_json);
	if (!path->name)
		return refuse(ret_json, 405, "MethodNotAllowed", "not allowed");
	struct fake_record *record =
		fake_store_find(store, path->collection, path->namespace, path->name);
	if (!record)
		return not_found(path, ret_json);
	if (get)
		return answer(ret_json, 200, record->json);
	if (strcmp(method, "PATCH") == 0)
		return patch(store, path, record, content_type, body, ret_json);
	if (strcmp(method, "DELETE") == 0)
		return remove_object(store, path, record, body, ret_json);
	return refuse(ret_json, 405, "MethodNotAllowed", "not allowed");
}
