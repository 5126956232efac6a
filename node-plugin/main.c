/* SPDX-License-Identifier: Apache-2.0 */

/*
 * kentledge-node: the volumes of one node.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/stop.h"
#include "csi/node.h"
#include "disk/allowance.h"
#include "host/host.h"
#include "host/node_features.h"
#include "host/node_settings.h"
#include "host/throttle.h"
#include "node_options.h"
#include "node_server.h"
#include "pool/pools.h"
#include "pool/pools_open.h"
#include "pool/room.h"
#include "upkeep/limiter.h"
#include "upkeep/sweep.h"

#define STOP_WITHIN_MS 900

/* Of the container's own cgroup, which it sees as the root of cgroup v2. */
#define MEMORY_LIMIT_FILE "/sys/fs/cgroup/memory.max"

#define EXIT_USAGE 2

struct ending {
	int status;
	size_t pool_count;
	int pool_fds[POOLS_MAX];
};

/* A call that hangs in the kernel cannot be waited for. Ending in the middle of it is one of the
 * points at which we may be killed and lose nothing. */
static void *end_anyway(void *context)
{
	const struct ending *ending = context;
	nanosleep(&(struct timespec) { .tv_nsec = STOP_WITHIN_MS * 1000000L }, NULL);
	log_warning("stopped with calls under way");
	/* A thread that waits for a disk outlives this, and keeps the files of all pools open:
	 * without their locks another process can have them. */
	for (size_t i = 0; i < ending->pool_count; i++)
		flock(ending->pool_fds[i], LOCK_UN);
	_exit(ending->status);
}

static void limit_stopping(int exit_status, const struct pools *pools)
{
	static struct ending ending;
	pthread_t thread;
	ending = (struct ending) { .status = exit_status, .pool_count = pools->count };
	for (size_t i = 0; i < ending.pool_count; i++)
		ending.pool_fds[i] = pools->pools[i]->site.root_fd;
	if (pthread_create(&thread, NULL, end_anyway, &ending) == 0)
		pthread_detach(thread);
}

/* The folder in which path lies; "": it names none. */
static void find_folder(const char *path, char folder[static PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	folder[0] = '\0';
	if (slash)
		snprintf(folder, PATH_MAX, "%.*s", (int)(slash - path), path);
}

/* The kubelet registers plugins in its own folder, below which it has volumes mounted. "": not
 * known. */
static void find_kubelet_folder(const struct options *options, char folder[static PATH_MAX])
{
	CLEANUP_FREE char *registration = realpath(options->registration_folder, NULL);
	find_folder(registration ? registration : "", folder);
}

static int trial_folder(const struct pools *pools)
{
	for (size_t i = 0; i < pools->count; i++)
		if (pools->pools[i]->site.root_fd >= 0)
			return pools->pools[i]->site.root_fd;
	return -1;
}

static int run(const struct options *options, struct error *err)
{
	static char kubelet_folder[PATH_MAX]; /* a pool that is being opened may outlive us */
	char notes_folder[PATH_MAX];
	CLEANUP(throttle_done) struct throttle throttle;
	CLEANUP(pools_closep) struct pools *pools = NULL;
	CLEANUP(sweep_freep) struct sweep *sweep = NULL;
	CLEANUP(limiter_freep) struct limiter *limiter = NULL;
	CLEANUP(node_server_freep) struct node_server *server = NULL;
	find_kubelet_folder(options, kubelet_folder);
	find_folder(options->csi_socket, notes_folder); /* the plugin's own */
	throttle_init(&throttle, options->cgroup_folder ? options->cgroup_folder : THROTTLE_FOLDER);
	const struct node_settings settings = {
		.attach = options->attach,
		.max_volumes = options->max_volumes,
		.provisioning_auto = options->provisioning_auto,
		.provisioning = options->provisioning,
		.throttle = &throttle,
	};
	const struct pools_setup setup = {
		.places = options->pools.places,
		.count = options->pools.count,
		.host = host_linux(),
		.policy = options->pool_policy,
		.node = &settings,
		.notes_folder = notes_folder[0] ? notes_folder : NULL,
		.kubelet_folder = kubelet_folder[0] ? kubelet_folder : NULL,
		/* Half of them are left to the other pools. */
		.visits_max = options->workers > 1 ? options->workers / 2 : 1,
	};
	if (pools_open(&setup, &pools, err) < 0)
		return -1;
	if (sweep_new(pools, kubelet_folder[0] ? kubelet_folder : NULL, &sweep, err) < 0)
		return -1;
	static struct node_features features;
	node_features_probe(&features, trial_folder(pools), &throttle);
	node_features_report(&features);
	struct node node = { .id = options->node_id,
			     .pools = pools,
			     .features = &features,
			     .ephemeral = &options->ephemeral };
	if (limiter_new(pools, &limiter, err) < 0 ||
	    node_server_new(&node, options, &server, err) < 0)
		return -1;
	log_info("started", LOG_TEXT("version", KENTLEDGE_VERSION),
		 LOG_TEXT("node", options->node_id), LOG_UINT("pools", pools->count),
		 LOG_TEXT("socket", options->csi_socket), LOG_TEXT("listen", options->listen),
		 LOG_UINT("volumes", pools_volume_count(pools)));
	struct error limit;
	if (allowance_check_limit(MEMORY_LIMIT_FILE, &limit) < 0)
		log_warning("memory limit too low", LOG_ERR(&limit));
	int exit_status = stop_wait();
	log_info("stopping", LOG_INT("status", exit_status));
	atomic_store(&node.long_work.stopping, true);
	limit_stopping(exit_status, pools);
	return exit_status;
}

int main(int argc, char **argv)
{
	CLEANUP(options_done) struct options options = { 0 };
	struct error err = { 0 };
	int outcome = options_parse(argc, argv, &options, &err);
	if (outcome < 0) {
		fprintf(stderr, "kentledge-node: %s\n", err.text);
		return EXIT_USAGE;
	}
	if (outcome > 0)
		return 0;
	memory_init();
	stop_init();
	umask(022);
	log_set_level(options.log_level);
	outcome = secret_forbid_dumps(&err) < 0 ? -1 : run(&options, &err);
	if (outcome < 0 && err.code == ERROR_CANCELLED && stop_is_requested()) {
		log_info("stopping", LOG_ERR(&err));
		return 0;
	}
	if (outcome < 0)
		log_error("cannot start", LOG_ERR(&err));
	return outcome < 0 ? 1 : outcome;
}
