/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/credentials.h"

#include "base/log.h"
#include "rpc/library.h"
#include "rpc/tls.h"

static grpc_ssl_server_certificate_config *make_config(struct rpc_tls *tls)
{
	CLEANUP(rpc_tls_pem_done) struct rpc_tls_pem pem;
	rpc_tls_copy(tls, &pem);
	grpc_ssl_pem_key_cert_pair pair = { .private_key = pem.key, .cert_chain = pem.certificate };
	return grpc_ssl_server_certificate_config_create(pem.ca, &pair, 1);
}

/* A library logs nothing that it can return; from here there is nobody to return to. */
static void reload(struct rpc_tls *tls)
{
	static struct rpc_log_gate gate;
	unsigned dropped;
	struct error err = { 0 };
	int result = rpc_tls_reload(tls, &err);
	if (result > 0)
		log_info("certificates read again",
			 LOG_INT("not_after_s", rpc_tls_not_after_s(tls)));
	else if (result < 0 && rpc_log_gate_passes(&gate, &dropped))
		log_warning("new certificates refused, the old ones stay in force", LOG_ERR(&err));
}

/* gRPC calls this before each handshake, one at a time. */
static grpc_ssl_certificate_config_reload_status
fetch_config(void *user_data, grpc_ssl_server_certificate_config **ret_config)
{
	struct rpc_credential_source *source = user_data;
	reload(source->tls);
	uint64_t generation = rpc_tls_generation(source->tls);
	if (generation == source->generation)
		return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
	source->generation = generation;
	*ret_config = make_config(source->tls);
	return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

grpc_server_credentials *rpc_server_credentials_new(struct rpc_credential_source *source)
{
	return grpc_ssl_server_credentials_create_with_options(
		grpc_ssl_server_credentials_create_options_using_config_fetcher(
			GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, fetch_config,
			source));
}

grpc_channel_credentials *rpc_channel_credentials_new(struct rpc_tls *tls)
{
	CLEANUP(rpc_tls_pem_done) struct rpc_tls_pem pem;
	rpc_tls_copy(tls, &pem);
	grpc_ssl_pem_key_cert_pair pair = { .private_key = pem.key, .cert_chain = pem.certificate };
	return grpc_ssl_credentials_create_ex(pem.ca, &pair, NULL, NULL);
}
