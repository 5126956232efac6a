/* SPDX-License-Identifier: Apache-2.0 */
#include "controller_options.h"

#include <string.h>

#include "base/flag.h"
#include "set/statefulset.h"

static const char help[] =
	"Usage: kentledge-controller [--flag=VALUE]...\n"
	"\n"
	"Runs StatefulSets. Environment: POD_NAMESPACE, POD_NAME and POD_UID name the pod that "
	"this\n"
	"runs in.\n"
	"\n"
	"  --kubeconfig=FILE      how to reach the API server (the pod's own account, else\n"
	"                         $KUBECONFIG)\n"
	"  --namespace=NAME       run the StatefulSets of this namespace only; empty: all (empty)\n"
	"  --api-group=GROUP      whose StatefulSets; the one group so far is apps (apps)\n"
	"  --http=ADDRESS:PORT    /healthz, /readyz and /metrics; empty: none (:9748)\n"
	"  --leader-elect=BOOL    act only as holder of the lease (true)\n"
	"  --workers=N            sets worked on at once, 1 to 256 (8)\n"
	"  --guard-wait=SECONDS   how long the probe must stay untouched before we act, 0 to "
	"3600;\n"
	"                         at least 60 unless the lease of kube-controller-manager shows\n"
	"                         a leader that has held it for a minute (5)\n"
	"  --log-level=LEVEL      debug, info, warning or error (info)\n"
	"  --version              print the version\n"
	"  --help                 print this\n";

static int find_kind(const char *api_group, const struct kind **ret_kind, struct error *err)
{
	if (strcmp(api_group, "apps") != 0)
		return error_set(err, ERROR_INVALID, "--api-group=%s: must be apps", api_group);
	*ret_kind = &statefulset_apps_kind;
	return 0;
}

int options_parse(int argc, char *const *argv, struct options *ret_options, struct error *err)
{
	const char *api_group = "apps";
	struct options options = {
		.namespace = "",
		.http_address = ":9748",
		.leader_elect = true,
		.workers = 8, /* kube-controller-manager's 5, and a few more */
		.guard_wait_s = 5,
		.log_level = LOG_INFO,
	};
	const struct flag flags[] = {
		{ "kubeconfig", .text = &options.kubeconfig },
		{ "namespace", .text = &options.namespace },
		{ "api-group", .text = &api_group },
		{ "http", .text = &options.http_address },
		{ "leader-elect", .on = &options.leader_elect },
		{ "workers", .number = &options.workers, .min = 1, .max = 256 },
		{ "guard-wait", .number = &options.guard_wait_s, .min = 0, .max = 3600 },
		{ "log-level", .log_level = &options.log_level },
	};
	const struct flag_table table = { .program = "kentledge-controller",
					  .help = help,
					  .flags = flags,
					  .count = sizeof(flags) / sizeof(*flags) };
	int outcome = flag_table_parse(&table, argc, argv, err);
	if (outcome != 0)
		return outcome;
	if (find_kind(api_group, &options.kind, err) < 0)
		return -1;
	*ret_options = options;
	return 0;
}
