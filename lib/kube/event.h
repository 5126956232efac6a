/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Events: what `kubectl describe` shows at an object.
 *
 * A thread of the recorder posts the events, so no worker waits for them; when too many wait the
 * newest are dropped. A repeated event raises the count of the first instead of making another
 * (core/v1 Event: count and lastTimestamp), and an object that gets many is held to a rate
 * (kube/event_correlator.h).
 */

#include "base/cleanup.h"
#include "kube/client.h"
#include "kube/object.h"

struct event_recorder;

enum event_type { EVENT_NORMAL, EVENT_WARNING };

/* component: source.component, "kentledge.io_<pod>"; instance: reportingInstance. */
struct event_recorder *event_recorder_new(struct kube_client *client, const char *component,
					  const char *instance);
void event_recorder_free(struct event_recorder *recorder);

__attribute__((format(printf, 5, 6))) void event_record(struct event_recorder *recorder,
							const struct object *about,
							enum event_type type, const char *reason,
							const char *format, ...);

DEFINE_CLEANUP(struct event_recorder *, event_recorder_free);
