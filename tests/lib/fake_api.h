/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * An API server in memory, behind a struct kube_transport.
 *
 * It knows no kinds: an object lives under the path of its collection. It keeps the API's rules
 * that our programs lean on: uid, resourceVersion and generation; AlreadyExists and Conflict;
 * status written only by the status subresource; deletion that waits for finalizers; lists in
 * pages; watches from a version on, with bookmarks and 410 Gone. Pods that are bound to a node are
 * deleted gracefully: they get their deletionTimestamp, and the test plays the kubelet with
 * fake_api_remove().
 *
 * Faults come in two ways: named requests fail once in a named manner, and a hook sees every
 * request before and after its effect, so that a test can stop a program at any point.
 *
 * Thread-safe. Mistakes of the test itself (JSON that is none, an object that is not there) abort.
 */

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "kube/client.h"
#include "kube/object.h"
#include "kube/transport.h"

struct fake_api;

struct fake_api *fake_api_new(void);

/* Clients over it must be freed before. */
void fake_api_free(struct fake_api *api);

/* For kube_client_new_over(). kube_client_stop() stops every client of this transport: a test with
 * two programs gives each its own by fake_api_connect(). */
const struct kube_transport *fake_api_transport(struct fake_api *api);

/* Another transport to the same server, stopped apart from the others. The server's. */
const struct kube_transport *fake_api_connect(struct fake_api *api);

/*
 * The test as another client, which may do everything.
 */

/* Creates or replaces the object, status included. Namespace and name stand in its metadata. */
void fake_api_put(struct fake_api *api, const struct kind *kind, const char *json);

/* The same with a format; quotes ' in the format stand for ", to keep JSON readable in C. */
__attribute__((format(printf, 3, 4))) void
fake_api_putf(struct fake_api *api, const struct kind *kind, const char *format, ...);

/* Applies a JSON merge patch, status included. Quotes as in fake_api_putf(). */
__attribute__((format(printf, 5, 6))) void fake_api_edit(struct fake_api *api,
							 const struct kind *kind,
							 const char *namespace, const char *name,
							 const char *format, ...);

/* Takes it away at once, whatever its finalizers; nothing happens if it is not there. */
void fake_api_remove(struct fake_api *api, const struct kind *kind, const char *namespace,
		     const char *name);

/* A copy, yours; NULL if it is not there. namespace "" for kinds of the whole cluster. */
struct json_object *fake_api_read(struct fake_api *api, const struct kind *kind,
				  const char *namespace, const char *name);

/* The field as text (strings without quotes, anything else as JSON), yours; NULL if the object or
 * the field is not there. The path as in kube/json.h. */
char *fake_api_field(struct fake_api *api, const struct kind *kind, const char *namespace,
		     const char *name, const char *path);
bool fake_api_exists(struct fake_api *api, const struct kind *kind, const char *namespace,
		     const char *name);
size_t fake_api_count(struct fake_api *api, const struct kind *kind);

/* Waits until the field has this value (NULL: the object or field is gone); false after 5 s. */
bool fake_api_wait_field(struct fake_api *api, const struct kind *kind, const char *namespace,
			 const char *name, const char *path, const char *value);

/* Waits until there are so many objects of the kind; false after 5 s. */
bool fake_api_wait_count(struct fake_api *api, const struct kind *kind, size_t count);

/*
 * Faults.
 */

enum fake_api_fault {
	FAKE_API_STATUS,       /* answers with the status; no effect */
	FAKE_API_LOST_REQUEST, /* ERROR_TIMEOUT; no effect */
	FAKE_API_LOST_ANSWER,  /* ERROR_TIMEOUT, but the request took effect */
};

struct fake_api_failure {
	const char *method;    /* "POST"; NULL: any. A watch is a GET with "watch=1" in its path */
	const char *path_part; /* "persistentvolumes"; NULL: any */
	enum fake_api_fault how;
	int status;		/* of FAKE_API_STATUS: 409, 500, … */
	uint32_t retry_after_s; /* sent with the status */
	unsigned times;		/* 0 counts as 1 */
	const char *message;	/* sent with the status; borrowed; NULL: that it is the test's */
};

/* The next request that matches fails; several failures are used up in the order given. */
void fake_api_fail(struct fake_api *api, const struct fake_api_failure *failure);

/* The common form. status is that of FAKE_API_STATUS, else 0. */
void fake_api_fail_next(struct fake_api *api, const char *method, const char *path_part,
			enum fake_api_fault how, int status);

/* Called in the caller's thread, without a lock, before each request and after its effect but
 * before its answer. Returning false makes the request fail with ERROR_CANCELLED: before means
 * without effect. A program of which every request from some point on fails is as good as dead. */
typedef bool fake_api_hook(void *context, const char *method, const char *path, bool after);
void fake_api_set_hook(struct fake_api *api, fake_api_hook *hook, void *context);

/* While down every request is ERROR_UNAVAILABLE, and open watches are cut in the middle of a line.
 */
void fake_api_set_down(struct fake_api *api, bool down);

/* As when its CustomResourceDefinition goes and comes: while a kind is not served every request for
 * it is answered with 404, and its watches end in good order. Its objects stay where they are. */
void fake_api_set_served(struct fake_api *api, const struct kind *kind, bool served);

void fake_api_cut_watches(struct fake_api *api); /* in the middle of a line */
void fake_api_end_watches(struct fake_api *api); /* in good order */
void fake_api_expire(struct fake_api *api);	 /* open watches get 410; older versions are gone */
void fake_api_send_bookmarks(struct fake_api *api);
void fake_api_send_line(struct fake_api *api, const char *line); /* to all watches, as it is */

/* How many requests matched so far, and how many watches are open now. */
size_t fake_api_requests(struct fake_api *api, const char *method, const char *path_part);
size_t fake_api_watches(struct fake_api *api);

/* From now on "default" is filled into this member of the spec of each PodTemplate that lacks it.
 * The name is borrowed. */
void fake_api_set_template_default(struct fake_api *api, const char *member);

/* A mutating admission webhook, called with a lock held on every object that a client creates or
 * patches; collection: "/api/v1/pods". It may change the object. */
typedef void fake_api_webhook(void *context, const char *collection, struct json_object *object);
void fake_api_set_webhook(struct fake_api *api, fake_api_webhook *webhook, void *context);

/* Moves the resourceVersion counter on, so that versions of different digits are met. */
void fake_api_skip_versions(struct fake_api *api, uint64_t how_many);

DEFINE_CLEANUP(struct fake_api *, fake_api_free);
