/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command line of kentledge-controller.
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"

struct kind;

struct options {
	const char *kubeconfig;	  /* NULL: the pod's own account, or $KUBECONFIG */
	const char *namespace;	  /* whose sets; "": all */
	const struct kind *kind;  /* of the sets, by --api-group */
	const char *http_address; /* "": no health, no metrics */
	bool leader_elect;
	unsigned workers;
	unsigned guard_wait_s;
	enum log_level log_level;
};

/* Strings are borrowed from argv. 1: --help or --version was asked for and has been printed. */
int options_parse(int argc, char *const *argv, struct options *ret_options, struct error *err);
