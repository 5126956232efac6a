/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a Secret holds cannot be found in the memory of the process that has read and sent it. The
 * process is a child of the test's, since the test itself plays the API server and the node, and
 * knows the Secret. Without TLS: what its library keeps is not in our hands.
 */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apply/secret.h"
#include "base/memory.h"
#include "csi/client.h"
#include "fake_node.h"
#include "kube/config.h"
#include "memory_search.h"
#include "raw_server.h"
#include "rpc/channel.h"
#include "test.h"

#define HEAD "wLq8ZVY3aGJkMnF4"
#define TAIL "0Tk5ybU9tQkR3Zz0"
#define HEAD_BASE64 "d0xxOFpWWTNhR0pr"
#define TAIL_BASE64 "YlU5dFFrUjNaejA"
/* HEAD "-b1NoZkp-" TAIL */
#define PASSWORD_BASE64 HEAD_BASE64 "TW5GNC1iMU5vWmtwLTBUazV5" TAIL_BASE64 "="

#define TIMEOUT_MS 5000

static struct {
	pid_t pid;
	int fd; /* to the child */
} child;

/*
 * The child reads a line "URL SOCKET". It writes 'h' while it holds the Secret, waits for a byte of
 * the parent, and writes 'd' when it is done, or 'e' for an error.
 */

static int use_secret(int fd, struct kube_client *client, struct rpc_channel *channel,
		      struct error *err)
{
	CLEANUP_SECRET_DATA struct secret_data secret = { 0 };
	const struct applier applier = { .client = client };
	struct csi_capability capability = { .access_mode = CSI_SINGLE_NODE_MULTI_WRITER };
	struct csi_create_volume_request request = { .name = "pvc-1",
						     .required_bytes = 4096,
						     .capabilities = &capability,
						     .capability_count = 1 };
	struct csi_volume *volume = NULL;
	char go;
	if (secret_fetch(&applier, "keys", "login", &secret, err) < 0)
		return -1;
	request.secrets = secret.pairs;
	if (csi_create_volume(channel, &request, TIMEOUT_MS, &volume, err) < 0)
		return -1;
	csi_volume_free(volume);
	if (csi_delete_volume(channel, "pvc-1", &secret.pairs, TIMEOUT_MS, err) < 0)
		return -1;
	return write(fd, "h", 1) == 1 && read(fd, &go, 1) == 1 ? 0 : -1;
}

static int be_provisioner(int fd, struct error *err)
{
	char line[512] = "", url[256], socket_path[256];
	struct kube_config config = { 0 };
	CLEANUP(kube_client_freep) struct kube_client *client = NULL;
	CLEANUP(rpc_channel_freep) struct rpc_channel *channel = NULL;
	if (read(fd, line, sizeof(line) - 1) <= 0 ||
	    sscanf(line, "%255s %255s", url, socket_path) != 2)
		return error_set(err, ERROR_INTERNAL, "no line");
	config.http.base_url = url;
	if (kube_client_new(&config, "test", &client, err) < 0 ||
	    rpc_channel_new_unix(socket_path, &channel, err) < 0 ||
	    use_secret(fd, client, channel, err) < 0)
		return -1;
	/* The connections stay open, with what their buffers hold. */
	char end;
	return write(fd, "d", 1) == 1 && read(fd, &end, 1) >= 0 ? 0 : -1;
}

static void run_child(int fd)
{
	struct error err = { 0 };
	memory_init();
	if (be_provisioner(fd, &err) < 0) {
		fprintf(stderr, "child: %s\n", err.text);
		_exit(1);
	}
	_exit(0);
}

static void start_child(void)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		_exit(1);
	child.pid = fork();
	if (child.pid == 0) {
		close(pair[0]);
		run_child(pair[1]);
	}
	close(pair[1]);
	child.fd = pair[0];
}

/*
 * The world around it.
 */

static bool serve(void *context, struct raw_connection *connection,
		  const struct raw_request *request)
{
	if (strncmp(request->head, "GET /api/v1/namespaces/keys/secrets/login ", 42) != 0)
		return raw_answer(connection, 404, "{}");
	return raw_answer(connection, 200,
			  "{\"kind\":\"Secret\",\"apiVersion\":\"v1\","
			  "\"metadata\":{\"name\":\"login\",\"namespace\":\"keys\","
			  "\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
			  "\"{\\\"data\\\":{\\\"password\\\":\\\"" PASSWORD_BASE64 "\\\"}}\"}},"
			  "\"data\":{\"user\":\"bWU=\",\"password\":\"" PASSWORD_BASE64 "\"}}");
}

static void expect(char word)
{
	char answer = 0;
	assert_int_equal(read(child.fd, &answer, 1), 1);
	assert_int_equal(answer, word);
}

static void a_secret_that_was_sent_is_nowhere_in_memory(void **state)
{
	CLEANUP(raw_server_freep)
	struct raw_server *server = raw_server_new(NULL, serve, NULL);
	CLEANUP(fake_node_freep) struct fake_node *node = fake_node_new("node-a");
	char line[512];
	fake_node_serve(node);
	snprintf(line, sizeof(line), "%s %s", raw_server_url(server), fake_node_socket(node));
	assert_int_equal(write(child.fd, line, strlen(line)), strlen(line));
	expect('h');
	CLEANUP_FREE char *created = fake_node_secrets(node, "CreateVolume");
	CLEANUP_FREE char *deleted = fake_node_secrets(node, "DeleteVolume");
	assert_string_equal(created, "user=me,password=" HEAD "-b1NoZkp-" TAIL);
	assert_string_equal(deleted, created);
	assert_true(memory_search(child.pid, HEAD)); /* the search finds what is there */
	assert_int_equal(write(child.fd, "g", 1), 1);
	expect('d');
	assert_false(memory_search(child.pid, HEAD));
	assert_false(memory_search(child.pid, TAIL));
	assert_false(memory_search(child.pid, HEAD_BASE64));
	assert_false(memory_search(child.pid, TAIL_BASE64));
	close(child.fd);
	int status = -1;
	assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_that_was_sent_is_nowhere_in_memory),
	};
	/* Before there are threads. */
	start_child();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
