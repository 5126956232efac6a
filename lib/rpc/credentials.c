/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/credentials.h"

#include "rpc/tls.h"

grpc_channel_credentials *rpc_channel_credentials_new(struct rpc_tls *tls)
{
	CLEANUP(rpc_tls_pem_done) struct rpc_tls_pem pem;
	rpc_tls_copy(tls, &pem);
	grpc_ssl_pem_key_cert_pair pair = { .private_key = pem.key, .cert_chain = pem.certificate };
	return grpc_ssl_credentials_create_ex(pem.ca, &pair, NULL, NULL);
}
