/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A kubeconfig file, in YAML or JSON: the cluster and the user of its current context.
 *
 * Files that it names are looked for beside it. What we cannot do (exec plugins, passwords,
 * proxies, an unverified server) is refused by name instead of being passed over.
 */

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "http/client.h"

#define KUBECONFIG_MAX_BYTES (1u << 20)

/* `folder`: where relative names begin. The results live in the arena. */
int kubeconfig_parse(const char *text, size_t length, const char *folder, struct arena *arena,
		     struct http_client_options *ret_http, const char **ret_namespace,
		     struct error *err);
