/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/secret_names.h"

#include <string.h>

#include "base/text.h"
#include "claim/request.h"
#include "csi/names.h"

#define NAME_MAX_BYTES                                                                             \
	253 /* a DNS subdomain: RFC 1123, and Kubernetes' rule for names of Secrets */
#define NAMESPACE_MAX_BYTES 63 /* a DNS label */

/* A parameter of the class; key NULL: it is not there. */
struct template
{
	const char *key;
	const char *text;
};

struct templates {
	struct template name;
	struct template namespace;
};

/* What a template can stand for. */
struct scope {
	const struct claim *claim;
	const char *volume_name;
	struct arena *arena;
};

static int sort_templates(const struct class *class, struct templates *templates, struct error *err)
{
	for (size_t i = 0; i < class->parameters.count; i++) {
		const struct pair *parameter = &class->parameters.items[i];
		struct secret_key key;
		if (!secret_key_find(parameter->key, &key))
			continue;
		struct template *template = key.names_namespace ? &templates[key.use].namespace
								: &templates[key.use].name;
		if (template->key)
			return error_set(err, ERROR_INVALID, "%s and %s say the same; keep one",
					 template->key, parameter->key);
		*template = (struct template) { parameter->key, parameter->value };
	}
	return 0;
}

static int check_pairs(const struct templates *templates, struct error *err)
{
	for (int use = 0; use <= SECRET_DEFAULT; use++) {
		const char *name = templates[use].name.key;
		const char *namespace = templates[use].namespace.key;
		if (!name != !namespace)
			return error_set(err, ERROR_INVALID,
					 "%s stands alone; a Secret is named by its name and its "
					 "namespace, give both or none",
					 name ? name : namespace);
	}
	return 0;
}

/* ${pvc.annotations['key']}: the value of the annotation. */
static int read_annotation(const struct scope *scope, const char *token, size_t length,
			   const char **ret_value, struct error *err)
{
	static const char head[] = "pvc.annotations['";
	size_t head_length = sizeof(head) - 1;
	const char *key = arena_copy(scope->arena, token + head_length, length - head_length - 2);
	*ret_value = pairs_get(&scope->claim->object.annotations, key);
	if (*ret_value)
		return 0;
	return error_set(err, ERROR_INVALID, "the claim has no annotation \"%.253s\"", key);
}

static bool is(const char *token, size_t length, const char *word)
{
	return strlen(word) == length && memcmp(token, word, length) == 0;
}

static bool is_annotation(const char *token, size_t length)
{
	static const char head[] = "pvc.annotations['";
	size_t head_length = sizeof(head) - 1;
	return length > head_length + 2 && memcmp(token, head, head_length) == 0 &&
	       memcmp(token + length - 2, "']", 2) == 0;
}

static int resolve_token(const struct scope *scope, const char *token, size_t length,
			 bool in_namespace, const char **ret_value, struct error *err)
{
	const struct object *claim = &scope->claim->object;
	if (is(token, length, "pv.name"))
		*ret_value = scope->volume_name;
	else if (is(token, length, "pvc.namespace"))
		*ret_value = claim->namespace;
	else if (!in_namespace && is(token, length, "pvc.name"))
		*ret_value = claim->name;
	else if (!in_namespace && is_annotation(token, length))
		return read_annotation(scope, token, length, ret_value, err);
	else
		return error_set(err, ERROR_INVALID, "${%.*s} cannot stand there; %s",
				 (int)(length < 253 ? length : 253), token,
				 in_namespace ? "a namespace may have ${pv.name} and "
						"${pvc.namespace} alone"
					      : "a name may have ${pv.name}, ${pvc.namespace}, "
						"${pvc.name} and ${pvc.annotations['key']}");
	return 0;
}

/* The template with all of its tokens replaced. It stops where the result is too long for a name.
 */
static int expand(const struct scope *scope, const char *template, bool in_namespace,
		  struct text *result, struct error *err)
{
	while (*template && result->length <= NAME_MAX_BYTES) {
		const char *token = strstr(template, "${");
		const char *end = token ? strchr(token, '}') : NULL;
		const char *value;
		if (!token) {
			text_append_string(result, template);
			return 0;
		}
		text_append(result, template, (size_t)(token - template));
		token += 2;
		if (!end)
			return error_set(err, ERROR_INVALID, "\"${\" without \"}\"");
		if (resolve_token(scope, token, (size_t)(end - token), in_namespace, &value, err) <
		    0)
			return -1;
		text_append_string(result, value);
		template = end + 1;
	}
	return 0;
}

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Labels of a-z, 0-9 and "-", which neither begin nor end with "-"; in a name, dots between them.
 */
static bool is_dns_name(const char *text, bool in_namespace)
{
	size_t length = strlen(text);
	if (length == 0 || length > (in_namespace ? NAMESPACE_MAX_BYTES : NAME_MAX_BYTES))
		return false;
	for (size_t i = 0; i < length; i++) {
		bool at_edge =
			i == 0 || i == length - 1 || text[i - 1] == '.' || text[i + 1] == '.';
		bool fits = is_alphanumeric(text[i]) || (text[i] == '-' && !at_edge) ||
			    (text[i] == '.' && !in_namespace && i > 0 && i < length - 1 &&
			     is_alphanumeric(text[i - 1]));
		if (!fits)
			return false;
	}
	return true;
}

static int resolve(const struct scope *scope, const struct template *template, bool in_namespace,
		   const char **ret_name, struct error *err)
{
	CLEANUP_TEXT struct text result = TEXT_INIT;
	if (expand(scope, template->text, in_namespace, &result, err) < 0)
		return error_prefix(err, "%s", template->key);
	if (!is_dns_name(text_string(&result), in_namespace))
		return error_set(err, ERROR_INVALID, "%s: \"%.260s\" is no name of a %s",
				 template->key, text_string(&result),
				 in_namespace ? "namespace" : "Secret");
	*ret_name = arena_strdup(scope->arena, text_string(&result));
	return 0;
}

static int resolve_pair(const struct scope *scope, const struct templates *templates,
			struct secret_name *ret_name, struct error *err)
{
	*ret_name = (struct secret_name) { 0 };
	if (!templates->name.key)
		return 0;
	if (resolve(scope, &templates->namespace, true, &ret_name->namespace, err) < 0)
		return -1;
	return resolve(scope, &templates->name, false, &ret_name->name, err);
}

/* The key of an encrypted volume is an entry of the Secret that the kubelet sends with
 * NodeStageVolume: without one the volume could never be mounted. */
static int check_encryption(const struct class *class, const struct secret_names *names,
			    struct error *err)
{
	const char *encryption = pairs_get(&class->parameters, "encryption");
	if (!encryption || strcmp(encryption, "fscrypt") != 0 || names->of[SECRET_NODE_STAGE].name)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "encryption: fscrypt needs a key, the entry encryptionKey of a Secret: "
			 "name it by " CSI_PARAMETER_PREFIX
			 "node-stage-secret-name and " CSI_PARAMETER_PREFIX
			 "node-stage-secret-namespace");
}

static int read_names(const struct scope *scope, const struct class *class,
		      struct secret_names *names, struct error *err)
{
	struct templates templates[SECRET_DEFAULT + 1] = { 0 };
	if (sort_templates(class, templates, err) < 0 || check_pairs(templates, err) < 0)
		return -1;
	for (int use = 0; use < SECRET_USES; use++) {
		bool own = templates[use].name.key != NULL;
		if (resolve_pair(scope, &templates[own ? use : SECRET_DEFAULT], &names->of[use],
				 err) < 0)
			return -1;
	}
	return check_encryption(class, names, err);
}

int secret_names_read(const struct claim *claim, const struct class *class, struct arena *arena,
		      struct secret_names *ret_names, struct error *err)
{
	const struct scope scope = { .claim = claim,
				     .volume_name = claim_volume_name(claim, arena),
				     .arena = arena };
	struct secret_names names;
	if (read_names(&scope, class, &names, err) < 0)
		return error_prefix(err, "StorageClass %s: parameters", class->object.name);
	*ret_names = names;
	return 0;
}
