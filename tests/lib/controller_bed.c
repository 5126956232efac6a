/* SPDX-License-Identifier: Apache-2.0 */
#include "controller_bed.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "fake_json.h"
#include "kube/json.h"
#include "kube/list.h"
#include "kube/verbs.h"

#define PODS_MAX 8
#define KUBELET_PERIOD_US 1000
#define WAIT_MS 5000

static const struct kind event_kind = {
	.api_version = "v1",
	.name = "Event",
	.plural = "events",
	.namespaced = true,
	.size = sizeof(struct object),
};

/* Requests from threads of the test are nobody's business. */
static __thread bool is_test;

struct controller_bed {
	struct fake_api *api;
	struct kube_client *client;
	struct kube_client *kubelet_client;
	struct controller *controller;
	const char *namespace;
	uint32_t backoff_ms;
	uint32_t guard_margin_ms;
	pthread_t kubelet;
	bool stopping; /* these four are atomic */
	bool hold;
	bool deposed;
	size_t writes;

	pthread_mutex_t lock;
	unsigned die_at;
	bool die_after;
	unsigned requests;
	unsigned under_way;
	bool died;
	struct text created;
	struct text deleted;
	char *complaint;
};

struct fake_api *bed_api(struct controller_bed *bed)
{
	return bed->api;
}

static void complain(struct controller_bed *bed, char *taken)
{
	pthread_mutex_lock(&bed->lock);
	if (bed->complaint)
		free(taken);
	else
		bed->complaint = taken;
	pthread_mutex_unlock(&bed->lock);
}

const char *bed_complaint(struct controller_bed *bed)
{
	return bed->complaint;
}

static bool is(char *value, const char *wanted)
{
	bool same = value ? wanted && strcmp(value, wanted) == 0 : !wanted;
	free(value);
	return same;
}

/*
 * Watching what the controller does.
 */

static bool ends_with_name(const char *path, const char *collection, char name[static 64])
{
	const char *found = strstr(path, collection);
	if (!found || found[strlen(collection)] != '/')
		return false;
	snprintf(name, 64, "%.*s", (int)strcspn(found + strlen(collection) + 1, "/?"),
		 found + strlen(collection) + 1);
	return true;
}

static bool is_ordered(struct controller_bed *bed)
{
	return is(bed_set(bed, "spec.podManagementPolicy"), "OrderedReady");
}

static bool is_ready(struct controller_bed *bed, const char *pod)
{
	CLEANUP(json_object_putp)
	struct json_object *json = fake_api_read(bed->api, &pod_kind, "default", pod);
	if (!json)
		return false;
	CLEANUP(object_unrefp) struct object *object = NULL;
	struct error err;
	return object_parse(&pod_kind, json, &object, &err) == 0 &&
	       pod_running_and_ready(pod_of(object));
}

/* A pod was just made: which one, and were those before it well? */
static void check_new_pods(struct controller_bed *bed)
{
	bool all_ready = true;
	for (int i = 0; i < PODS_MAX; i++) {
		char name[16];
		snprintf(name, sizeof(name), "web-%d", i);
		if (!fake_api_exists(bed->api, &pod_kind, "default", name)) {
			all_ready = false;
			continue;
		}
		CLEANUP_FREE char *uid = bed_pod(bed, name, "metadata.uid");
		CLEANUP_FREE char *seen = bed_pod(bed, name, "metadata.annotations.seen");
		if (!uid || seen) {
			all_ready = all_ready && is_ready(bed, name);
			continue;
		}
		if (!all_ready && is_ordered(bed))
			complain(bed, must_printf("%s was made before its turn", name));
		pthread_mutex_lock(&bed->lock);
		text_printf(&bed->created, "%s%s", bed->created.length ? " " : "", name);
		pthread_mutex_unlock(&bed->lock);
		fake_api_edit(bed->api, &pod_kind, "default", name,
			      "{'metadata':{'annotations':{'seen':'yes'}}}");
		all_ready = false;
	}
}

static int64_t count_of(struct controller_bed *bed, struct json_object *status, const char *name)
{
	struct json_object *value = json_find(status, name);
	int64_t count = value ? json_object_get_int64(value) : 0;
	if (count < 0)
		complain(bed, must_printf("status.%s is %ld", name, (long)count));
	return count;
}

/* As the API server validates a status (apps/v1). */
static void check_status(struct controller_bed *bed)
{
	CLEANUP(json_object_putp)
	struct json_object *set = fake_api_read(bed->api, &statefulset_apps_kind, "default", "web");
	struct json_object *status = json_find(set, "status");
	if (!status)
		return;
	int64_t replicas = count_of(bed, status, "replicas");
	int64_t ready = count_of(bed, status, "readyReplicas");
	if (ready > replicas || count_of(bed, status, "currentReplicas") > replicas ||
	    count_of(bed, status, "updatedReplicas") > replicas ||
	    count_of(bed, status, "availableReplicas") > ready)
		complain(bed, must_printf("counts do not fit: %s", json_text(status, NULL)));
}

static void see_effect(struct controller_bed *bed, const char *method, const char *path)
{
	char name[64];
	if (strcmp(method, "POST") == 0 && strstr(path, "/pods"))
		check_new_pods(bed);
	if (strcmp(method, "PATCH") == 0 && strstr(path, "/statefulsets/web/status"))
		check_status(bed);
	if (strcmp(method, "DELETE") == 0 && strstr(path, "/persistentvolumeclaims"))
		complain(bed, must_printf("a claim was deleted: %s", path));
	if (strcmp(method, "DELETE") == 0 && ends_with_name(path, "/pods", name)) {
		pthread_mutex_lock(&bed->lock);
		text_printf(&bed->deleted, "%s%s", bed->deleted.length ? " " : "", name);
		pthread_mutex_unlock(&bed->lock);
	}
}

static bool counts_as_request(const char *path)
{
	return !strstr(path, "watch=1") && !strstr(path, "/events") && !strstr(path, "limit=");
}

/* True: the request goes on. */
static bool lives(struct controller_bed *bed, const char *path, bool after)
{
	pthread_mutex_lock(&bed->lock);
	if (!after && !bed->died && counts_as_request(path))
		bed->requests++;
	bool reached = bed->die_at && bed->requests >= bed->die_at;
	if (reached && after == bed->die_after && counts_as_request(path))
		bed->died = true;
	bool alive = !bed->died;
	if (counts_as_request(path) && after)
		bed->under_way--;
	else if (counts_as_request(path) && alive)
		bed->under_way++;
	pthread_mutex_unlock(&bed->lock);
	return alive;
}

static bool hook(void *context, const char *method, const char *path, bool after)
{
	struct controller_bed *bed = context;
	if (is_test)
		return true;
	if (after)
		see_effect(bed, method, path);
	else if (strcmp(method, "GET") != 0 && !strstr(path, "/events"))
		__atomic_add_fetch(&bed->writes, 1, __ATOMIC_RELAXED);
	return lives(bed, path, after);
}

void bed_die_at(struct controller_bed *bed, unsigned nth, bool after_effect)
{
	pthread_mutex_lock(&bed->lock);
	bed->die_at = nth;
	bed->die_after = after_effect;
	bed->requests = 0;
	bed->under_way = 0;
	bed->died = false;
	pthread_mutex_unlock(&bed->lock);
}

bool bed_died(struct controller_bed *bed)
{
	pthread_mutex_lock(&bed->lock);
	bool died = bed->died;
	pthread_mutex_unlock(&bed->lock);
	return died;
}

bool bed_is_quiet(struct controller_bed *bed)
{
	pthread_mutex_lock(&bed->lock);
	bool quiet = bed->under_way == 0;
	pthread_mutex_unlock(&bed->lock);
	return quiet;
}

/*
 * The kubelet.
 */

static void patch_pod(struct controller_bed *bed, const char *name, const char *subresource,
		      const char *json)
{
	CLEANUP(json_object_putp) struct json_object *patch = fake_json_of(json);
	struct error err;
	kube_patch(bed->kubelet_client, &pod_kind, "default", name, subresource, KUBE_PATCH_MERGE,
		   patch, NULL, &err);
}

static void start_pod(struct controller_bed *bed, const char *name)
{
	char now[CLOCK_TEXT_MAX];
	clock_format_s(clock_wall_s(), now);
	CLEANUP_FREE char *status =
		must_printf("{'status':{'phase':'Running','conditions':"
			    "[{'type':'Ready','status':'%s','lastTransitionTime':'%s'}]}}",
			    __atomic_load_n(&bed->hold, __ATOMIC_ACQUIRE) ? "False" : "True", now);
	patch_pod(bed, name, NULL, "{'spec':{'nodeName':'n1'}}");
	patch_pod(bed, name, "status", status);
}

/* The controller may remove a pod that has no node yet at any time. */
static void tend_pod(struct controller_bed *bed, const char *name)
{
	CLEANUP_FREE char *uid = bed_pod(bed, name, "metadata.uid");
	CLEANUP_FREE char *deleted = bed_pod(bed, name, "metadata.deletionTimestamp");
	CLEANUP_FREE char *node = bed_pod(bed, name, "spec.nodeName");
	if (deleted)
		fake_api_remove(bed->api, &pod_kind, "default", name);
	else if (uid && !node)
		start_pod(bed, name);
}

static void *run_kubelet(void *context)
{
	struct controller_bed *bed = context;
	is_test = true;
	while (!__atomic_load_n(&bed->stopping, __ATOMIC_ACQUIRE)) {
		for (int i = 0; i < PODS_MAX; i++) {
			char name[16];
			snprintf(name, sizeof(name), "web-%d", i);
			tend_pod(bed, name);
		}
		usleep(KUBELET_PERIOD_US);
	}
	return NULL;
}

void bed_hold_kubelet(struct controller_bed *bed, bool hold)
{
	__atomic_store_n(&bed->hold, hold, __ATOMIC_RELEASE);
}

/*
 * Start and end.
 */

struct controller_bed *controller_bed_new(void)
{
	struct controller_bed *bed = must_alloc(sizeof(*bed));
	bed->api = fake_api_new();
	pthread_mutex_init(&bed->lock, NULL);
	bed->kubelet_client = kube_client_new_over(fake_api_connect(bed->api));
	is_test = true;
	fake_api_set_hook(bed->api, hook, bed);
	if (pthread_create(&bed->kubelet, NULL, run_kubelet, bed) != 0)
		abort();
	return bed;
}

static bool leads(void *context)
{
	struct controller_bed *bed = context;
	return !__atomic_load_n(&bed->deposed, __ATOMIC_ACQUIRE);
}

void bed_confine(struct controller_bed *bed, const char *namespace)
{
	bed->namespace = namespace;
}

void bed_set_guard_margin(struct controller_bed *bed, uint32_t margin_ms)
{
	bed->guard_margin_ms = margin_ms;
}

void bed_set_backoff(struct controller_bed *bed, uint32_t backoff_ms)
{
	bed->backoff_ms = backoff_ms;
}

void bed_depose(struct controller_bed *bed)
{
	__atomic_store_n(&bed->deposed, true, __ATOMIC_RELEASE);
}

void bed_restore(struct controller_bed *bed)
{
	__atomic_store_n(&bed->deposed, false, __ATOMIC_RELEASE);
}

void bed_start(struct controller_bed *bed, bool guarded)
{
	bed->client = kube_client_new_over(fake_api_connect(bed->api));
	struct controller_options options = {
		.client = bed->client,
		.kind = &statefulset_apps_kind,
		.own_namespace = "kentledge",
		.pod_name = "",
		.pod_uid = "",
		.workers = 2,
		.backoff_min_ms = bed->backoff_ms ? bed->backoff_ms : 5,
		.backoff_max_ms = bed->backoff_ms ? bed->backoff_ms : 50,
		.guarded = guarded,
		.guard_wait_ms = 100,
		.guard_margin_ms = bed->guard_margin_ms ? bed->guard_margin_ms : 100,
		.guard_look_ms = 50,
		.probe_again_ms = 300,
		.probe_check_ms = 50,
		.namespace = bed->namespace,
		.leads = leads,
		.leads_context = bed,
	};
	bed->controller = controller_new(&options);
}

void bed_kill(struct controller_bed *bed)
{
	if (!bed->controller)
		return;
	kube_client_stop(bed->client);
	controller_free(bed->controller);
	kube_client_free(bed->client);
	bed->controller = NULL;
	bed->client = NULL;
}

void controller_bed_free(struct controller_bed *bed)
{
	__atomic_store_n(&bed->stopping, true, __ATOMIC_RELEASE);
	pthread_join(bed->kubelet, NULL);
	bed_kill(bed);
	kube_client_free(bed->kubelet_client);
	fake_api_free(bed->api);
	pthread_mutex_destroy(&bed->lock);
	text_done(&bed->created);
	text_done(&bed->deleted);
	free(bed->complaint);
	free(bed);
}

/*
 * The set.
 */

void bed_put_set(struct controller_bed *bed, const char *spec, const char *image)
{
	fake_api_putf(
		bed->api, &statefulset_apps_kind,
		"{'apiVersion':'apps/v1','kind':'StatefulSet','metadata':{'name':'web',"
		"'namespace':'default'},'spec':{'replicas':2,'podManagementPolicy':'OrderedReady',"
		"'serviceName':'nginx','revisionHistoryLimit':10,"
		"'updateStrategy':{'type':'RollingUpdate','rollingUpdate':{'partition':0}},"
		"'selector':{'matchLabels':{'app':'nginx'}},"
		"'template':{'metadata':{'labels':{'app':'nginx'}},"
		"'spec':{'containers':[{'name':'nginx','image':'%s'}]}},"
		"'volumeClaimTemplates':[{'apiVersion':'v1','kind':'PersistentVolumeClaim',"
		"'metadata':{'name':'www'},'spec':{'accessModes':['ReadWriteOnce'],"
		"'resources':{'requests':{'storage':'1Gi'}}}}]}}",
		image);
	if (*spec)
		bed_edit_set(bed, spec);
}

void bed_edit_set(struct controller_bed *bed, const char *patch)
{
	CLEANUP(json_object_putp)
	struct json_object *set = fake_api_read(bed->api, &statefulset_apps_kind, "default", "web");
	struct json_object *generation = json_find(set, "metadata.generation");
	fake_api_edit(bed->api, &statefulset_apps_kind, "default", "web",
		      "{'metadata':{'generation':%ld},'spec':%s}",
		      (long)json_object_get_int64(generation) + 1, patch);
}

void bed_set_image(struct controller_bed *bed, const char *image)
{
	CLEANUP_FREE char *patch = must_printf(
		"{'template':{'spec':{'containers':[{'name':'nginx','image':'%s'}]}}}", image);
	bed_edit_set(bed, patch);
}

bool bed_wait_set(struct controller_bed *bed, const char *path, const char *value)
{
	return fake_api_wait_field(bed->api, &statefulset_apps_kind, "default", "web", path, value);
}

bool bed_wait_pod(struct controller_bed *bed, const char *pod, const char *path, const char *value)
{
	return fake_api_wait_field(bed->api, &pod_kind, "default", pod, path, value);
}

bool bed_wait_new_pod(struct controller_bed *bed, const char *pod, const char *old_uid)
{
	uint64_t end_ms = clock_monotonic_ms() + WAIT_MS;
	while (clock_monotonic_ms() < end_ms) {
		CLEANUP_FREE char *uid = bed_pod(bed, pod, "metadata.uid");
		if (uid && strcmp(uid, old_uid) != 0)
			return true;
		usleep(1000);
	}
	return false;
}

char *bed_pod(struct controller_bed *bed, const char *pod, const char *path)
{
	return fake_api_field(bed->api, &pod_kind, "default", pod, path);
}

char *bed_set(struct controller_bed *bed, const char *path)
{
	return fake_api_field(bed->api, &statefulset_apps_kind, "default", "web", path);
}

char *bed_claim(struct controller_bed *bed, const char *claim, const char *path)
{
	return fake_api_field(bed->api, &claim_kind, "default", claim, path);
}

char *bed_revision(struct controller_bed *bed, const char *pod)
{
	return bed_pod(bed, pod, "metadata.labels.controller-revision-hash");
}

static bool has_pods(struct controller_bed *bed, int count)
{
	for (int i = 0; i < count; i++) {
		char name[16];
		snprintf(name, sizeof(name), "web-%d", i);
		if (!fake_api_exists(bed->api, &pod_kind, "default", name))
			return false;
	}
	return true;
}

bool bed_is_settled(struct controller_bed *bed, const char *replicas)
{
	static const char *const counts[] = { "status.replicas", "status.readyReplicas",
					      "status.availableReplicas", "status.updatedReplicas",
					      "status.currentReplicas" };
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (!is(bed_set(bed, counts[i]), replicas))
			return false;
	if (!has_pods(bed, atoi(replicas)))
		return false;
	CLEANUP_FREE char *update = bed_set(bed, "status.updateRevision");
	CLEANUP_FREE char *generation = bed_set(bed, "metadata.generation");
	return is(bed_set(bed, "status.currentRevision"), update) &&
	       is(bed_set(bed, "status.observedGeneration"), generation);
}

bool bed_wait_settled(struct controller_bed *bed, const char *replicas)
{
	uint64_t end_ms = clock_monotonic_ms() + WAIT_MS;
	while (!bed_is_settled(bed, replicas)) {
		if (clock_monotonic_ms() > end_ms)
			return false;
		usleep(1000);
	}
	return true;
}

bool bed_is_active(struct controller_bed *bed)
{
	return controller_is_active(bed->controller);
}

size_t bed_writes(struct controller_bed *bed)
{
	return __atomic_load_n(&bed->writes, __ATOMIC_RELAXED);
}

/* Events bear names that nobody knows beforehand: they are found by a client. */
struct search {
	const char *reason;
	const char *text;
	bool found;
};

static int event_parse(struct object *object, struct json_object *json, struct error *err)
{
	const char *reason;
	const char *message;
	if (json_read_string(json, "reason", object->arena, &reason, err) < 0 ||
	    json_read_string(json, "message", object->arena, &message, err) < 0)
		return -1;
	pairs_set(&object->annotations, object->arena, "reason", reason ? reason : "");
	pairs_set(&object->annotations, object->arena, "message", message ? message : "");
	return 0;
}

static void look_at_event(void *context, struct object *event)
{
	struct search *search = context;
	if (strcmp(pairs_get(&event->annotations, "reason"), search->reason) == 0 &&
	    strcmp(pairs_get(&event->annotations, "message"), search->text) == 0)
		search->found = true;
}

bool bed_wait_event(struct controller_bed *bed, const char *reason, const char *text)
{
	struct kind kind = event_kind;
	kind.parse = event_parse;
	CLEANUP(kube_client_freep)
	struct kube_client *client = kube_client_new_over(fake_api_connect(bed->api));
	struct kube_scope scope = { .kind = &kind };
	struct search search = { .reason = reason, .text = text };
	uint64_t end_ms = clock_monotonic_ms() + WAIT_MS;
	while (!search.found && clock_monotonic_ms() < end_ms) {
		char *version = NULL;
		struct error err;
		if (kube_list(client, &scope, look_at_event, NULL, &search, &version, &err) < 0)
			return false;
		free(version);
		usleep(1000);
	}
	return search.found;
}

struct tally {
	const char *prefix;
	size_t count;
};

static void tally_event(void *context, struct object *event)
{
	struct tally *tally = context;
	tally->count += strncmp(pairs_get(&event->annotations, "reason"), tally->prefix,
				strlen(tally->prefix)) == 0;
}

size_t bed_count_events(struct controller_bed *bed, const char *prefix)
{
	struct kind kind = event_kind;
	kind.parse = event_parse;
	CLEANUP(kube_client_freep)
	struct kube_client *client = kube_client_new_over(fake_api_connect(bed->api));
	struct kube_scope scope = { .kind = &kind };
	struct tally tally = { .prefix = prefix };
	CLEANUP_FREE char *version = NULL;
	struct error err;
	kube_list(client, &scope, tally_event, NULL, &tally, &version, &err);
	return tally.count;
}

const char *bed_created(struct controller_bed *bed)
{
	return text_string(&bed->created);
}

const char *bed_deleted(struct controller_bed *bed)
{
	return text_string(&bed->deleted);
}
