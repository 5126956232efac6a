/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The certificate, key and CA with which a program and its peers authenticate each other, as files
 * in one folder under the names of a Kubernetes TLS Secret: ca.crt, tls.crt, tls.key. The kubelet
 * replaces them in place when the Secret changes; connections opened afterwards use the new ones.
 * When the certificate ends is a metric, and in the last sixth of its life a warning in the log
 * once a day.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct rpc_tls;

/* Reads and checks the files. An expired certificate, or a key that does not belong to it, is an
 * error that names the file. */
int rpc_tls_new(const char *folder, struct rpc_tls **ret_tls, struct error *err);
void rpc_tls_free(struct rpc_tls *tls);

/* Reads the files again if they have changed since. 1: new content; 0: as before. Files that do
 * not fit leave the old content in force and return -1; the next call looks at them again.
 * Thread-safe. */
int rpc_tls_reload(struct rpc_tls *tls, struct error *err);

/* Counts the contents so far: a channel made under an older number needs to be made again. */
uint64_t rpc_tls_generation(const struct rpc_tls *tls);

/* Seconds since the epoch at which the certificate ends: for metrics and warnings. */
int64_t rpc_tls_not_after_s(const struct rpc_tls *tls);

/* The content in force, as PEM text. */
struct rpc_tls_pem {
	char *ca;
	char *certificate; /* and what chains it to the CA */
	char *key;
};

void rpc_tls_copy(struct rpc_tls *tls, struct rpc_tls_pem *ret_pem);
void rpc_tls_pem_done(struct rpc_tls_pem *pem); /* wipes the key */

DEFINE_CLEANUP(struct rpc_tls *, rpc_tls_free);
