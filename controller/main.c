/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kentledge-controller: runs StatefulSets. Of several replicas the one that holds the lease acts.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/stop.h"
#include "base/text.h"
#include "controller.h"
#include "http/server.h"
#include "kube/config.h"
#include "kube/lease.h"
#include "statefulset.h"

#define LEASE_NAME "kentledge-controller"
#define USER_AGENT "kentledge-controller/" KENTLEDGE_VERSION

/* As kube-controller-manager's --concurrent-statefulset-syncs, and a few more. */
#define WORKERS_DEFAULT 8
#define WORKERS_MAX 256

/* A set that cannot be made right, for want of quota say, is tried again at least once a minute. */
#define BACKOFF_MIN_MS 5
#define BACKOFF_MAX_MS 60000
#define PROBE_AGAIN_MS (5 * 60 * 1000)
#define PROBE_CHECK_MS 10000
#define GUARD_WAIT_DEFAULT_S 5

struct settings {
	const char *kubeconfig;
	const char *namespace; /* whose sets; NULL: all */
	const struct kind *kind;
	const char *http;
	bool leader_elect;
	unsigned workers;
	unsigned guard_wait_s;
};

struct program {
	struct settings settings;
	const char *own_namespace;
	const char *pod_name;
	const char *pod_uid;
	struct kube_client *client;

	pthread_mutex_t lock;
	bool stopping;
	struct controller *controller; /* NULL until we lead */
	struct lease *lease;	       /* atomic; NULL: nobody competes, or we have only begun to */
};

static const char usage[] =
	"usage: kentledge-controller [options]\n"
	"\n"
	"  --kubeconfig=FILE     how to reach the API server (default: the pod's own account,\n"
	"                        else $KUBECONFIG)\n"
	"  --namespace=NAME      run the StatefulSets of this namespace only (default: all)\n"
	"  --api-group=GROUP     whose StatefulSets: apps (default)\n"
	"  --http=ADDRESS        /healthz, /readyz, /metrics (default :9746)\n"
	"  --leader-elect=BOOL   act only while holding the lease kentledge-controller\n"
	"                        (default true)\n"
	"  --workers=N           sets in hand at a time (default 8)\n"
	"  --guard-wait=SECONDS  how long nobody else may touch the probe before we act\n"
	"                        (default 5)\n"
	"  --log-level=LEVEL     debug, info (default), warning or error\n"
	"  --help, --version\n"
	"\n"
	"Environment: POD_NAMESPACE, POD_NAME and POD_UID name the pod that this runs in.\n";

static int complain(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "kentledge-controller: --%s=%s: must be %s\n", option, value, wanted);
	return -1;
}

static int parse_number(const char *option, const char *value, unsigned min, unsigned max,
			unsigned *ret_number)
{
	char *end;
	unsigned long number = strtoul(value, &end, 10);
	CLEANUP_FREE char *wanted = must_printf("a number from %u to %u", min, max);
	if (end == value || *end || *value == '-' || number < min || number > max)
		return complain(option, value, wanted);
	*ret_number = (unsigned)number;
	return 0;
}

static int parse_bool(const char *option, const char *value, bool *ret_bool)
{
	bool yes = !value || strcmp(value, "true") == 0;
	if (!yes && strcmp(value, "false") != 0)
		return complain(option, value, "true or false");
	*ret_bool = yes;
	return 0;
}

static int parse_group(const char *value, const struct kind **ret_kind)
{
	if (strcmp(value, "apps") != 0)
		return complain("api-group", value, "apps");
	*ret_kind = &statefulset_apps_kind;
	return 0;
}

static int parse_level(const char *value)
{
	enum log_level level;
	if (log_parse_level(value, &level) < 0)
		return complain("log-level", value, "debug, info, warning or error");
	log_set_level(level);
	return 0;
}

static const struct option options[] = {
	{ "kubeconfig", required_argument, NULL, 'k' },
	{ "namespace", required_argument, NULL, 'n' },
	{ "api-group", required_argument, NULL, 'g' },
	{ "http", required_argument, NULL, 'a' },
	{ "leader-elect", optional_argument, NULL, 'l' },
	{ "workers", required_argument, NULL, 'w' },
	{ "guard-wait", required_argument, NULL, 'p' },
	{ "log-level", required_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static int take_option(struct settings *settings, int letter, const char *value)
{
	switch (letter) {
	case 'k':
		settings->kubeconfig = value;
		return 0;
	case 'n':
		settings->namespace = *value ? value : NULL;
		return 0;
	case 'g':
		return parse_group(value, &settings->kind);
	case 'a':
		settings->http = value;
		return 0;
	case 'l':
		return parse_bool("leader-elect", value, &settings->leader_elect);
	case 'w':
		return parse_number("workers", value, 1, WORKERS_MAX, &settings->workers);
	case 'p':
		return parse_number("guard-wait", value, 0, 3600, &settings->guard_wait_s);
	case 'v':
		return parse_level(value);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	case 'V':
		puts("kentledge-controller " KENTLEDGE_VERSION);
		exit(0);
	default:
		fputs("Try kentledge-controller --help.\n", stderr);
		return -1;
	}
}

static int parse_settings(struct settings *settings, int argc, char **argv)
{
	*settings = (struct settings) {
		.kind = &statefulset_apps_kind,
		.http = ":9746",
		.leader_elect = true,
		.workers = WORKERS_DEFAULT,
		.guard_wait_s = GUARD_WAIT_DEFAULT_S,
	};
	int letter;
	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (take_option(settings, letter, optarg) < 0)
			return -1;
	if (optind == argc)
		return 0;
	fprintf(stderr, "kentledge-controller: %s: unexpected argument\n", argv[optind]);
	return -1;
}

static const char *environment(const char *name, const char *fallback)
{
	const char *value = getenv(name);
	return value && *value ? value : fallback;
}

static bool leads(void *context)
{
	struct program *program = context;
	struct lease *lease = __atomic_load_n(&program->lease, __ATOMIC_ACQUIRE);
	return !lease || lease_held(lease);
}

static void start_controller(void *context)
{
	struct program *program = context;
	const struct settings *settings = &program->settings;
	struct controller_options controller_options = {
		.client = program->client,
		.kind = settings->kind,
		.namespace = settings->namespace,
		.own_namespace = program->own_namespace,
		.pod_name = program->pod_name,
		.pod_uid = program->pod_uid,
		.workers = settings->workers,
		.backoff_min_ms = BACKOFF_MIN_MS,
		.backoff_max_ms = BACKOFF_MAX_MS,
		.guarded = true,
		.guard_wait_ms = settings->guard_wait_s * 1000,
		.probe_again_ms = PROBE_AGAIN_MS,
		.probe_check_ms = PROBE_CHECK_MS,
		.leads = leads,
		.leads_context = program,
	};
	pthread_mutex_lock(&program->lock);
	if (!program->stopping && !program->controller) {
		log_info("leading", LOG_TEXT("api_version", settings->kind->api_version));
		program->controller = controller_new(&controller_options);
	}
	pthread_mutex_unlock(&program->lock);
}

/* Another replica may lead from now on: nothing may be written any more, so nothing is tidied up.
 */
static void lease_lost(void *context)
{
	(void)context;
	log_error("lease lost");
	_exit(1);
}

static void lease_failed(void *context, const struct error *err)
{
	(void)context;
	log_warning("lease not renewed", LOG_ERR(err));
}

static void compete(struct program *program, const char *identity)
{
	struct lease_options lease_options = {
		.namespace = program->own_namespace,
		.name = LEASE_NAME,
		.identity = identity,
		.duration_ms = 15000,
		.renew_deadline_ms = 10000,
		.retry_ms = 2000,
		.acquired = start_controller,
		.lost = lease_lost,
		.failed = lease_failed,
		.context = program,
	};
	struct lease *lease = lease_new(program->client, &lease_options);
	__atomic_store_n(&program->lease, lease, __ATOMIC_RELEASE);
}

/* The work ends first, then the lease is given back, so that the next leader finds nobody acting.
 */
static void wind_down(struct program *program)
{
	pthread_mutex_lock(&program->lock);
	program->stopping = true;
	struct controller *controller = program->controller;
	pthread_mutex_unlock(&program->lock);
	if (controller)
		controller_stop(controller);
	lease_free(program->lease);
	kube_client_stop(program->client);
	controller_free(controller);
}

static int run(struct program *program, struct error *err)
{
	CLEANUP(kube_client_freep) struct kube_client *client = NULL;
	CLEANUP(http_server_freep) struct http_server *server = NULL;
	CLEANUP(kube_config_done) struct kube_config config = { 0 };
	struct http_server_options server_options = { .address = program->settings.http };
	if (kube_config_load(program->settings.kubeconfig, &config, err) < 0 ||
	    kube_client_new(&config, USER_AGENT, &client, err) < 0 ||
	    http_server_new(&server_options, &server, err) < 0)
		return -1;
	program->client = client;
	program->own_namespace = environment("POD_NAMESPACE", config.namespace);

	CLEANUP_FREE char *identity =
		must_printf("%s_%d", environment("POD_NAME", "kentledge-controller"), getpid());
	log_info("started", LOG_TEXT("version", KENTLEDGE_VERSION), LOG_TEXT("identity", identity));
	if (program->settings.leader_elect)
		compete(program, identity);
	else
		start_controller(program);
	int status = stop_wait();
	wind_down(program);
	log_info("stopped", LOG_INT("status", status));
	return status;
}

int main(int argc, char **argv)
{
	static struct program program = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct error err = { 0 };

	memory_init();
	stop_init();
	if (parse_settings(&program.settings, argc, argv) < 0)
		return 2;
	program.pod_name = environment("POD_NAME", "");
	program.pod_uid = environment("POD_UID", "");
	int status = run(&program, &err);
	if (status < 0)
		log_error("cannot start", LOG_ERR(&err));
	return status < 0 ? 1 : status;
}
