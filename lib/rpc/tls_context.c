/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "rpc/library.h"
#include "rpc/tls.h"

/* For TLS 1.2: forward secrecy and authenticated encryption. TLS 1.3 has nothing else. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define CHAIN_MAX 8
#define CA_MAX 64

struct rpc_tls_context {
	struct rpc_tls *tls;
	char *peer_name;
	uint64_t generation; /* of the content that `ssl` was made of */
	SSL_CTX *ssl;
};

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_x509(X509 **certificate)
{
	X509_free(*certificate);
}

static void free_context(SSL_CTX **context)
{
	SSL_CTX_free(*context);
}

void rpc_tls_explain(const SSL *ssl, struct error *err)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;
	ERR_clear_error();
	if (verified != X509_V_OK)
		error_set(err, ERROR_FORBIDDEN, "the client's certificate: %s",
			  X509_verify_cert_error_string(verified));
	else
		error_set(err, ERROR_FORBIDDEN, "TLS: %s",
			  reason ? reason : "the client closed the connection");
}

static int select_http2(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_length,
			const unsigned char *names, unsigned int length, void *context)
{
	(void)ssl;
	(void)context;
	static const unsigned char wanted[] = "h2";
	for (unsigned int i = 0; i < length && i + 1 + names[i] <= length; i += 1u + names[i]) {
		if (names[i] == 2 && memcmp(names + i + 1, wanted, 2) == 0) {
			*ret_name = names + i + 1;
			*ret_length = 2;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int use_certificate(SSL_CTX *ssl, const char *pem)
{
	CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(pem, -1);
	CLEANUP(free_x509) X509 *leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (!leaf || SSL_CTX_use_certificate(ssl, leaf) != 1)
		return -1;
	for (int i = 0; i < CHAIN_MAX; i++) {
		X509 *next = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (!next)
			break;
		if (SSL_CTX_add0_chain_cert(ssl, next) != 1) {
			X509_free(next);
			return -1;
		}
	}
	ERR_clear_error(); /* the end of the text is an error too */
	return 0;
}

static int use_key(SSL_CTX *ssl, const char *pem)
{
	CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(pem, -1);
	CLEANUP(free_key) EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
	return key && SSL_CTX_use_PrivateKey(ssl, key) == 1 ? 0 : -1;
}

static int trust(SSL_CTX *ssl, const char *pem)
{
	CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(pem, -1);
	X509_STORE *store = SSL_CTX_get_cert_store(ssl);
	int found = 0;
	for (; found < CA_MAX; found++) {
		CLEANUP(free_x509) X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (!ca)
			break;
		if (X509_STORE_add_cert(store, ca) != 1 || SSL_CTX_add_client_CA(ssl, ca) != 1)
			return -1;
	}
	ERR_clear_error();
	return found ? 0 : -1;
}

static void set_rules(SSL_CTX *ssl)
{
	SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(ssl, CIPHERS);
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
					 SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ssl, 0);
	/* A connection that waits keeps no buffers: 34 KB each. */
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ssl, 1);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_alpn_select_cb(ssl, select_http2, NULL);
}

static int make(struct rpc_tls *tls, SSL_CTX **ret_ssl, struct error *err)
{
	CLEANUP(rpc_tls_pem_done) struct rpc_tls_pem pem;
	rpc_tls_copy(tls, &pem);
	CLEANUP(free_context) SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	if (!ssl)
		return error_set(err, ERROR_INTERNAL, "TLS: no memory");
	set_rules(ssl);
	if (use_certificate(ssl, pem.certificate) < 0 || use_key(ssl, pem.key) < 0 ||
	    trust(ssl, pem.ca) < 0) {
		rpc_tls_explain(NULL, err);
		err->code = ERROR_INVALID;
		return -1;
	}
	*ret_ssl = TAKE(ssl);
	return 0;
}

/* Connections that stand keep the content that they were made with. */
static int renew(struct rpc_tls_context *context, struct error *err)
{
	uint64_t generation = rpc_tls_generation(context->tls);
	SSL_CTX *ssl;
	if (context->generation == generation)
		return 0;
	if (make(context->tls, &ssl, err) < 0)
		return -1;
	SSL_CTX_free(context->ssl);
	context->ssl = ssl;
	context->generation = generation;
	return 0;
}

int rpc_tls_context_new(struct rpc_tls *tls, const char *peer_name,
			struct rpc_tls_context **ret_context, struct error *err)
{
	CLEANUP(rpc_tls_context_freep)
	struct rpc_tls_context *context = must_alloc(sizeof(*context));
	context->tls = tls;
	context->peer_name = must_strdup(peer_name);
	if (renew(context, err) < 0)
		return -1;
	*ret_context = TAKE(context);
	return 0;
}

void rpc_tls_context_free(struct rpc_tls_context *context)
{
	if (!context)
		return;
	SSL_CTX_free(context->ssl);
	free(context->peer_name);
	free(context);
}

/* A library logs nothing that it can return; from here there is no caller to return it to. */
static void reload(struct rpc_tls_context *context)
{
	static struct rpc_log_gate gate;
	unsigned dropped;
	struct error err = { 0 };
	int result = rpc_tls_reload(context->tls, &err);
	if (result > 0)
		log_info("certificates read again",
			 LOG_INT("not_after_s", rpc_tls_not_after_s(context->tls)));
	if (result >= 0)
		result = renew(context, &err);
	if (result < 0 && rpc_log_gate_passes(&gate, &dropped))
		log_warning("new certificates refused, the old ones stay in force", LOG_ERR(&err));
}

SSL *rpc_tls_context_open(struct rpc_tls_context *context, int fd)
{
	reload(context);
	SSL *ssl = SSL_new(context->ssl);
	if (ssl && SSL_set_fd(ssl, fd) == 1) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_free(ssl);
	return NULL;
}

static void list_names(const X509 *certificate, struct text *names)
{
	GENERAL_NAMES *list = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	for (int i = 0; i < sk_GENERAL_NAME_num(list) && names->length < 256; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(list, i);
		if (name->type == GEN_DNS)
			text_printf(names, "%s\"%.*s\"", names->length ? ", " : "",
				    ASN1_STRING_length(name->d.dNSName),
				    (const char *)ASN1_STRING_get0_data(name->d.dNSName));
	}
	GENERAL_NAMES_free(list);
}

static bool has_name(X509 *certificate, const char *name)
{
	return X509_check_host(certificate, name, 0,
			       X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
			       NULL) == 1;
}

int rpc_tls_context_check(const struct rpc_tls_context *context, SSL *ssl, struct error *err)
{
	const unsigned char *protocol;
	unsigned int length;
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	SSL_get0_alpn_selected(ssl, &protocol, &length);
	if (length != 2 || memcmp(protocol, "h2", 2) != 0)
		return error_set(err, ERROR_FORBIDDEN, "TLS: the client does not ask for HTTP/2");
	if (certificate && has_name(certificate, context->peer_name))
		return 0;
	CLEANUP_TEXT struct text names = TEXT_INIT;
	if (certificate)
		list_names(certificate, &names);
	return error_set(err, ERROR_FORBIDDEN,
			 "the client's certificate is for %s; only \"%s\" is served here",
			 names.length ? text_string(&names) : "no DNS name", context->peer_name);
}
