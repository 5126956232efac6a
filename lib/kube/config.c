/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "kube/kubeconfig.h"

#define ACCOUNT_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"
#define NAMESPACE_MAX_BYTES 256

/* Tests put their own files in its place. */
static const char *account_folder(void)
{
	const char *folder = getenv("KENTLEDGE_SERVICE_ACCOUNT_DIR");
	return folder && *folder ? folder : ACCOUNT_FOLDER;
}

static char *read_namespace(struct arena *arena, const char *folder)
{
	CLEANUP_FREE char *path = must_printf("%s/namespace", folder);
	CLEANUP_FREE char *text = NULL;
	if (file_read(path, NAMESPACE_MAX_BYTES, &text, NULL, NULL) < 0)
		return arena_strdup(arena, "default");
	text[strcspn(text, " \t\r\n")] = '\0';
	return arena_strdup(arena, *text ? text : "default");
}

static int load_pod(const char *host, struct kube_config *config, struct error *err)
{
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	const char *folder = account_folder();
	if (!port || !*port)
		return error_set(err, ERROR_INVALID,
				 "KUBERNETES_SERVICE_PORT: is missing beside "
				 "KUBERNETES_SERVICE_HOST");
	bool is_ipv6 = strchr(host, ':') != NULL;
	config->http = (struct http_client_options) {
		.base_url = arena_printf(config->arena,
					 is_ipv6 ? "https://[%s]:%s" : "https://%s:%s", host, port),
		.ca_file = arena_printf(config->arena, "%s/ca.crt", folder),
		.token_file = arena_printf(config->arena, "%s/token", folder),
	};
	config->namespace = read_namespace(config->arena, folder);
	return 0;
}

static char *folder_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return arena_strdup(arena, ".");
	return arena_copy(arena, path, (size_t)(slash - path));
}

static int load_file(const char *path, struct kube_config *config, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	if (file_read(path, KUBECONFIG_MAX_BYTES, &text, &length, err) < 0)
		return error_prefix(err, "kubeconfig");
	const char *namespace;
	int r = kubeconfig_parse(text, length, folder_of(config->arena, path), config->arena,
				 &config->http, &namespace, err);
	explicit_bzero(text, length); /* may hold a key or a token */
	if (r < 0)
		return error_prefix(err, "kubeconfig %s", path);
	config->namespace = arena_strdup(config->arena, namespace);
	return 0;
}

static int load(const char *path, struct kube_config *config, struct error *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *listed = getenv("KUBECONFIG");
	if (path)
		return load_file(path, config, err);
	if (host && *host)
		return load_pod(host, config, err);
	if (listed && *listed)
		return load_file(listed, config, err);
	return error_set(
		err, ERROR_INVALID,
		"no API server is named: this is not a pod (KUBERNETES_SERVICE_HOST is not "
		"set) and KUBECONFIG is not set; name a file with --kubeconfig");
}

int kube_config_load(const char *path, struct kube_config *ret_config, struct error *err)
{
	struct kube_config config = { .arena = arena_new(1024) };
	if (load(path, &config, err) < 0) {
		kube_config_done(&config);
		return -1;
	}
	*ret_config = config;
	return 0;
}

void kube_config_done(struct kube_config *config)
{
	arena_free(config->arena);
	*config = (struct kube_config) { 0 };
}
