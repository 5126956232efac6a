/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command line of kentledge-provisioner.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"

struct options {
	const char *kubeconfig;	  /* NULL: the pod's own account, or $KUBECONFIG */
	const char *namespace;	  /* NULL: the namespace of the account */
	const char *node_service; /* headless Service of the node plugin */
	const char *tls_folder;
	const char *http_address; /* NULL: no metrics, no health */
	bool leader_elect;
	unsigned claim_workers;
	unsigned volume_workers;
	uint32_t call_timeout_ms;
	enum log_level log_level;
};

/* The strings are argv's. 1: help was asked for. ERROR_INVALID names the argument. */
int options_parse(int argc, char *const *argv, struct options *ret_options, struct error *err);

void options_print_help(FILE *stream);
