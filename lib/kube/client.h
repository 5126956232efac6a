/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The way to the API server that all parts of a program share: its transport, the end of it, and
 * how long what is sent over it may take.
 *
 * What is asked over it lies in verbs.h (one object), list.h and watch.h (many).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct kube_client;
struct kube_config;
struct kube_transport;

int kube_client_new(const struct kube_config *config, const char *user_agent,
		    struct kube_client **ret_client, struct error *err);

/* Over a transport of the caller's (tests); it must outlive the client. */
struct kube_client *kube_client_new_over(const struct kube_transport *transport);
void kube_client_free(struct kube_client *client);

/* Ends every call and watch under way with ERROR_CANCELLED. */
void kube_client_stop(struct kube_client *client);

/* From now on a write may take no longer than time_left_ms() answers when it is sent, and is not
 * sent at all when that is 0: ERROR_CANCELLED. For the holder of a lease (lease_time_left_ms()): a
 * write that is still on its way when the lease ends would meet the writes of the next holder. Call
 * it before other threads use the client. */
void kube_client_bound_writes(struct kube_client *client, uint32_t (*time_left_ms)(void *context),
			      void *context);

/* UINT32_MAX where no bound was set. */
uint32_t kube_client_write_time_left_ms(const struct kube_client *client);

/* Borrowed. */
const struct kube_transport *kube_client_transport(const struct kube_client *client);

/* Sleeps; ERROR_CANCELLED when the client is stopped meanwhile. */
int kube_client_sleep(struct kube_client *client, uint32_t delay_ms, struct error *err);

DEFINE_CLEANUP(struct kube_client *, kube_client_free);
