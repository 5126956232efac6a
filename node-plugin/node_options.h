/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command line of kentledge-node.
 */

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "pool/place.h"
#include "pool/pools.h"
#include "volume/ephemeral_policy.h"

struct options {
	struct pool_places pools;
	const char *csi_socket;
	const char *registration_folder; /* "": not registered with a kubelet */
	const char *node_id;
	const char *listen;	  /* NULL: no TCP */
	const char *tls_folder;	  /* NULL: no TCP */
	const char *http_address; /* "": no health, no metrics */
	enum pool_policy pool_policy;
	bool attach;
	bool provisioning_auto; /* these two: host/node_settings.h */
	enum provisioning provisioning;
	const char *cgroup_folder;
	unsigned max_volumes; /* 0: no limit */
	struct ephemeral_policy ephemeral;
	unsigned workers;
	enum log_level log_level;
};

/* Give it back with options_done(). Strings are borrowed from argv and the environment. 1: --help
 * or --version was asked for and has been printed. */
int options_parse(int argc, char *const *argv, struct options *ret_options, struct error *err);

void options_done(struct options *options);
