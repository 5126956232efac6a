/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "kube/base64.h"
#include "kube/kubeconfig.h"
#include "test.h"

static int parse(const char *text, struct arena *arena, struct http_client_options *http,
		 const char **namespace, struct error *err)
{
	return kubeconfig_parse(text, strlen(text), "/etc/kube", arena, http, namespace, err);
}

/* As kubectl writes it. */
static const char kubectl_style[] = "apiVersion: v1\n"
				    "clusters:\n"
				    "- cluster:\n"
				    "    certificate-authority-data: Y2E=\n"
				    "    server: https://127.0.0.1:6443/\n"
				    "  name: one\n"
				    "- cluster:\n"
				    "    certificate-authority: two/ca.crt\n"
				    "    server: \"https://two:443\"\n"
				    "  name: two\n"
				    "contexts:\n"
				    "- context: {cluster: one, user: admin, namespace: prod}\n"
				    "  name: first\n"
				    "- context:\n"
				    "    cluster: two\n"
				    "    user: robot\n"
				    "  name: second\n"
				    "current-context: %s\n"
				    "kind: Config\n"
				    "preferences: {}\n"
				    "users:\n"
				    "- name: admin\n"
				    "  user:\n"
				    "    client-certificate-data: Y2VydA==\n"
				    "    client-key-data: a2V5\n"
				    "- name: robot\n"
				    "  user:\n"
				    "    tokenFile: /var/token\n"
				    "    token: ignored\n"
				    "    client-certificate: r.crt\n"
				    "    client-key: r.key\n";

static void reads_the_current_context(void **state)
{
	char text[2048];
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct http_client_options http;
	const char *namespace;
	struct error err;
	snprintf(text, sizeof(text), kubectl_style, "first");
	assert_int_equal(parse(text, arena, &http, &namespace, &err), 0);
	assert_string_equal(http.base_url, "https://127.0.0.1:6443");
	assert_string_equal(http.ca_pem, "ca");
	assert_string_equal(http.certificate_pem, "cert");
	assert_string_equal(http.key_pem, "key");
	assert_null(http.token);
	assert_string_equal(namespace, "prod");
	snprintf(text, sizeof(text), kubectl_style, "second");
	assert_int_equal(parse(text, arena, &http, &namespace, &err), 0);
	assert_string_equal(http.base_url, "https://two:443");
	assert_string_equal(http.ca_file, "/etc/kube/two/ca.crt");
	assert_string_equal(http.certificate_file, "/etc/kube/r.crt");
	assert_string_equal(http.token_file, "/var/token");
	assert_null(http.ca_pem);
	assert_string_equal(namespace, "default");
}

#define CONTEXT                                                                                    \
	"\"current-context\":\"c\",\"contexts\":[{\"name\":\"c\",\"context\":"                     \
	"{\"cluster\":\"k\",\"user\":\"u\"}}]"
#define CLUSTER "\"clusters\":[{\"name\":\"k\",\"cluster\":{\"server\":\"https://k\"}}]"
#define USER(user) "\"users\":[{\"name\":\"u\",\"user\":{" user "}}]"

static void reads_json_too(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct http_client_options http;
	const char *namespace;
	struct error err = { 0 };
	int r = parse("{" CONTEXT "," CLUSTER "," USER("\"token\":\"secret\"") "}", arena, &http,
		      &namespace, &err);
	assert_int_equal(r, 0);
	assert_string_equal(http.token, "secret");
}

static void names_the_field_that_is_missing_or_wrong(void **state)
{
	static const struct {
		const char *config;
		const char *text;
	} cases[] = {
		{ "", "is not a kubeconfig: not a map" },
		{ "- a", "is not a kubeconfig: not a map" },
		{ "a: [", "line 2: is not YAML: " },
		{ "a: 1\n\tb: 2", "line 2: is not YAML: " },
		{ "kind: Config", "current-context: is missing" },
		{ "current-context: ''", "current-context: is missing" },
		{ "current-context: [a]", "current-context: must be a string" },
		{ "current-context: c", "contexts: has no entry with the name \"c\"" },
		{ "{current-context: c, contexts: {}}",
		  "contexts: has no entry with the name \"c\"" },
		{ "{current-context: c, contexts: [{name: c}]}",
		  "contexts[c].context.cluster: is missing" },
		{ "{" CONTEXT "}", "clusters: has no entry with the name \"k\"" },
		{ "{" CONTEXT "," CLUSTER "}", "users: has no entry with the name \"u\"" },
		{ "{" CONTEXT ",clusters: [{name: k, cluster: {}}]," USER("") "}",
		  "clusters[k].cluster.server: is missing" },
		{ "{" CONTEXT ",clusters: [{name: k, cluster: {server: x, "
		  "insecure-skip-tls-verify: true}}]," USER("") "}",
		  "clusters[k].cluster.insecure-skip-tls-verify: is not supported" },
		{ "{" CONTEXT ",clusters: [{name: k, cluster: {server: x, "
		  "certificate-authority-data: '*'}}]," USER("") "}",
		  "clusters[k].cluster.certificate-authority-data: is not PEM text" },
		{ "{" CONTEXT "," CLUSTER "," USER("exec: {command: aws}") "}",
		  "users[u].user.exec: is not supported" },
		{ "{" CONTEXT "," CLUSTER "," USER("username: me") "}",
		  "users[u].user.username: is not supported" },
		{ "{" CONTEXT "," CLUSTER "," USER("client-key: k") "}",
		  "users[u].user.client-certificate: is missing" },
		{ "{" CONTEXT "," CLUSTER "," USER("client-certificate-data: eA==") "}",
		  "users[u].user.client-key: is missing" },
		{ "{" CONTEXT "," CLUSTER "," USER("\"token\": \"a\\0b\"") "}",
		  "users[u].user.token: holds a NUL character" },
		{ "{" CONTEXT "," CLUSTER "," USER("client-key-data: AAAA") "}",
		  "users[u].user.client-key-data: is not PEM text in base64" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
		struct http_client_options http;
		const char *namespace;
		struct error err;
		if (parse(cases[i].config, arena, &http, &namespace, &err) == 0)
			fail_msg("%s was taken", cases[i].config);
		if (strncmp(err.text, cases[i].text, strlen(cases[i].text)) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].config, err.text,
				 cases[i].text);
	}
}

static void takes_insecure_false_and_null_as_absent(void **state)
{
	CLEANUP(arena_freep) struct arena *arena = arena_new(1024);
	struct http_client_options http;
	const char *namespace;
	struct error err = { 0 };
	int r = parse("{" CONTEXT ",clusters: [{name: k, cluster: {server: https://k, "
		      "insecure-skip-tls-verify: false, proxy-url: null}}]," USER("token: ~") "}",
		      arena, &http, &namespace, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(r, 0);
	assert_null(http.token);
}

static void decodes_base64_strictly(void **state)
{
	static const struct {
		const char *text;
		const char *data; /* NULL: refused */
	} cases[] = {
		{ "", "" },	   { "Zg==", "f" },	      { "Zm8=", "fo" },
		{ "Zm9v", "foo" }, { "Zm9v\nYmE=", "fooba" }, { "Zg=", NULL },
		{ "Zg", NULL },	   { "Zh==", NULL },	      { "Z", NULL },
		{ "Zm9v=", NULL }, { "=Zm9", NULL },	      { "Zm 9v", "foo" },
		{ "Zm9_", NULL },  { "Zg==Zg==", NULL },      { "====", NULL },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP_FREE char *data = NULL;
		size_t length = 0;
		bool taken = base64_decode(cases[i].text, &data, &length);
		if (taken != (cases[i].data != NULL))
			fail_msg("\"%s\": %d", cases[i].text, taken);
		if (!taken)
			continue;
		assert_string_equal(data, cases[i].data);
		assert_int_equal(length, strlen(cases[i].data));
	}
}

static void clear_environment(void)
{
	unsetenv("KUBERNETES_SERVICE_HOST");
	unsetenv("KUBERNETES_SERVICE_PORT");
	unsetenv("KUBECONFIG");
	unsetenv("KENTLEDGE_SERVICE_ACCOUNT_DIR");
}

static void write_file(const char *folder, const char *name, const char *content)
{
	CLEANUP_FREE char *path = must_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs(content, file);
	assert_int_equal(fclose(file), 0);
}

static void reads_the_files_of_a_pod(void **state)
{
	char folder[] = "/tmp/account-XXXXXX";
	struct kube_config config;
	struct error err;
	assert_non_null(mkdtemp(folder));
	write_file(folder, "namespace", "storage\n");
	clear_environment();
	setenv("KENTLEDGE_SERVICE_ACCOUNT_DIR", folder, 1);
	setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1", 1);
	assert_int_equal(kube_config_load(NULL, &config, &err), -1);
	assert_non_null(strstr(err.text, "KUBERNETES_SERVICE_PORT"));
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_int_equal(kube_config_load(NULL, &config, &err), 0);
	assert_string_equal(config.http.base_url, "https://10.96.0.1:443");
	assert_string_equal(config.namespace, "storage");
	assert_non_null(strstr(config.http.token_file, folder));
	assert_non_null(strstr(config.http.ca_file, "ca.crt"));
	kube_config_done(&config);
	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	assert_int_equal(kube_config_load(NULL, &config, &err), 0);
	assert_string_equal(config.http.base_url, "https://[fd00::1]:443");
	kube_config_done(&config);
	clear_environment();
	CLEANUP_FREE char *path = must_printf("%s/namespace", folder);
	unlink(path);
	rmdir(folder);
}

static void reads_the_file_that_is_named(void **state)
{
	char folder[] = "/tmp/config-XXXXXX";
	struct kube_config config;
	struct error err;
	assert_non_null(mkdtemp(folder));
	write_file(folder, "config", "{" CONTEXT "," CLUSTER "," USER("tokenFile: token") "}");
	CLEANUP_FREE char *path = must_printf("%s/config", folder);
	CLEANUP_FREE char *token = must_printf("%s/token", folder);
	clear_environment();
	assert_int_equal(kube_config_load(path, &config, &err), 0);
	assert_string_equal(config.http.token_file, token);
	assert_string_equal(config.namespace, "default");
	kube_config_done(&config);
	setenv("KUBECONFIG", path, 1);
	assert_int_equal(kube_config_load(NULL, &config, &err), 0);
	kube_config_done(&config);
	clear_environment();
	write_file(folder, "config", "kind: Config");
	assert_int_equal(kube_config_load(path, &config, &err), -1);
	assert_non_null(strstr(err.text, path));
	assert_non_null(strstr(err.text, "current-context: is missing"));
	unlink(path);
	rmdir(folder);
	assert_int_equal(kube_config_load(path, &config, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void says_what_to_do_where_nothing_names_a_server(void **state)
{
	struct kube_config config;
	struct error err;
	clear_environment();
	assert_int_equal(kube_config_load(NULL, &config, &err), -1);
	assert_int_equal(err.code, ERROR_INVALID);
	assert_non_null(strstr(err.text, "--kubeconfig"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_current_context),
		cmocka_unit_test(reads_json_too),
		cmocka_unit_test(names_the_field_that_is_missing_or_wrong),
		cmocka_unit_test(takes_insecure_false_and_null_as_absent),
		cmocka_unit_test(decodes_base64_strictly),
		cmocka_unit_test(reads_the_files_of_a_pod),
		cmocka_unit_test(reads_the_file_that_is_named),
		cmocka_unit_test(says_what_to_do_where_nothing_names_a_server),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
