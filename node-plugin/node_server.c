/* SPDX-License-Identifier: Apache-2.0 */
#include "node_server.h"

#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "csi/names.h"
#include "csi/node.h"
#include "csi/registration.h"
#include "csi/service.h"
#include "http/server.h"
#include "node_health.h"
#include "node_metrics.h"
#include "node_options.h"
#include "pool/pools.h"
#include "rpc/tls.h"

#define STOP_GRACE_MS 500

struct node_server {
	struct node *node;
	struct rpc_method *methods;
	struct rpc_tls *tls;
	struct rpc_server *rpc;
	struct node_health *health;
	struct http_server *http;
	struct registration *registration;
};

static size_t append_methods(struct rpc_method **methods, size_t count,
			     size_t (*table)(const struct rpc_method **ret_methods))
{
	const struct rpc_method *more = NULL;
	size_t more_count = table(&more);
	*methods = must_realloc(*methods, (count + more_count) * sizeof(**methods));
	memcpy(*methods + count, more, more_count * sizeof(**methods));
	return count + more_count;
}

static size_t (*const tables[])(const struct rpc_method **ret_methods) = {
	csi_identity_methods, csi_capabilities_methods, csi_volume_methods,   csi_list_methods,
	csi_expand_methods,   csi_modify_methods,	csi_snapshot_methods, csi_group_methods,
	csi_metadata_methods, csi_node_methods,		csi_health_methods,
};

/* Those that are served on demand only. */
static size_t append_optional(struct node_server *server, size_t count)
{
	if (server->node->pools->node->attach)
		count = append_methods(&server->methods, count, csi_attach_methods);
	return count;
}

static int make_rpc(struct node_server *server, const struct options *options, struct error *err)
{
	size_t count = 0;
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
		count = append_methods(&server->methods, count, tables[i]);
	count = append_optional(server, count);
	struct rpc_server_options rpc_options = {
		.methods = server->methods,
		.method_count = count,
		.context = server->node,
		.workers = options->workers,
		.observe = node_metrics_observe,
	};
	return rpc_server_new(&rpc_options, &server->rpc, err);
}

static int listen_everywhere(struct node_server *server, const struct options *options,
			     struct error *err)
{
	if (rpc_server_listen_unix(server->rpc, options->csi_socket, err) < 0)
		return -1;
	if (options->listen && (rpc_tls_new(options->tls_folder, &server->tls, err) < 0 ||
				rpc_server_listen_tls(server->rpc, options->listen, server->tls,
						      CSI_PROVISIONER_TLS_NAME, NULL, err) < 0))
		return -1;
	return rpc_server_start(server->rpc, err);
}

static int check_ready(void *context, struct error *err)
{
	return node_health_ready(((struct node_server *)context)->health, err);
}

static int make_http(struct node_server *server, const struct options *options, struct error *err)
{
	if (!options->http_address[0])
		return 0;
	struct http_server_options http_options = {
		.address = options->http_address,
		.ready = check_ready,
		.context = server,
	};
	server->health = node_health_new(server->node->pools, server->rpc);
	return http_server_new(&http_options, &server->http, err);
}

static int make_registration(struct node_server *server, const struct options *options,
			     struct error *err)
{
	if (!options->registration_folder[0])
		return 0;
	struct registration_options registration_options = {
		.folder = options->registration_folder,
		.csi_socket = options->csi_socket,
	};
	return registration_new(&registration_options, &server->registration, err);
}

int node_server_new(struct node *node, const struct options *options,
		    struct node_server **ret_server, struct error *err)
{
	CLEANUP(node_server_freep) struct node_server *server = must_alloc(sizeof(*server));
	server->node = node;
	/* The plugin registers with the kubelet last, when it can serve it. */
	if (make_rpc(server, options, err) < 0 || listen_everywhere(server, options, err) < 0 ||
	    make_http(server, options, err) < 0 || make_registration(server, options, err) < 0)
		return -1;
	*ret_server = TAKE(server);
	return 0;
}

void node_server_free(struct node_server *server)
{
	if (!server)
		return;
	registration_free(server->registration);
	http_server_free(server->http);
	node_health_free(server->health);
	if (server->rpc)
		rpc_server_stop(server->rpc, STOP_GRACE_MS);
	rpc_server_free(server->rpc);
	rpc_tls_free(server->tls);
	free(server->methods);
	free(server);
}
