/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where the API server is and who we are: from the ServiceAccount files of a pod
 * (/var/run/secrets/kubernetes.io/serviceaccount, KUBERNETES_SERVICE_HOST and _PORT), or from a
 * kubeconfig file in JSON or in the YAML subset that kubectl writes.
 */

#include "base/cleanup.h"
#include "base/error.h"
#include "http/client.h"

struct kube_config {
	struct http_client_options http; /* the strings are the config's */
	char *namespace;		 /* the pod's own, or of the context; "default" */
	struct arena *arena;
};

/* path NULL: the pod's files where KUBERNETES_SERVICE_HOST is set, else $KUBECONFIG. */
int kube_config_load(const char *path, struct kube_config *ret_config, struct error *err);
void kube_config_done(struct kube_config *config);
