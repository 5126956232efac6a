/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * /healthz, /readyz and /metrics of a program, on plain HTTP.
 *
 * One thread serves a few connections at a time, one request each. When there are too many, the
 * client that has the most loses its oldest, so that no client can keep the kubelet's probes out.
 * What the checks and the metrics look at must not hang: a look at a disk runs aside
 * (base/aside.h).
 *
 * /healthz answers 200 while the process works at all, /readyz while it can serve; otherwise they
 * answer 503, and the log has the reason (http/probe.h). /metrics is the Prometheus text format of
 * base/metric.h.
 */

#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct http_server;

/* 0 if all is well, else -1 and *err says what is not. Called from the server's thread. */
typedef int http_check(void *context, struct error *err);

struct http_server_options {
	const char *address; /* ":9746", "127.0.0.1:9746", "[::1]:9746" */
	http_check *healthy; /* NULL: always */
	http_check *ready;
	void *context;
};

int http_server_new(const struct http_server_options *options, struct http_server **ret_server,
		    struct error *err);
uint16_t http_server_port(const struct http_server *server);
void http_server_free(struct http_server *server);

DEFINE_CLEANUP(struct http_server *, http_server_free);
