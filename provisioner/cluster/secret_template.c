/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/secret_template.h"

#include <string.h>

#include "base/text.h"

#define NAME_MAX_BYTES                                                                             \
	253 /* a DNS subdomain: RFC 1123, and Kubernetes' rule for names of Secrets */
#define NAMESPACE_MAX_BYTES 63 /* a DNS label */

bool secret_token_is(const struct secret_token *token, const char *word)
{
	return strlen(word) == token->length && memcmp(token->text, word, token->length) == 0;
}

int secret_token_refuse(const struct secret_token *token, const char *allowed, struct error *err)
{
	return error_set(err, ERROR_INVALID, "${%.*s} cannot stand there; %s",
			 (int)(token->length < 253 ? token->length : 253), token->text, allowed);
}

int secret_templates_check(const struct secret_templates *templates, struct error *err)
{
	const char *name = templates->name.key;
	const char *namespace = templates->namespace.key;
	if (!name == !namespace)
		return 0;
	return error_set(err, ERROR_INVALID,
			 "%s stands alone; a Secret is named by its name and its "
			 "namespace, give both or none",
			 name ? name : namespace);
}

/* The template with all of its tokens replaced. It stops where the result is too long for a name.
 */
static int expand(const struct secret_scope *scope, const char *template, bool in_namespace,
		  struct text *result, struct error *err)
{
	while (*template && result->length <= NAME_MAX_BYTES) {
		const char *begin = strstr(template, "${");
		const char *end = begin ? strchr(begin, '}') : NULL;
		const char *value;
		if (!begin) {
			text_append_string(result, template);
			return 0;
		}
		text_append(result, template, (size_t)(begin - template));
		if (!end)
			return error_set(err, ERROR_INVALID, "\"${\" without \"}\"");
		const struct secret_token token = { .text = begin + 2,
						    .length = (size_t)(end - begin - 2),
						    .in_namespace = in_namespace };
		if (scope->resolve(scope->context, &token, &value, err) < 0)
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

static int resolve(const struct secret_scope *scope, const struct secret_template *template,
		   bool in_namespace, const char **ret_name, struct error *err)
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

int secret_templates_resolve(const struct secret_scope *scope,
			     const struct secret_templates *templates, struct secret_name *ret_name,
			     struct error *err)
{
	struct secret_name name = { 0 };
	if (secret_templates_check(templates, err) < 0)
		return -1;
	if (templates->name.key &&
	    (resolve(scope, &templates->namespace, true, &name.namespace, err) < 0 ||
	     resolve(scope, &templates->name, false, &name.name, err) < 0))
		return -1;
	*ret_name = name;
	return 0;
}
