/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which of a class's parameters name Secrets. They are for the provisioner and never parameters of
 * a volume.
 *
 * A Secret is named by two parameters, for its name and its namespace. Each use has a pair of its
 * own, and one more pair stands for all uses that have none.
 */

#include <stdbool.h>

/* What a Secret is sent with. */
enum secret_use {
	SECRET_PROVISIONER, /* CreateVolume and DeleteVolume */
	SECRET_CONTROLLER_PUBLISH,
	SECRET_NODE_STAGE,
	SECRET_NODE_PUBLISH,
	SECRET_CONTROLLER_EXPAND,
	SECRET_NODE_EXPAND,
	SECRET_CONTROLLER_MODIFY,
	SECRET_USES,
	SECRET_DEFAULT = SECRET_USES, /* the pair for all of them */
};

struct secret_key {
	enum secret_use use;
	bool names_namespace; /* else the Secret itself */
};

/* False: the parameter names no Secret. Also knows the names of Kubernetes 1.11 and older, such as
 * csiProvisionerSecretName. */
bool secret_key_find(const char *parameter, struct secret_key *ret_key);
