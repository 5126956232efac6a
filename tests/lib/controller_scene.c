/* SPDX-License-Identifier: Apache-2.0 */
#include "controller_scene.h"

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

/* Requests from threads of the test do not count. */
static __thread bool is_test;

struct controller_scene {
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

struct fake_api *controller_scene_api(struct controller_scene *scene)
{
	return scene->api;
}

static void complain(struct controller_scene *scene, char *taken)
{
	pthread_mutex_lock(&scene->lock);
	if (scene->complaint)
		free(taken);
	else
		scene->complaint = taken;
	pthread_mutex_unlock(&scene->lock);
}

const char *controller_scene_complaint(struct controller_scene *scene)
{
	return scene->complaint;
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

static bool is_ordered(struct controller_scene *scene)
{
	return is(controller_scene_set(scene, "spec.podManagementPolicy"), "OrderedReady");
}

static bool is_ready(struct controller_scene *scene, const char *pod)
{
	CLEANUP(json_object_putp)
	struct json_object *json = fake_api_read(scene->api, &pod_kind, "default", pod);
	if (!json)
		return false;
	CLEANUP(object_unrefp) struct object *object = NULL;
	struct error err;
	return object_parse(&pod_kind, json, &object, &err) == 0 &&
	       pod_running_and_ready(pod_of(object));
}

/* A pod was just made: which one, and were those before it well? */
static void check_new_pods(struct controller_scene *scene)
{
	bool all_ready = true;
	for (int i = 0; i < PODS_MAX; i++) {
		char name[16];
		snprintf(name, sizeof(name), "web-%d", i);
		if (!fake_api_exists(scene->api, &pod_kind, "default", name)) {
			all_ready = false;
			continue;
		}
		CLEANUP_FREE char *uid = controller_scene_pod(scene, name, "metadata.uid");
		CLEANUP_FREE char *seen =
			controller_scene_pod(scene, name, "metadata.annotations.seen");
		if (!uid || seen) {
			all_ready = all_ready && is_ready(scene, name);
			continue;
		}
		if (!all_ready && is_ordered(scene))
			complain(scene, must_printf("%s was made before its turn", name));
		pthread_mutex_lock(&scene->lock);
		text_printf(&scene->created, "%s%s", scene->created.length ? " " : "", name);
		pthread_mutex_unlock(&scene->lock);
		fake_api_edit(scene->api, &pod_kind, "default", name,
			      "{'metadata':{'annotations':{'seen':'yes'}}}");
		all_ready = false;
	}
}

static int64_t count_of(struct controller_scene *scene, struct json_object *status,
			const char *name)
{
	struct json_object *value = json_find(status, name);
	int64_t count = value ? json_object_get_int64(value) : 0;
	if (count < 0)
		complain(scene, must_printf("status.%s is %ld", name, (long)count));
	return count;
}

/* As the API server validates a status (apps/v1). */
static void check_status(struct controller_scene *scene)
{
	CLEANUP(json_object_putp)
	struct json_object *set =
		fake_api_read(scene->api, &statefulset_apps_kind, "default", "web");
	struct json_object *status = json_find(set, "status");
	if (!status)
		return;
	int64_t replicas = count_of(scene, status, "replicas");
	int64_t ready = count_of(scene, status, "readyReplicas");
	if (ready > replicas || count_of(scene, status, "currentReplicas") > replicas ||
	    count_of(scene, status, "updatedReplicas") > replicas ||
	    count_of(scene, status, "availableReplicas") > ready)
		complain(scene, must_printf("counts do not fit: %s", json_text(status, NULL)));
}

static void see_effect(struct controller_scene *scene, const char *method, const char *path)
{
	char name[64];
	if (strcmp(method, "POST") == 0 && strstr(path, "/pods"))
		check_new_pods(scene);
	if (strcmp(method, "PATCH") == 0 && strstr(path, "/statefulsets/web/status"))
		check_status(scene);
	if (strcmp(method, "DELETE") == 0 && strstr(path, "/persistentvolumeclaims"))
		complain(scene, must_printf("a claim was deleted: %s", path));
	if (strcmp(method, "DELETE") == 0 && ends_with_name(path, "/pods", name)) {
		pthread_mutex_lock(&scene->lock);
		text_printf(&scene->deleted, "%s%s", scene->deleted.length ? " " : "", name);
		pthread_mutex_unlock(&scene->lock);
	}
}

static bool counts_as_request(const char *path)
{
	return !strstr(path, "watch=1") && !strstr(path, "/events") && !strstr(path, "limit=");
}

/* True: the request goes on. */
static bool lives(struct controller_scene *scene, const char *path, bool after)
{
	pthread_mutex_lock(&scene->lock);
	if (!after && !scene->died && counts_as_request(path))
		scene->requests++;
	bool reached = scene->die_at && scene->requests >= scene->die_at;
	if (reached && after == scene->die_after && counts_as_request(path))
		scene->died = true;
	bool alive = !scene->died;
	if (counts_as_request(path) && after)
		scene->under_way--;
	else if (counts_as_request(path) && alive)
		scene->under_way++;
	pthread_mutex_unlock(&scene->lock);
	return alive;
}

static bool hook(void *context, const char *method, const char *path, bool after)
{
	struct controller_scene *scene = context;
	if (is_test)
		return true;
	if (after)
		see_effect(scene, method, path);
	else if (strcmp(method, "GET") != 0 && !strstr(path, "/events"))
		__atomic_add_fetch(&scene->writes, 1, __ATOMIC_RELAXED);
	return lives(scene, path, after);
}

void controller_scene_die_at(struct controller_scene *scene, unsigned nth, bool after_effect)
{
	pthread_mutex_lock(&scene->lock);
	scene->die_at = nth;
	scene->die_after = after_effect;
	scene->requests = 0;
	scene->under_way = 0;
	scene->died = false;
	pthread_mutex_unlock(&scene->lock);
}

bool controller_scene_died(struct controller_scene *scene)
{
	pthread_mutex_lock(&scene->lock);
	bool died = scene->died;
	pthread_mutex_unlock(&scene->lock);
	return died;
}

bool controller_scene_is_quiet(struct controller_scene *scene)
{
	pthread_mutex_lock(&scene->lock);
	bool quiet = scene->under_way == 0;
	pthread_mutex_unlock(&scene->lock);
	return quiet;
}

/*
 * The kubelet.
 */

static void patch_pod(struct controller_scene *scene, const char *name, const char *subresource,
		      const char *json)
{
	CLEANUP(json_object_putp) struct json_object *patch = fake_json_of(json);
	struct error err;
	kube_patch(scene->kubelet_client, &pod_kind, "default", name, subresource, KUBE_PATCH_MERGE,
		   patch, NULL, &err);
}

static void start_pod(struct controller_scene *scene, const char *name)
{
	char now[CLOCK_TEXT_MAX];
	clock_format_s(clock_wall_s(), now);
	CLEANUP_FREE char *status = must_printf(
		"{'status':{'phase':'Running','conditions':"
		"[{'type':'Ready','status':'%s','lastTransitionTime':'%s'}]}}",
		__atomic_load_n(&scene->hold, __ATOMIC_ACQUIRE) ? "False" : "True", now);
	patch_pod(scene, name, NULL, "{'spec':{'nodeName':'n1'}}");
	patch_pod(scene, name, "status", status);
}

/* The controller may remove a pod that has no node yet at any time. */
static void tend_pod(struct controller_scene *scene, const char *name)
{
	CLEANUP_FREE char *uid = controller_scene_pod(scene, name, "metadata.uid");
	CLEANUP_FREE char *deleted =
		controller_scene_pod(scene, name, "metadata.deletionTimestamp");
	CLEANUP_FREE char *node = controller_scene_pod(scene, name, "spec.nodeName");
	if (deleted)
		fake_api_remove(scene->api, &pod_kind, "default", name);
	else if (uid && !node)
		start_pod(scene, name);
}

static void *run_kubelet(void *context)
{
	struct controller_scene *scene = context;
	is_test = true;
	while (!__atomic_load_n(&scene->stopping, __ATOMIC_ACQUIRE)) {
		for (int i = 0; i < PODS_MAX; i++) {
			char name[16];
			snprintf(name, sizeof(name), "web-%d", i);
			tend_pod(scene, name);
		}
		usleep(KUBELET_PERIOD_US);
	}
	return NULL;
}

void controller_scene_hold_kubelet(struct controller_scene *scene, bool hold)
{
	__atomic_store_n(&scene->hold, hold, __ATOMIC_RELEASE);
}

/*
 * Start and end.
 */

struct controller_scene *controller_scene_new(void)
{
	struct controller_scene *scene = must_alloc(sizeof(*scene));
	scene->api = fake_api_new();
	pthread_mutex_init(&scene->lock, NULL);
	scene->kubelet_client = kube_client_new_over(fake_api_connect(scene->api));
	is_test = true;
	fake_api_set_hook(scene->api, hook, scene);
	if (pthread_create(&scene->kubelet, NULL, run_kubelet, scene) != 0)
		abort();
	return scene;
}

static bool leads(void *context)
{
	struct controller_scene *scene = context;
	return !__atomic_load_n(&scene->deposed, __ATOMIC_ACQUIRE);
}

void controller_scene_confine(struct controller_scene *scene, const char *namespace)
{
	scene->namespace = namespace;
}

void controller_scene_set_guard_margin(struct controller_scene *scene, uint32_t margin_ms)
{
	scene->guard_margin_ms = margin_ms;
}

void controller_scene_set_backoff(struct controller_scene *scene, uint32_t backoff_ms)
{
	scene->backoff_ms = backoff_ms;
}

void controller_scene_depose(struct controller_scene *scene)
{
	__atomic_store_n(&scene->deposed, true, __ATOMIC_RELEASE);
}

void controller_scene_restore(struct controller_scene *scene)
{
	__atomic_store_n(&scene->deposed, false, __ATOMIC_RELEASE);
}

void controller_scene_start(struct controller_scene *scene, bool guarded)
{
	scene->client = kube_client_new_over(fake_api_connect(scene->api));
	struct controller_options options = {
		.client = scene->client,
		.kind = &statefulset_apps_kind,
		.own_namespace = "kentledge",
		.pod_name = "",
		.pod_uid = "",
		.workers = 2,
		.backoff_min_ms = scene->backoff_ms ? scene->backoff_ms : 5,
		.backoff_max_ms = scene->backoff_ms ? scene->backoff_ms : 50,
		.guarded = guarded,
		.guard_wait_ms = 100,
		.guard_margin_ms = scene->guard_margin_ms ? scene->guard_margin_ms : 100,
		.guard_look_ms = 50,
		.probe_again_ms = 300,
		.probe_check_ms = 50,
		.namespace = scene->namespace,
		.leads = leads,
		.leads_context = scene,
	};
	scene->controller = controller_new(&options);
}

void controller_scene_kill(struct controller_scene *scene)
{
	if (!scene->controller)
		return;
	kube_client_stop(scene->client);
	controller_free(scene->controller);
	kube_client_free(scene->client);
	scene->controller = NULL;
	scene->client = NULL;
}

void controller_scene_free(struct controller_scene *scene)
{
	__atomic_store_n(&scene->stopping, true, __ATOMIC_RELEASE);
	pthread_join(scene->kubelet, NULL);
	controller_scene_kill(scene);
	kube_client_free(scene->kubelet_client);
	fake_api_free(scene->api);
	pthread_mutex_destroy(&scene->lock);
	text_done(&scene->created);
	text_done(&scene->deleted);
	free(scene->complaint);
	free(scene);
}

/*
 * The set.
 */

void controller_scene_put_set(struct controller_scene *scene, const char *spec, const char *image)
{
	fake_api_putf(
		scene->api, &statefulset_apps_kind,
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
		controller_scene_edit_set(scene, spec);
}

void controller_scene_edit_set(struct controller_scene *scene, const char *patch)
{
	CLEANUP(json_object_putp)
	struct json_object *set =
		fake_api_read(scene->api, &statefulset_apps_kind, "default", "web");
	struct json_object *generation = json_find(set, "metadata.generation");
	fake_api_edit(scene->api, &statefulset_apps_kind, "default", "web",
		      "{'metadata':{'generation':%ld},'spec':%s}",
		      (long)json_object_get_int64(generation) + 1, patch);
}

void controller_scene_set_image(struct controller_scene *scene, const char *image)
{
	CLEANUP_FREE char *patch = must_printf(
		"{'template':{'spec':{'containers':[{'name':'nginx','image':'%s'}]}}}", image);
	controller_scene_edit_set(scene, patch);
}

bool controller_scene_wait_set(struct controller_scene *scene, const char *path, const char *value)
{
	return fake_api_wait_field(scene->api, &statefulset_apps_kind, "default", "web", path,
				   value);
}

bool controller_scene_wait_pod(struct controller_scene *scene, const char *pod, const char *path,
			       const char *value)
{
	return fake_api_wait_field(scene->api, &pod_kind, "default", pod, path, value);
}

bool controller_scene_wait_new_pod(struct controller_scene *scene, const char *pod,
				   const char *old_uid)
{
	uint64_t end_ms = clock_monotonic_ms() + WAIT_MS;
	while (clock_monotonic_ms() < end_ms) {
		CLEANUP_FREE char *uid = controller_scene_pod(scene, pod, "metadata.uid");
		if (uid && strcmp(uid, old_uid) != 0)
			return true;
		usleep(1000);
	}
	return false;
}

char *controller_scene_pod(struct controller_scene *scene, const char *pod, const char *path)
{
	return fake_api_field(scene->api, &pod_kind, "default", pod, path);
}

char *controller_scene_set(struct controller_scene *scene, const char *path)
{
	return fake_api_field(scene->api, &statefulset_apps_kind, "default", "web", path);
}

char *controller_scene_claim(struct controller_scene *scene, const char *claim, const char *path)
{
	return fake_api_field(scene->api, &claim_kind, "default", claim, path);
}

char *controller_scene_revision(struct controller_scene *scene, const char *pod)
{
	return controller_scene_pod(scene, pod, "metadata.labels.controller-revision-hash");
}

static bool has_pods(struct controller_scene *scene, int count)
{
	for (int i = 0; i < count; i++) {
		char name[16];
		snprintf(name, sizeof(name), "web-%d", i);
		if (!fake_api_exists(scene->api, &pod_kind, "default", name))
			return false;
	}
	return true;
}

bool controller_scene_is_settled(struct controller_scene *scene, const char *replicas)
{
	static const char *const counts[] = { "status.replicas", "status.readyReplicas",
					      "status.availableReplicas", "status.updatedReplicas",
					      "status.currentReplicas" };
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (!is(controller_scene_set(scene, counts[i]), replicas))
			return false;
	if (!has_pods(scene, atoi(replicas)))
		return false;
	CLEANUP_FREE char *update = controller_scene_set(scene, "status.updateRevision");
	CLEANUP_FREE char *generation = controller_scene_set(scene, "metadata.generation");
	return is(controller_scene_set(scene, "status.currentRevision"), update) &&
	       is(controller_scene_set(scene, "status.observedGeneration"), generation);
}

bool controller_scene_wait_settled(struct controller_scene *scene, const char *replicas)
{
	uint64_t end_ms = clock_monotonic_ms() + WAIT_MS;
	while (!controller_scene_is_settled(scene, replicas)) {
		if (clock_monotonic_ms() > end_ms)
			return false;
		usleep(1000);
	}
	return true;
}

bool controller_scene_is_active(struct controller_scene *scene)
{
	return controller_is_active(scene->controller);
}

size_t controller_scene_writes(struct controller_scene *scene)
{
	return __atomic_load_n(&scene->writes, __ATOMIC_RELAXED);
}

/* Names of Events are not known beforehand: a client finds them. */
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

bool controller_scene_wait_event(struct controller_scene *scene, const char *reason,
				 const char *text)
{
	struct kind kind = event_kind;
	kind.parse = event_parse;
	CLEANUP(kube_client_freep)
	struct kube_client *client = kube_client_new_over(fake_api_connect(scene->api));
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

size_t controller_scene_count_events(struct controller_scene *scene, const char *prefix)
{
	struct kind kind = event_kind;
	kind.parse = event_parse;
	CLEANUP(kube_client_freep)
	struct kube_client *client = kube_client_new_over(fake_api_connect(scene->api));
	struct kube_scope scope = { .kind = &kind };
	struct tally tally = { .prefix = prefix };
	CLEANUP_FREE char *version = NULL;
	struct error err;
	kube_list(client, &scope, tally_event, NULL, &tally, &version, &err);
	return tally.count;
}

const char *controller_scene_created(struct controller_scene *scene)
{
	return text_string(&scene->created);
}

const char *controller_scene_deleted(struct controller_scene *scene)
{
	return text_string(&scene->deleted);
}
