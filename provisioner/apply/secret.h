/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The Secrets that calls to nodes bring. They are read from the API server for each call, right
 * before it, and wiped after it; no copy is kept, and none is logged or part of an event.
 *
 * Wiped are: the text of the answer, libcurl's buffer of it as far as it hands it to us, the
 * decoded data, and the packed message. What the libraries hold of it for TLS and HTTP/2 is not in
 * our reach, above all the plain text that gRPC has encrypted last
 * (docs/decisions/0023-secrets.md).
 *
 * The chart gives a right to Secrets only in the namespaces of its value
 * provisioner.secretNamespaces.
 */

#include "apply/applier.h"
#include "base/error.h"
#include "cluster/secret_template.h"
#include "kube/object.h"
#include "kube/secret_data.h"

/* The data of that Secret; none for a name that is NULL or "". *ret_data must be { 0 } before; wipe
 * it with secret_data_done() (CLEANUP_SECRET_DATA). ERROR_NOT_FOUND: there is no such Secret.
 * ERROR_FORBIDDEN: the text names the chart's value. ERROR_INVALID: it cannot be sent. */
int secret_fetch(const struct applier *applier, const char *namespace, const char *name,
		 struct secret_data *ret_data, struct error *err);

/* The same for DeleteVolume, which must be possible after the Secret is gone: what cannot be read
 * is logged, and there is no data. -1: the API server cannot be asked at the moment; try again. */
int secret_fetch_to_delete(const struct applier *applier, const char *namespace, const char *name,
			   struct secret_data *ret_data, struct error *err);

/* The Secret that two annotations of the object name. 1: none is noted. ERROR_INVALID: half of it
 * is. */
struct secret_keys {
	const char *name;
	const char *namespace;
};

int secret_noted(const struct object *object, const struct secret_keys *keys,
		 struct secret_name *ret_name, struct error *err);

/* As secret_fetch(), for calls whose ERROR_NOT_FOUND means something else: one that is not there is
 * ERROR_INTERNAL, and the text names it. */
int secret_fetch_named(const struct applier *applier, const struct secret_name *name,
		       struct secret_data *ret_data, struct error *err);
