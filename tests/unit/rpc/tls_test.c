/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/tls.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/text.h"
#include "certificates.h"
#include "test.h"

static void write_file(const char *folder, const char *name, const char *content)
{
	CLEANUP_FREE char *path = must_printf("%s/%s", folder, name);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void assert_refused(const char *folder, const char *name, const char *why)
{
	struct error err = { 0 };
	struct rpc_tls *tls;
	CLEANUP_FREE char *path = must_printf("%s/%s", folder, name);
	assert_int_equal(rpc_tls_new(folder, &tls, &err), -1);
	if (!strstr(err.text, path) || !strstr(err.text, why))
		fail_msg("\"%s\" does not name %s and \"%s\"", err.text, path, why);
}

static void reads_a_folder_and_knows_when_it_ends(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, "kentledge-node");
	CLEANUP(rpc_tls_freep) struct rpc_tls *tls = NULL;
	struct error err = { 0 };
	assert_int_equal(rpc_tls_new(folder, &tls, &err), 0);
	assert_in_range(rpc_tls_not_after_s(tls), time(NULL) + 3590, time(NULL) + 3610);
	assert_int_equal(rpc_tls_generation(tls), 1);
	struct rpc_tls_pem pem;
	rpc_tls_copy(tls, &pem);
	assert_non_null(strstr(pem.ca, "BEGIN CERTIFICATE"));
	assert_non_null(strstr(pem.certificate, "BEGIN CERTIFICATE"));
	assert_non_null(strstr(pem.key, "PRIVATE KEY"));
	rpc_tls_pem_done(&pem);
	assert_null(pem.key);
}

static void names_the_file_that_is_missing(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, "kentledge-node");
	CLEANUP_FREE char *key = must_printf("%s/tls.key", folder);
	assert_int_equal(unlink(key), 0);
	assert_refused(folder, "tls.key", "No such file");
}

static void names_the_file_that_holds_something_else(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, "kentledge-node");
	write_file(folder, "ca.crt", "hello\n");
	assert_refused(folder, "ca.crt", "no certificate");
	certificates_issue(ca, folder, "kentledge-node", -60, 3600);
	write_file(folder, "tls.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n");
	assert_refused(folder, "tls.crt", "no certificate");
	certificates_issue(ca, folder, "kentledge-node", -60, 3600);
	write_file(folder, "tls.key", "");
	assert_refused(folder, "tls.key", "no private key");
}

static void an_expired_certificate_is_refused_with_its_date(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, "kentledge-node");
	certificates_issue(ca, folder, "kentledge-node", -7200, -3600);
	char day[32];
	time_t end = time(NULL) - 3600;
	struct tm tm;
	strftime(day, sizeof(day), "%Y-%m-%d", gmtime_r(&end, &tm));
	assert_refused(folder, "tls.crt", "expired");
	assert_refused(folder, "tls.crt", day);
}

static void a_certificate_of_the_future_is_refused(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, "kentledge-node");
	certificates_issue(ca, folder, "kentledge-node", 3600, 7200);
	assert_refused(folder, "tls.crt", "not valid before");
}

static void a_key_of_another_certificate_is_refused(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, "kentledge-node");
	CLEANUP(certificates_removep) char *other = certificates_folder(ca, "kentledge-node");
	CLEANUP_FREE char *from = must_printf("%s/tls.key", other);
	CLEANUP_FREE char *to = must_printf("%s/tls.key", folder);
	assert_int_equal(rename(from, to), 0);
	assert_refused(folder, "tls.key", "does not belong");
}

static void reload_sees_new_files_once(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, "kentledge-node");
	CLEANUP(rpc_tls_freep) struct rpc_tls *tls = NULL;
	struct error err = { 0 };
	assert_int_equal(rpc_tls_new(folder, &tls, &err), 0);
	assert_int_equal(rpc_tls_reload(tls, &err), 0);
	certificates_issue(ca, folder, "kentledge-node", -60, 9000);
	assert_int_equal(rpc_tls_reload(tls, &err), 1);
	assert_int_equal(rpc_tls_generation(tls), 2);
	assert_in_range(rpc_tls_not_after_s(tls), time(NULL) + 8990, time(NULL) + 9010);
	assert_int_equal(rpc_tls_reload(tls, &err), 0);
	assert_int_equal(rpc_tls_generation(tls), 2);
}

static void reload_keeps_the_old_content_when_the_new_does_not_fit(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, "kentledge-node");
	CLEANUP(rpc_tls_freep) struct rpc_tls *tls = NULL;
	struct error err = { 0 };
	struct rpc_tls_pem before, after;
	assert_int_equal(rpc_tls_new(folder, &tls, &err), 0);
	rpc_tls_copy(tls, &before);
	certificates_issue(ca, folder, "kentledge-node", -7200, -3600);
	assert_int_equal(rpc_tls_reload(tls, &err), -1);
	assert_non_null(strstr(err.text, "expired"));
	/* Not swallowed: the next one looks again. */
	assert_int_equal(rpc_tls_reload(tls, &err), -1);
	assert_int_equal(rpc_tls_generation(tls), 1);
	rpc_tls_copy(tls, &after);
	assert_string_equal(before.certificate, after.certificate);
	rpc_tls_pem_done(&before);
	rpc_tls_pem_done(&after);
}

static bool warns(const struct certificates *ca, const char *folder, long begin_s, long end_s)
{
	CLEANUP(rpc_tls_freep) struct rpc_tls *tls = NULL;
	CLEANUP_FREE char *log_path = must_printf("%s/log", folder);
	CLEANUP_FREE char *log = NULL;
	struct error err = { 0 };
	CLEANUP_CLOSE int fd = open(log_path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	certificates_issue(ca, folder, "kentledge-node", begin_s, end_s);
	log_set_fd(fd);
	assert_int_equal(rpc_tls_new(folder, &tls, &err), 0);
	assert_int_equal(rpc_tls_reload(tls, &err), 0);
	log_set_fd(-1);
	assert_int_equal(file_read(log_path, 1 << 16, &log, NULL, &err), 0);
	unlink(log_path);
	char *first = strstr(log, "ends soon");
	assert_true(!first || !strstr(first + 1, "ends soon")); /* once a day */
	return first != NULL;
}

static void the_end_of_a_certificate_is_announced(void **state)
{
	CLEANUP(certificates_freep) struct certificates *ca = certificates_new();
	CLEANUP(certificates_removep) char *folder = certificates_folder(ca, "kentledge-node");
	assert_false(warns(ca, folder, -4000, 3000));
	assert_true(warns(ca, folder, -6000, 1000));
	CLEANUP_TEXT struct text metrics = TEXT_INIT;
	metric_render(&metrics);
	assert_non_null(strstr(text_string(&metrics), "kentledge_certificate_not_after_seconds "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_folder_and_knows_when_it_ends),
		cmocka_unit_test(names_the_file_that_is_missing),
		cmocka_unit_test(names_the_file_that_holds_something_else),
		cmocka_unit_test(an_expired_certificate_is_refused_with_its_date),
		cmocka_unit_test(a_certificate_of_the_future_is_refused),
		cmocka_unit_test(a_key_of_another_certificate_is_refused),
		cmocka_unit_test(reload_sees_new_files_once),
		cmocka_unit_test(reload_keeps_the_old_content_when_the_new_does_not_fit),
		cmocka_unit_test(the_end_of_a_certificate_is_announced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
