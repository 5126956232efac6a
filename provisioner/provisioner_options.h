/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command line of kentledge-provisioner.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"

struct options {
	const char *kubeconfig;	  /* NULL: the pod's own account, or $KUBECONFIG */
	const char *namespace;	  /* NULL: the namespace of the account */
	const char *node_service; /* headless Service of the node plugin */
	const char *deployment;	  /* "": none */
	const char *tls_folder;
	const char *http_address; /* "": no health, no metrics */
	bool leader_elect;
	unsigned roles;	       /* provisioner_parse_roles() */
	bool snapshots_always; /* --snapshot-controller=always; never takes the role out of them */
	const char *snapshot_lease_namespace;
	unsigned workers;
	uint32_t call_timeout_ms;
	uint32_t resize_timeout_ms;
	uint32_t modify_timeout_ms;
	uint32_t backoff_min_ms; /* --retry-interval-start */
	uint32_t backoff_max_ms;
	bool cross_namespace; /* --feature-gates=CrossNamespaceVolumeDataSource=true */
	bool publish_readonly;
	bool extra_modify_metadata;
	uint32_t capacity_poll_ms;
	bool capacity_for_immediate;
	uint32_t snapshot_timeout_ms;
	const char *snapshot_prefix;
	const char *group_prefix;
	bool extra_metadata;
	uint32_t node_gone_after_s;
	bool forget_released;
	uint32_t health_poll_ms;
	enum log_level log_level;
};

/* Strings are borrowed from argv. 1: --help or --version was asked for and has been printed. */
int options_parse(int argc, char *const *argv, struct options *ret_options, struct error *err);
