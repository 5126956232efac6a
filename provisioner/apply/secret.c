/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/secret.h"

#include <stdbool.h>

#include "base/log.h"
#include "kube/verbs.h"

static bool is_named(const char *namespace, const char *name)
{
	return namespace && namespace[0] && name && name[0];
}

/* Codes that a caller takes for those of the call to the node mean something else there. */
static int explain(const char *namespace, struct error *err)
{
	if (err->code == ERROR_EXHAUSTED)
		err->code = ERROR_INVALID;
	if (err->code != ERROR_FORBIDDEN)
		return -1;
	return error_prefix(err,
			    "the provisioner may not read Secrets of namespace %s (name it in the "
			    "chart's value provisioner.secretNamespaces)",
			    namespace);
}

int secret_fetch(const struct applier *applier, const char *namespace, const char *name,
		 struct secret_data *ret_data, struct error *err)
{
	if (!is_named(namespace, name))
		return 0;
	if (kube_get_secret(applier->client, namespace, name, ret_data, err) < 0)
		return explain(namespace, err);
	return 0;
}

static bool may_pass(const struct error *err)
{
	return err->code == ERROR_UNAVAILABLE || err->code == ERROR_TIMEOUT ||
	       err->code == ERROR_CANCELLED;
}

int secret_fetch_to_delete(const struct applier *applier, const char *namespace, const char *name,
			   struct secret_data *ret_data, struct error *err)
{
	struct error why;
	if (secret_fetch(applier, namespace, name, ret_data, &why) == 0)
		return 0;
	if (may_pass(&why))
		return error_set(err, why.code, "%s", why.text);
	log_warning("volume is deleted without its Secret", LOG_NAME("secret", namespace, name),
		    LOG_ERR(&why));
	return 0;
}

int secret_noted(const struct object *object, const struct secret_keys *keys,
		 struct secret_name *ret_name, struct error *err)
{
	const char *name = pairs_get(&object->annotations, keys->name);
	const char *namespace = pairs_get(&object->annotations, keys->namespace);
	if (!name && !namespace)
		return 1;
	if (!name || !*name || !namespace || !*namespace)
		return error_set(err, ERROR_INVALID,
				 "metadata.annotations: a Secret is named by its name and its "
				 "namespace; give both %s and %s",
				 keys->name, keys->namespace);
	*ret_name = (struct secret_name) { .namespace = namespace, .name = name };
	return 0;
}

int secret_fetch_named(const struct applier *applier, const struct secret_name *name,
		       struct secret_data *ret_data, struct error *err)
{
	if (secret_fetch(applier, name->namespace, name->name, ret_data, err) == 0)
		return 0;
	error_prefix(err, "Secret %s/%s", name->namespace, name->name);
	return err->code == ERROR_NOT_FOUND ? error_not_named(err) : -1;
}
