/* SPDX-License-Identifier: Apache-2.0 */
#include "claim/secret_names.h"

#include <string.h>

#include "base/text.h"
#include "claim/request.h"
#include "csi/names.h"

/* What a template can stand for. */
struct origin {
	const struct claim *claim;
	const char *volume_name;
	struct arena *arena;
};

static int sort_templates(const struct class *class, struct secret_templates *templates,
			  struct error *err)
{
	for (size_t i = 0; i < class->parameters.count; i++) {
		const struct pair *parameter = &class->parameters.items[i];
		struct secret_key key;
		if (!secret_key_find(parameter->key, &key))
			continue;
		struct secret_template *template = key.names_namespace
							   ? &templates[key.use].namespace
							   : &templates[key.use].name;
		if (template->key)
			return error_set(err, ERROR_INVALID, "%s and %s say the same; keep one",
					 template->key, parameter->key);
		*template = (struct secret_template) { parameter->key, parameter->value };
	}
	return 0;
}

static int check_pairs(const struct secret_templates *templates, struct error *err)
{
	for (int use = 0; use <= SECRET_DEFAULT; use++)
		if (secret_templates_check(&templates[use], err) < 0)
			return -1;
	return 0;
}

/* ${pvc.annotations['key']}: the value of the annotation. */
static int read_annotation(const struct origin *origin, const struct secret_token *token,
			   const char **ret_value, struct error *err)
{
	static const char head[] = "pvc.annotations['";
	size_t head_length = sizeof(head) - 1;
	const char *key = arena_copy(origin->arena, token->text + head_length,
				     token->length - head_length - 2);
	*ret_value = pairs_get(&origin->claim->object.annotations, key);
	if (*ret_value)
		return 0;
	return error_set(err, ERROR_INVALID, "the claim has no annotation \"%.253s\"", key);
}

static bool is_annotation(const struct secret_token *token)
{
	static const char head[] = "pvc.annotations['";
	size_t head_length = sizeof(head) - 1;
	return token->length > head_length + 2 && memcmp(token->text, head, head_length) == 0 &&
	       memcmp(token->text + token->length - 2, "']", 2) == 0;
}

static int resolve_token(const void *context, const struct secret_token *token,
			 const char **ret_value, struct error *err)
{
	const struct origin *origin = context;
	const struct object *claim = &origin->claim->object;
	if (secret_token_is(token, "pv.name"))
		*ret_value = origin->volume_name;
	else if (secret_token_is(token, "pvc.namespace"))
		*ret_value = claim->namespace;
	else if (!token->in_namespace && secret_token_is(token, "pvc.name"))
		*ret_value = claim->name;
	else if (!token->in_namespace && is_annotation(token))
		return read_annotation(origin, token, ret_value, err);
	else
		return secret_token_refuse(
			token,
			token->in_namespace ? "a namespace may have ${pv.name} and "
					      "${pvc.namespace} alone"
					    : "a name may have ${pv.name}, ${pvc.namespace}, "
					      "${pvc.name} and ${pvc.annotations['key']}",
			err);
	return 0;
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

static int read_names(const struct secret_scope *scope, const struct class *class,
		      struct secret_names *names, struct error *err)
{
	struct secret_templates templates[SECRET_DEFAULT + 1] = { 0 };
	if (sort_templates(class, templates, err) < 0 || check_pairs(templates, err) < 0)
		return -1;
	for (int use = 0; use < SECRET_USES; use++) {
		bool own = templates[use].name.key != NULL;
		if (secret_templates_resolve(scope, &templates[own ? use : SECRET_DEFAULT],
					     &names->of[use], err) < 0)
			return -1;
	}
	return check_encryption(class, names, err);
}

int secret_names_read(const struct claim *claim, const struct class *class, struct arena *arena,
		      struct secret_names *ret_names, struct error *err)
{
	const struct origin origin = { .claim = claim,
				       .volume_name = claim_volume_name(claim, arena),
				       .arena = arena };
	const struct secret_scope scope = { .resolve = resolve_token,
					    .context = &origin,
					    .arena = arena };
	struct secret_names names;
	if (read_names(&scope, class, &names, err) < 0)
		return error_prefix(err, "StorageClass %s: parameters", class->object.name);
	*ret_names = names;
	return 0;
}
