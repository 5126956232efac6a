/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * How the plugin registers with the kubelet: by a socket in its plugins_registry folder, on which
 * the kubelet asks for the driver's name and for the socket of the CSI services, and then says
 * whether it accepted the driver (pluginregistration v1; Kubernetes, "Device Plugin and Kubelet
 * Plugin registration").
 *
 *	offered --kubelet asks, accepts--> registered
 *	   ^                 | refuses, or the socket's file disappeared
 *	   +--- offer again -+
 *
 * The kubelet watches for new files in the folder: offering again makes a new
 * socket. The file goes away when the plugin ends.
 */

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/error.h"

struct registration;

struct registration_options {
	const char *folder;	/* "/var/lib/kubelet/plugins_registry" */
	const char *csi_socket; /* as the kubelet sees it */
};

/* Offers, on a thread of its own (base/ticker.h), until it is freed. */
int registration_new(const struct registration_options *options,
		     struct registration **ret_registration, struct error *err);
void registration_free(struct registration *registration);

DEFINE_CLEANUP(struct registration *, registration_free);
