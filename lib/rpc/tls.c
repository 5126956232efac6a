/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"

#define DAY_S 86400
#define FILE_BYTES_MAX ((size_t)256 * 1024) /* a Secret holds 1 MiB in all */

enum tls_file { TLS_CA, TLS_CERTIFICATE, TLS_KEY, TLS_FILES };

static const char *const file_names[TLS_FILES] = { "ca.crt", "tls.crt", "tls.key" };

/* Tells a file from the one that took its place. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size_bytes;
	struct timespec modified;
};

struct rpc_tls {
	char *folder;
	pthread_mutex_t lock;
	struct stamp stamps[TLS_FILES];
	struct rpc_tls_pem pem;
	atomic_uint_fast64_t generation;
	atomic_int_fast64_t not_after_s;
	int64_t not_before_s;
	int64_t warned_s; /* 0: not yet */
};

static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}

static void free_x509(X509 **certificate)
{
	X509_free(*certificate);
}

static void free_key(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}

static void free_text(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void rpc_tls_pem_done(struct rpc_tls_pem *pem)
{
	free_text(pem->ca);
	free_text(pem->certificate);
	free_text(pem->key);
	*pem = (struct rpc_tls_pem) { 0 };
}

/* Looks before it reads: a change in between makes the stamp too old, and the next reload reads. */
static int read_stamped(const char *path, struct stamp *ret_stamp, char **ret_text,
			struct error *err)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return error_errno(err, errno, "%s", path);
	if (file_read(path, FILE_BYTES_MAX, ret_text, NULL, err) < 0)
		return -1;
	*ret_stamp = (struct stamp) { st.st_dev, st.st_ino, st.st_size, st.st_mtim };
	return 0;
}

/* Reports OpenSSL's error about a file, and empties its queue of errors. */
static int refuse_pem(const char *path, const char *what, struct error *err)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return error_set(err, ERROR_INVALID, "%s: %s%s%s", path, what, reason ? ": " : "",
			 reason ? reason : "");
}

static int64_t seconds_of(const ASN1_TIME *when)
{
	struct tm tm;
	return ASN1_TIME_to_tm(when, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static int check_dates(const char *path, const X509 *certificate, struct error *err)
{
	char day[32];
	struct tm tm = { 0 };
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
		ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &tm);
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%SZ", &tm);
		return error_set(err, ERROR_INVALID,
				 "%s: the certificate expired at %s; issue a new one", path, day);
	}
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
		ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &tm);
		strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%SZ", &tm);
		return error_set(err, ERROR_INVALID,
				 "%s: the certificate is not valid before %s; is the clock right?",
				 path, day);
	}
	return 0;
}

/* A bundle may hold old CAs beside new ones while they are exchanged: one that is valid will do. */
static int check_ca(const char *path, const char *pem, struct error *err)
{
	CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(pem, -1);
	int valid = refuse_pem(path, "no certificate in it", err);
	for (;;) {
		CLEANUP(free_x509) X509 *ca = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (!ca)
			break;
		if (check_dates(path, ca, err) == 0)
			valid = 0;
	}
	ERR_clear_error();
	return valid;
}

struct content {
	struct stamp stamps[TLS_FILES];
	struct rpc_tls_pem pem;
	int64_t not_before_s, not_after_s;
};

static int check_pair(const char *certificate_path, const char *key_path, struct content *content,
		      struct error *err)
{
	CLEANUP(free_bio) BIO *certificate_bio = BIO_new_mem_buf(content->pem.certificate, -1);
	CLEANUP(free_x509)
	X509 *certificate = PEM_read_bio_X509(certificate_bio, NULL, NULL, NULL);
	if (!certificate)
		return refuse_pem(certificate_path, "no certificate in it", err);
	if (check_dates(certificate_path, certificate, err) < 0)
		return -1;
	CLEANUP(free_bio) BIO *key_bio = BIO_new_mem_buf(content->pem.key, -1);
	/* An empty passphrase, so that an encrypted key fails instead of asking the terminal. */
	CLEANUP(free_key) EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, NULL, (void *)"");
	if (!key)
		return refuse_pem(key_path, "no private key in it", err);
	if (X509_check_private_key(certificate, key) != 1)
		return refuse_pem(key_path, "does not belong to the certificate in tls.crt", err);
	content->not_before_s = seconds_of(X509_get0_notBefore(certificate));
	content->not_after_s = seconds_of(X509_get0_notAfter(certificate));
	return 0;
}

static void content_done(struct content *content)
{
	rpc_tls_pem_done(&content->pem);
}

static int content_read(const char *folder, struct content *content, struct error *err)
{
	char **texts[TLS_FILES] = { &content->pem.ca, &content->pem.certificate,
				    &content->pem.key };
	char paths[TLS_FILES][512];
	for (int i = 0; i < TLS_FILES; i++) {
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", folder, file_names[i]);
		if (read_stamped(paths[i], &content->stamps[i], texts[i], err) < 0)
			return -1;
	}
	if (check_ca(paths[TLS_CA], content->pem.ca, err) < 0)
		return -1;
	return check_pair(paths[TLS_CERTIFICATE], paths[TLS_KEY], content, err);
}

static struct metric not_after = {
	.name = "kentledge_certificate_not_after_seconds",
	.help = "When the certificate in use ends, in seconds since the epoch.",
	.type = METRIC_GAUGE,
};

/* Once a day in the last sixth of its life. A renewal is due after two thirds (charts/kentledge),
 * so something is wrong by then. There is no caller that would log it. */
static void warn_of_end(struct rpc_tls *tls)
{
	int64_t end_s = atomic_load(&tls->not_after_s);
	int64_t now_s = clock_wall_s();
	char when[CLOCK_TEXT_MAX];
	if (now_s < end_s - (end_s - tls->not_before_s) / 6 || now_s < tls->warned_s + DAY_S)
		return;
	tls->warned_s = now_s;
	clock_format_s(end_s, when);
	log_warning("the certificate ends soon; renew it, with the chart's own by helm upgrade",
		    LOG_TEXT("folder", tls->folder), LOG_TEXT("not_after", when));
}

/* Puts the content in force; what was in force goes away with the caller's variable. */
static void adopt(struct rpc_tls *tls, struct content *content)
{
	struct rpc_tls_pem old = tls->pem;
	tls->pem = content->pem;
	content->pem = old;
	memcpy(tls->stamps, content->stamps, sizeof(tls->stamps));
	atomic_store(&tls->not_after_s, content->not_after_s);
	tls->not_before_s = content->not_before_s;
	metric_set(&not_after, NULL, (double)content->not_after_s);
	atomic_fetch_add(&tls->generation, 1);
}

int rpc_tls_new(const char *folder, struct rpc_tls **ret_tls, struct error *err)
{
	CLEANUP(content_done) struct content content = { 0 };
	if (content_read(folder, &content, err) < 0)
		return -1;
	struct rpc_tls *tls = must_alloc(sizeof(*tls));
	tls->folder = must_strdup(folder);
	pthread_mutex_init(&tls->lock, NULL);
	adopt(tls, &content);
	warn_of_end(tls);
	*ret_tls = tls;
	return 0;
}

void rpc_tls_free(struct rpc_tls *tls)
{
	if (!tls)
		return;
	rpc_tls_pem_done(&tls->pem);
	pthread_mutex_destroy(&tls->lock);
	free(tls->folder);
	free(tls);
}

/* A file that cannot be looked at counts as changed: reading it will say why. */
static bool has_changed(const struct rpc_tls *tls)
{
	for (int i = 0; i < TLS_FILES; i++) {
		char path[512];
		struct stat st;
		const struct stamp *old = &tls->stamps[i];
		snprintf(path, sizeof(path), "%s/%s", tls->folder, file_names[i]);
		if (stat(path, &st) < 0 || st.st_dev != old->device || st.st_ino != old->inode ||
		    st.st_size != old->size_bytes || st.st_mtim.tv_sec != old->modified.tv_sec ||
		    st.st_mtim.tv_nsec != old->modified.tv_nsec)
			return true;
	}
	return false;
}

static int reload_locked(struct rpc_tls *tls, struct error *err)
{
	CLEANUP(content_done) struct content content = { 0 };
	if (!has_changed(tls))
		return 0;
	if (content_read(tls->folder, &content, err) < 0)
		return -1;
	adopt(tls, &content);
	return 1;
}

int rpc_tls_reload(struct rpc_tls *tls, struct error *err)
{
	pthread_mutex_lock(&tls->lock);
	int result = reload_locked(tls, err);
	warn_of_end(tls);
	pthread_mutex_unlock(&tls->lock);
	return result;
}

void rpc_tls_copy(struct rpc_tls *tls, struct rpc_tls_pem *ret_pem)
{
	pthread_mutex_lock(&tls->lock);
	*ret_pem = (struct rpc_tls_pem) {
		.ca = must_strdup(tls->pem.ca),
		.certificate = must_strdup(tls->pem.certificate),
		.key = must_strdup(tls->pem.key),
	};
	pthread_mutex_unlock(&tls->lock);
}

uint64_t rpc_tls_generation(const struct rpc_tls *tls)
{
	return atomic_load(&tls->generation);
}

int64_t rpc_tls_not_after_s(const struct rpc_tls *tls)
{
	return atomic_load(&tls->not_after_s);
}
