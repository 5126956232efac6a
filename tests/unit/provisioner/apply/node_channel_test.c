/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/node_channel.h"

#include <string.h>

#include <unistd.h>

#include "certificates.h"
#include "csi/client.h"
#include "csi/names.h"
#include "fake_node.h"
#include "rpc/channel.h"
#include "test.h"

/* Where "node-a" listens, as the cluster would say. */
struct directory {
	const char *address;
	unsigned dialled;
};

static int find_address(void *context, const char *node, struct text *address, struct error *err)
{
	struct directory *directory = context;
	if (!directory->address)
		return error_set(err, ERROR_UNAVAILABLE, "no address of %s", node);
	text_append_string(address, directory->address);
	return 0;
}

static int dial(void *context, const char *address, struct rpc_channel **ret_channel,
		struct error *err)
{
	((struct directory *)context)->dialled++;
	return rpc_channel_new_unix(address, ret_channel, err);
}

static struct node_channels *channels_over_sockets(struct directory *directory, uint32_t idle_ms)
{
	return node_channels_new(&(struct node_channels_options) {
		.find_address = find_address,
		.context = directory,
		.idle_ms = idle_ms,
		.dial = dial,
	});
}

static void dials_a_node_once_for_many_calls(void **state)
{
	CLEANUP(fake_node_freep) struct fake_node *node = fake_node_new("node-a");
	fake_node_serve(node);
	fake_node_add(node, "v", 1);
	struct directory directory = { .address = fake_node_socket(node) };
	CLEANUP(node_channels_freep)
	struct node_channels *channels = channels_over_sockets(&directory, 60000);
	struct error err;
	for (int i = 0; i < 3; i++) {
		CLEANUP(node_channel_putp) struct node_channel *channel = NULL;
		assert_int_equal(node_channel_get(channels, "node-a", &channel, &err), 0);
		assert_int_equal(
			csi_delete_volume(node_channel_rpc(channel), "v", NULL, 5000, &err), 0);
	}
	assert_int_equal(directory.dialled, 1);
	assert_int_equal(node_channels_count(channels), 1);
	assert_false(fake_node_has(node, "v"));
}

static void closes_channels_that_are_unused_for_long(void **state)
{
	struct directory directory = { .address = "/nowhere" };
	CLEANUP(node_channels_freep)
	struct node_channels *channels = channels_over_sockets(&directory, 1);
	struct node_channel *used, *idle;
	struct error err;
	assert_int_equal(node_channel_get(channels, "node-a", &used, &err), 0);
	assert_int_equal(node_channel_get(channels, "node-b", &idle, &err), 0);
	node_channel_put(idle);
	usleep(10000);
	node_channels_sweep(channels);
	assert_int_equal(node_channels_count(channels), 1);
	node_channel_put(used);
	usleep(10000);
	node_channels_sweep(channels);
	assert_int_equal(node_channels_count(channels), 0);
}

static void follows_a_plugin_to_its_new_address_and_lets_old_users_end(void **state)
{
	struct directory directory = { .address = "/first" };
	CLEANUP(node_channels_freep)
	struct node_channels *channels = channels_over_sockets(&directory, 60000);
	struct node_channel *old, *new;
	struct error err;
	assert_int_equal(node_channel_get(channels, "node-a", &old, &err), 0);
	directory.address = "/second";
	assert_int_equal(node_channel_get(channels, "node-a", &new, &err), 0);
	assert_ptr_not_equal(node_channel_rpc(old), node_channel_rpc(new));
	assert_int_equal(node_channels_count(channels), 1);
	node_channel_put(old);
	node_channel_put(new);
	assert_int_equal(directory.dialled, 2);
}

static void passes_on_that_a_node_has_no_address(void **state)
{
	struct directory directory = { 0 };
	CLEANUP(node_channels_freep)
	struct node_channels *channels = channels_over_sockets(&directory, 60000);
	struct node_channel *channel;
	struct error err;
	assert_int_equal(node_channel_get(channels, "node-a", &channel, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_string_equal(err.text, "no address of node-a");
}

static struct node_channels *channels_over_tls(struct directory *directory, const char *folder)
{
	return node_channels_new(&(struct node_channels_options) {
		.find_address = find_address,
		.context = directory,
		.tls_folder = folder,
		.idle_ms = 60000,
	});
}

static int delete_over(struct node_channels *channels, struct error *err)
{
	CLEANUP(node_channel_putp) struct node_channel *channel = NULL;
	if (node_channel_get(channels, "node-a", &channel, err) < 0)
		return -1;
	return csi_delete_volume(node_channel_rpc(channel), "v", NULL, 5000, err);
}

static void calls_over_tls_and_takes_new_certificates_without_a_restart(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep)
	char *server_folder = certificates_folder(ca, CSI_NODE_TLS_NAME);
	CLEANUP(certificates_removep)
	char *folder = certificates_folder(ca, CSI_PROVISIONER_TLS_NAME);
	CLEANUP(fake_node_freep) struct fake_node *node = fake_node_new("node-a");
	CLEANUP_FREE char *address =
		must_printf("127.0.0.1:%u", fake_node_serve_tls(node, server_folder));
	struct directory directory = { .address = address };
	CLEANUP(node_channels_freep)
	struct node_channels *channels = channels_over_tls(&directory, folder);
	struct error err = { 0 };

	certificates_issue(ca, folder, CSI_PROVISIONER_TLS_NAME, -7200, -3600);
	assert_int_equal(delete_over(channels, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "the provisioner's certificates"));
	assert_non_null(strstr(err.text, "tls.crt"));
	assert_non_null(strstr(err.text, "expired"));

	certificates_issue(ca, folder, CSI_PROVISIONER_TLS_NAME, -60, 3600);
	if (delete_over(channels, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(fake_node_calls(node, "DeleteVolume"), 1);
}

static void says_so_when_the_nodes_certificate_is_not_the_nodes(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep) char *server_folder = certificates_folder(ca, "impostor");
	CLEANUP(certificates_removep)
	char *folder = certificates_folder(ca, CSI_PROVISIONER_TLS_NAME);
	CLEANUP(fake_node_freep) struct fake_node *node = fake_node_new("node-a");
	CLEANUP_FREE char *address =
		must_printf("127.0.0.1:%u", fake_node_serve_tls(node, server_folder));
	struct directory directory = { .address = address };
	CLEANUP(node_channels_freep)
	struct node_channels *channels = channels_over_tls(&directory, folder);
	struct error err = { 0 };
	assert_int_equal(delete_over(channels, &err), -1);
	assert_int_equal(err.code, ERROR_UNAVAILABLE);
	assert_int_equal(fake_node_calls(node, "DeleteVolume"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dials_a_node_once_for_many_calls),
		cmocka_unit_test(closes_channels_that_are_unused_for_long),
		cmocka_unit_test(follows_a_plugin_to_its_new_address_and_lets_old_users_end),
		cmocka_unit_test(passes_on_that_a_node_has_no_address),
		cmocka_unit_test(calls_over_tls_and_takes_new_certificates_without_a_restart),
		cmocka_unit_test(says_so_when_the_nodes_certificate_is_not_the_nodes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
