/* SPDX-License-Identifier: Apache-2.0 */
#include "certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"

struct certificates {
	EVP_PKEY *key;
	X509 *certificate;
};

static void must(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "certificates: %s failed\n", what);
	abort();
}

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	must(extension && X509_add_ext(certificate, extension, -1) == 1, value);
	X509_EXTENSION_free(extension);
}

static void set_serial(X509 *certificate)
{
	uint64_t serial;
	must(RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1, "a serial number");
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
}

static X509 *make_certificate(EVP_PKEY *key, const char *common_name, long begin_s, long end_s)
{
	X509 *certificate = X509_new();
	X509_set_version(certificate, X509_VERSION_3);
	set_serial(certificate);
	X509_gmtime_adj(X509_getm_notBefore(certificate), begin_s);
	X509_gmtime_adj(X509_getm_notAfter(certificate), end_s);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
				   (const unsigned char *)common_name, -1, -1, 0);
	return certificate;
}

struct certificates *certificates_new(void)
{
	struct certificates *ca = must_alloc(sizeof(*ca));
	ca->key = EVP_EC_gen("P-256");
	must(ca->key, "a key");
	ca->certificate = make_certificate(ca->key, "kentledge test CA", -3600, 24 * 3600);
	X509_set_issuer_name(ca->certificate, X509_get_subject_name(ca->certificate));
	add_extension(ca->certificate, ca->certificate, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(ca->certificate, ca->certificate, NID_subject_key_identifier, "hash");
	must(X509_sign(ca->certificate, ca->key, EVP_sha256()) > 0, "signing the CA");
	return ca;
}

void certificates_free(struct certificates *certificates)
{
	if (!certificates)
		return;
	EVP_PKEY_free(certificates->key);
	X509_free(certificates->certificate);
	free(certificates);
}

static void write_pem(const char *folder, const char *name, X509 *certificate, EVP_PKEY *key)
{
	CLEANUP_FREE char *path = must_printf("%s/%s", folder, name);
	CLEANUP_FREE char *hidden = must_printf("%s/.%s", folder, name);
	FILE *file = fopen(hidden, "we");
	must(file, path);
	int written = certificate ? PEM_write_X509(file, certificate)
				  : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	must(written == 1 && fclose(file) == 0 && rename(hidden, path) == 0, path);
}

void certificates_issue(const struct certificates *certificates, const char *folder,
			const char *dns_name, long begin_s, long end_s)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *leaf = make_certificate(key, dns_name ? dns_name : "nobody", begin_s, end_s);
	X509_set_issuer_name(leaf, X509_get_subject_name(certificates->certificate));
	if (dns_name) {
		CLEANUP_FREE char *names = must_printf("DNS:other.example,DNS:%s", dns_name);
		add_extension(leaf, certificates->certificate, NID_subject_alt_name, names);
	}
	add_extension(leaf, certificates->certificate, NID_ext_key_usage, "serverAuth,clientAuth");
	must(X509_sign(leaf, certificates->key, EVP_sha256()) > 0, "signing");
	write_pem(folder, "ca.crt", certificates->certificate, NULL);
	write_pem(folder, "tls.crt", leaf, NULL);
	write_pem(folder, "tls.key", NULL, key);
	X509_free(leaf);
	EVP_PKEY_free(key);
}

char *certificates_folder(const struct certificates *certificates, const char *dns_name)
{
	char *folder = must_strdup("/tmp/kentledge-certificates-XXXXXX");
	must(mkdtemp(folder), "a folder");
	certificates_issue(certificates, folder, dns_name, -60, 3600);
	return folder;
}

void certificates_remove(char *folder)
{
	static const char *const names[] = { "ca.crt", "tls.crt", "tls.key" };
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CLEANUP_FREE char *path = must_printf("%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
	free(folder);
}
