/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/secret_key.h"

#include <stddef.h>
#include <string.h>

#include "csi/names.h"

/* In front of "secret-name" and "secret-namespace". */
static const char *const words[] = {
	[SECRET_PROVISIONER] = "provisioner-",
	[SECRET_CONTROLLER_PUBLISH] = "controller-publish-",
	[SECRET_NODE_STAGE] = "node-stage-",
	[SECRET_NODE_PUBLISH] = "node-publish-",
	[SECRET_CONTROLLER_EXPAND] = "controller-expand-",
	[SECRET_NODE_EXPAND] = "node-expand-",
	[SECRET_CONTROLLER_MODIFY] = "controller-modify-",
	[SECRET_DEFAULT] = "",
};

/* In front of "Name" and "Namespace". */
static const char *const old_words[SECRET_DEFAULT + 1] = {
	[SECRET_PROVISIONER] = "csiProvisionerSecret",
	[SECRET_CONTROLLER_PUBLISH] = "csiControllerPublishSecret",
	[SECRET_NODE_STAGE] = "csiNodeStageSecret",
	[SECRET_NODE_PUBLISH] = "csiNodePublishSecret",
};

/* What follows in the text behind the beginning, or NULL if that is another. */
static const char *behind(const char *text, const char *beginning)
{
	size_t length = strlen(beginning);
	return strncmp(text, beginning, length) == 0 ? text + length : NULL;
}

/* The rest of a parameter is one of the two words. */
static bool take(const char *rest, const char *name, const char *namespace,
		 struct secret_key *ret_key)
{
	if (!rest || (strcmp(rest, name) != 0 && strcmp(rest, namespace) != 0))
		return false;
	ret_key->names_namespace = strcmp(rest, namespace) == 0;
	return true;
}

bool secret_key_find(const char *parameter, struct secret_key *ret_key)
{
	const char *rest = behind(parameter, CSI_PARAMETER_PREFIX);
	for (int use = 0; use <= SECRET_DEFAULT; use++) {
		ret_key->use = (enum secret_use)use;
		if (rest &&
		    take(behind(rest, words[use]), "secret-name", "secret-namespace", ret_key))
			return true;
		if (old_words[use] &&
		    take(behind(parameter, old_words[use]), "Name", "Namespace", ret_key))
			return true;
	}
	return false;
}
