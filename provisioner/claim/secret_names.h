/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The Secrets of a volume: which ones its class names, and for what (cluster/secret_key.h). Pure:
 * names alone, no Secret is read.
 *
 * A name in the class may be a template:
 *
 *	${pv.name}, ${pvc.namespace}			in names and namespaces
 *	${pvc.name}, ${pvc.annotations['key']}		in names alone
 *
 * So who writes a claim chooses no namespace but the one that the claim is in, and that only where
 * the class says so. What is no DNS name in the end is refused.
 */

#include "base/arena.h"
#include "base/error.h"
#include "cluster/class.h"
#include "cluster/secret_key.h"
#include "cluster/secret_template.h"
#include "kube/claim.h"

struct secret_names {
	struct secret_name of[SECRET_USES];
};

/* ERROR_INVALID names the class and its parameter: half of a pair, a template that cannot be
 * resolved, a name that is none; or encryption without a Secret for the key. The names live in the
 * arena. */
int secret_names_read(const struct claim *claim, const struct class *class, struct arena *arena,
		      struct secret_names *ret_names, struct error *err);
