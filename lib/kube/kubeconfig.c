/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/kubeconfig.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"
#include "kube/base64.h"

/* A node of the document, and where it stands, for error texts. */
struct place {
	yaml_document_t *document;
	yaml_node_t *node; /* NULL: there is none */
	const char *folder;
	struct arena *arena;
	const char *path; /* "users[admin].user" */
};

static bool is_null(const yaml_node_t *node)
{
	if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return false;
	const char *value = (const char *)node->data.scalar.value;
	return !*value || strcmp(value, "~") == 0 || strcmp(value, "null") == 0;
}

static bool is_key(const yaml_node_t *node, const char *key)
{
	return node && node->type == YAML_SCALAR_NODE && node->data.scalar.length == strlen(key) &&
	       memcmp(node->data.scalar.value, key, strlen(key)) == 0;
}

static yaml_node_t *find_member(yaml_document_t *document, yaml_node_t *map, const char *key)
{
	if (!map || map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++) {
		yaml_node_t *value = yaml_document_get_node(document, pair->value);
		if (is_key(yaml_document_get_node(document, pair->key), key))
			return value && !is_null(value) ? value : NULL;
	}
	return NULL;
}

static struct place member(const struct place *place, const char *key)
{
	struct place found = *place;
	found.node = find_member(place->document, place->node, key);
	found.path =
		arena_printf(place->arena, "%s%s%s", place->path, *place->path ? "." : "", key);
	return found;
}

/* *ret_value is NULL if the member is missing. */
static int read_scalar(const struct place *place, const char *key, const char **ret_value,
		       struct error *err)
{
	struct place found = member(place, key);
	*ret_value = NULL;
	if (!found.node)
		return 0;
	if (found.node->type != YAML_SCALAR_NODE)
		return error_set(err, ERROR_INVALID, "%s: must be a string", found.path);
	const char *value = (const char *)found.node->data.scalar.value;
	size_t length = found.node->data.scalar.length;
	if (strlen(value) != length)
		return error_set(err, ERROR_INVALID, "%s: holds a NUL character", found.path);
	*ret_value = arena_copy(place->arena, value, length);
	return 0;
}

static int need_scalar(const struct place *place, const char *key, const char **ret_value,
		       struct error *err)
{
	if (read_scalar(place, key, ret_value, err) < 0)
		return -1;
	if (!*ret_value || !**ret_value)
		return error_set(err, ERROR_INVALID, "%s: is missing", member(place, key).path);
	return 0;
}

static int read_file_name(const struct place *place, const char *key, const char **ret_path,
			  struct error *err)
{
	const char *name;
	if (read_scalar(place, key, &name, err) < 0)
		return -1;
	*ret_path = !name || name[0] == '/'
			    ? name
			    : arena_printf(place->arena, "%s/%s", place->folder, name);
	return 0;
}

static int read_base64(const struct place *place, const char *key, const char **ret_text,
		       struct error *err)
{
	const char *encoded;
	*ret_text = NULL;
	if (read_scalar(place, key, &encoded, err) < 0)
		return -1;
	if (!encoded)
		return 0;
	CLEANUP_FREE char *data = NULL;
	size_t length;
	if (!base64_decode(encoded, &data, &length) || strlen(data) != length)
		return error_set(err, ERROR_INVALID, "%s: is not PEM text in base64",
				 member(place, key).path);
	*ret_text = arena_copy(place->arena, data, length);
	explicit_bzero(data, length);
	return 0;
}

/* A file's name under `key`, or its content under "<key>-data", which goes first. */
static int read_pem(const struct place *place, const char *key, const char **ret_file,
		    const char **ret_pem, struct error *err)
{
	const char *data_key = arena_printf(place->arena, "%s-data", key);
	if (read_base64(place, data_key, ret_pem, err) < 0 ||
	    read_file_name(place, key, ret_file, err) < 0)
		return -1;
	if (*ret_pem)
		*ret_file = NULL;
	return 0;
}

static int refuse(const struct place *place, const char *const *keys, struct error *err)
{
	for (; *keys; keys++) {
		struct place found = member(place, *keys);
		if (found.node && !is_key(found.node, "false"))
			return error_set(err, ERROR_UNSUPPORTED, "%s: is not supported",
					 found.path);
	}
	return 0;
}

/* The member `body` of the entry with this name in the list `list`. */
static int find_entry(const struct place *root, const char *list, const char *name,
		      const char *body, struct place *ret_place, struct error *err)
{
	struct place entries = member(root, list);
	if (entries.node && entries.node->type == YAML_SEQUENCE_NODE) {
		for (yaml_node_item_t *item = entries.node->data.sequence.items.start;
		     item < entries.node->data.sequence.items.top; item++) {
			struct place entry = entries;
			entry.node = yaml_document_get_node(root->document, *item);
			entry.path = arena_printf(root->arena, "%s[%s]", list, name);
			if (!is_key(member(&entry, "name").node, name))
				continue;
			*ret_place = member(&entry, body);
			return 0;
		}
	}
	return error_set(err, ERROR_INVALID, "%s: has no entry with the name \"%.253s\"", list,
			 name);
}

static int read_cluster(const struct place *cluster, struct http_client_options *http,
			struct error *err)
{
	static const char *const refused[] = { "insecure-skip-tls-verify", "proxy-url",
					       "tls-server-name", NULL };
	if (refuse(cluster, refused, err) < 0 ||
	    need_scalar(cluster, "server", &http->base_url, err) < 0)
		return -1;
	size_t length = strlen(http->base_url);
	while (length && http->base_url[length - 1] == '/')
		length--;
	http->base_url = arena_copy(cluster->arena, http->base_url, length);
	return read_pem(cluster, "certificate-authority", &http->ca_file, &http->ca_pem, err);
}

static int check_pair(const struct place *user, const struct http_client_options *http,
		      struct error *err)
{
	bool certificate = http->certificate_file || http->certificate_pem;
	bool key = http->key_file || http->key_pem;
	if (certificate == key)
		return 0;
	return error_set(err, ERROR_INVALID, "%s: is missing",
			 member(user, key ? "client-certificate" : "client-key").path);
}

static int read_user(const struct place *user, struct http_client_options *http, struct error *err)
{
	static const char *const refused[] = { "exec",	   "auth-provider",
					       "username", "password",
					       "as",	   NULL };
	if (refuse(user, refused, err) < 0 || read_scalar(user, "token", &http->token, err) < 0 ||
	    read_file_name(user, "tokenFile", &http->token_file, err) < 0 ||
	    read_pem(user, "client-certificate", &http->certificate_file, &http->certificate_pem,
		     err) < 0 ||
	    read_pem(user, "client-key", &http->key_file, &http->key_pem, err) < 0)
		return -1;
	return check_pair(user, http, err);
}

static int read_context(const struct place *root, struct http_client_options *ret_http,
			const char **ret_namespace, struct error *err)
{
	const char *name, *cluster_name, *user_name;
	struct place context, cluster, user;
	if (need_scalar(root, "current-context", &name, err) < 0 ||
	    find_entry(root, "contexts", name, "context", &context, err) < 0 ||
	    need_scalar(&context, "cluster", &cluster_name, err) < 0 ||
	    need_scalar(&context, "user", &user_name, err) < 0 ||
	    read_scalar(&context, "namespace", ret_namespace, err) < 0 ||
	    find_entry(root, "clusters", cluster_name, "cluster", &cluster, err) < 0 ||
	    find_entry(root, "users", user_name, "user", &user, err) < 0)
		return -1;
	struct http_client_options http = { 0 };
	if (read_cluster(&cluster, &http, err) < 0 || read_user(&user, &http, err) < 0)
		return -1;
	*ret_http = http;
	return 0;
}

static int read_document(yaml_document_t *document, const char *folder, struct arena *arena,
			 struct http_client_options *ret_http, const char **ret_namespace,
			 struct error *err)
{
	const struct place root = {
		.document = document,
		.node = yaml_document_get_root_node(document),
		.folder = folder,
		.arena = arena,
		.path = "",
	};
	if (!root.node || root.node->type != YAML_MAPPING_NODE)
		return error_set(err, ERROR_INVALID, "is not a kubeconfig: not a map");
	const char *namespace = NULL;
	if (read_context(&root, ret_http, &namespace, err) < 0)
		return -1;
	*ret_namespace = namespace ? namespace : "default";
	return 0;
}

int kubeconfig_parse(const char *text, size_t length, const char *folder, struct arena *arena,
		     struct http_client_options *ret_http, const char **ret_namespace,
		     struct error *err)
{
	yaml_parser_t parser;
	yaml_document_t document;
	if (!yaml_parser_initialize(&parser))
		abort(); /* as when memory is out: base/text.h */
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
	int r;
	if (!yaml_parser_load(&parser, &document)) {
		r = error_set(err, ERROR_INVALID, "line %zu: is not YAML: %s",
			      parser.problem_mark.line + 1,
			      parser.problem ? parser.problem : "cannot be read");
	} else {
		r = read_document(&document, folder, arena, ret_http, ret_namespace, err);
		yaml_document_delete(&document);
	}
	yaml_parser_delete(&parser);
	return r;
}
