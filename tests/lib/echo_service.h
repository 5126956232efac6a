/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A service for tests of lib/rpc: test.Echo, with CreateVolume's messages. It answers with the
 * name, size and parameters that it was asked for, or does what the name says:
 *
 *	"fail:<code>"	fails with that error_code and the text "because of <code>"
 *	"peer"		answers with the caller's name as the volume's id
 *	"hold"		waits until the call is cancelled or `released` is set
 *
 * "Stream" sends as many messages as capacity_range.required_bytes says, numbered from 0 in
 * capacity_bytes and capacity_range.limit_bytes large, and then does what the name says.
 */

#include <stdatomic.h>
#include <stdint.h>

#include "rpc/channel.h"
#include "rpc/server.h"

struct echo_service {
	atomic_uint begun;
	atomic_uint seen_cancelled;
	atomic_bool released;
	atomic_uint observed;
	atomic_int last_code;
	atomic_uint sent;
	atomic_int stream_code; /* of the send that failed; 0: none did */
};

/* "Echo" for everybody, "EchoLocally" with local_only, "EchoQuickly" in the quick lane. */
int echo_server_new(struct echo_service *service, unsigned workers, size_t message_bytes_max,
		    struct rpc_server **ret_server, struct error *err);

/* Calls "Echo" with the name; 0, and the volume's id in `answer`. */
#define ECHO_ANSWER_MAX 128
int echo_call(struct rpc_channel *channel, const char *method, const char *name,
	      uint32_t timeout_ms, char answer[static ECHO_ANSWER_MAX], struct error *err);
