/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Certificate authorities that live as long as a test.
 */

#include "base/cleanup.h"

struct certificates;

/* A new CA with a key of its own. Whatever fails here ends the test program. */
struct certificates *certificates_new(void);
void certificates_free(struct certificates *certificates);

/* Writes ca.crt, tls.crt and tls.key into the folder. dns_name NULL: the certificate has none.
 * Valid from `begin_s` to `end_s`, in seconds from now. */
void certificates_issue(const struct certificates *certificates, const char *folder,
			const char *dns_name, long begin_s, long end_s);

/* A fresh folder with an hour of certificates for the name; freed with certificates_remove(). */
char *certificates_folder(const struct certificates *certificates, const char *dns_name);
void certificates_remove(char *folder);

DEFINE_CLEANUP(struct certificates *, certificates_free);
DEFINE_CLEANUP(char *, certificates_remove);
