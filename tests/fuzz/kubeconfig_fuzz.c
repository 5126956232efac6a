/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kubeconfig file: one that is taken names a server, and a certificate comes with its key.
 */
#include "kube/kubeconfig.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct http_client_options *http, const char *namespace)
{
	bool certificate = http->certificate_file || http->certificate_pem;
	bool key = http->key_file || http->key_pem;
	if (!http->base_url || !namespace || certificate != key)
		abort();
	if (http->ca_file && http->ca_pem)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct http_client_options http = { 0 };
	const char *namespace = NULL;
	struct error err = { 0 };
	if (kubeconfig_parse((const char *)data, size, "/etc", arena, &http, &namespace, &err) == 0)
		check(&http, namespace);
	else if (!*err.text)
		abort();
	return 0;
}
