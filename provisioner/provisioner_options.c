/* SPDX-License-Identifier: Apache-2.0 */
#include "provisioner_options.h"

#include <string.h>

#include "base/flag.h"
#include "provisioner.h"

static const char help[] =
	"Usage: kentledge-provisioner [--flag=VALUE]...\n"
	"\n"
	"Makes volumes for PersistentVolumeClaims on the nodes of the cluster, and removes them\n"
	"again.\n"
	"\n"
	"  --kubeconfig=FILE      how to reach the API server (the pod's own account, else\n"
	"                         $KUBECONFIG)\n"
	"  --namespace=NAME       where the node plugin's Service and the lease are (the\n"
	"                         account's)\n"
	"  --node-service=NAME    headless Service of the node plugin (kentledge-node)\n"
	"  --deployment=NAME      our Deployment, which is to own the capacity objects; empty: "
	"none\n"
	"  --tls-dir=DIR          folder with ca.crt, tls.crt and tls.key, for calls to nodes\n"
	"                         (/tls)\n"
	"  --http=ADDRESS:PORT    /healthz, /readyz and /metrics; empty: none (:9747)\n"
	"  --leader-elect=BOOL    act only as holder of the lease (true)\n"
	"  --roles=LIST           what to do, of provision, reclaim, resize, modify,\n"
	"                         capacity, snapshot-controller, snapshot, nodes, health (all)\n"
	"  --snapshot-controller=WHEN\n"
	"                         do the part of a snapshot-controller for our driver: auto "
	"(where\n"
	"                         no other one is at work), always or never (auto)\n"
	"  --snapshot-controller-namespace=NAME\n"
	"                         where another one would hold its lease, beside our own "
	"namespace\n"
	"                         (kube-system)\n"
	"  --workers=N            claims worked on at once, 1 to 256 (64); those that wait for\n"
	"                         their node for long count no longer\n"
	"  --timeout=SECONDS      of one call to a node, 1 to 3600 (30)\n"
	"  --resize-timeout=SECONDS\n"
	"                         of one ControllerExpandVolume, 1 to 3600 (10)\n"
	"  --modify-timeout=SECONDS\n"
	"                         of one ControllerModifyVolume, 1 to 3600 (10)\n"
	"  --extra-modify-metadata=BOOL\n"
	"                         ControllerModifyVolume gets the names of claim and volume "
	"(false)\n"
	"  --capacity-poll-interval=SECONDS\n"
	"                         ask each node for its room so often, 1 to 3600 (60)\n"
	"  --capacity-for-immediate-binding=BOOL\n"
	"                         publish room for classes that bind at once, too (false)\n"
	"  --snapshot-timeout=SECONDS\n"
	"                         of one call that makes or deletes a snapshot, 1 to 3600 (60)\n"
	"  --snapshot-name-prefix=WORD\n"
	"                         name snapshots WORD-<uid of the VolumeSnapshot> (snapshot)\n"
	"  --groupsnapshot-name-prefix=WORD\n"
	"                         the same for groups of snapshots (groupsnapshot)\n"
	"  --extra-create-metadata=BOOL\n"
	"                         name the VolumeSnapshot in the parameters of CreateSnapshot, and "
	"the\n"
	"                         VolumeGroupSnapshot in those of its call (false)\n"
	"  --node-gone-after=DURATION\n"
	"                         a node that is not in the cluster for so long is gone: 30s, 5m,\n"
	"                         24h, 7d (24h)\n"
	"  --forget-released=BOOL delete the records of released volumes whose node is gone "
	"(true)\n"
	"  --health-poll-interval=SECONDS\n"
	"                         ask each node for the health of its volumes so often, 1 to 3600 "
	"(60)\n"
	"  --retry-interval-start=SECONDS\n"
	"                         try again what failed after so long, 1 to 3600 (1), ...\n"
	"  --retry-interval-max=SECONDS\n"
	"                         ... and then ever more rarely, up to so long, 1 to 3600 (300)\n"
	"  --controller-publish-readonly=BOOL\n"
	"                         mark volumes of claims that may only read as read-only (false)\n"
	"  --feature-gates=LIST   of NAME=BOOL: CrossNamespaceVolumeDataSource, claims from\n"
	"                         sources in other namespaces (false)\n"
	"  --log-level=LEVEL      debug, info, warning or error (info)\n"
	"  --version              print the version\n"
	"  --help                 print this\n";

/* The name has a hyphen and a uid of 36 characters behind it, and at most 128 bytes in all (CSI
 * spec, "Size Limits"). */
#define PREFIX_MAX 91

/* So that the name is its own id on a node (record/id.h). */
static int check_prefix(const char *prefix, struct error *err)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char others[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	size_t length = strlen(prefix);
	if (length == 0 || length > PREFIX_MAX || !strchr(first, prefix[0]) ||
	    strspn(prefix, others) != length)
		return error_set(err, ERROR_INVALID,
				 "must be 1 to %d characters of a-z, 0-9, \".\" and \"-\", and "
				 "begin with a letter or a digit",
				 PREFIX_MAX);
	return 0;
}

static int parse_gate(const char *word, size_t length, struct options *options, struct error *err)
{
	static const char gate[] = "CrossNamespaceVolumeDataSource=";
	const char *value = word + strlen(gate);
	size_t value_length = length - strlen(gate);
	if (length <= strlen(gate) || strncmp(word, gate, strlen(gate)) != 0)
		return error_set(err, ERROR_INVALID,
				 "\"%.*s\" is not CrossNamespaceVolumeDataSource=true or =false, "
				 "and there is no other gate",
				 (int)length, word);
	options->cross_namespace = value_length == 4 && strncmp(value, "true", 4) == 0;
	if (options->cross_namespace || (value_length == 5 && strncmp(value, "false", 5) == 0))
		return 0;
	return error_set(err, ERROR_INVALID, "%s must be true or false", gate);
}

static int parse_gates(const char *list, struct options *options, struct error *err)
{
	while (*list) {
		size_t length = strcspn(list, ",");
		if (parse_gate(list, length, options, err) < 0)
			return -1;
		list += length;
		if (*list == ',' && !*++list)
			return error_set(err, ERROR_INVALID, "ends with a comma");
	}
	return 0;
}

static int parse_snapshot_controller(const char *when, struct options *options, struct error *err)
{
	unsigned role;
	options->snapshots_always = strcmp(when, "always") == 0;
	if (options->snapshots_always || strcmp(when, "auto") == 0)
		return 0;
	if (strcmp(when, "never") != 0)
		return error_set(err, ERROR_INVALID, "is none of auto, always, never");
	if (provisioner_parse_roles("snapshot-controller", &role, err) < 0)
		return -1;
	options->roles &= ~role;
	return options->roles ? 0 : error_set(err, ERROR_INVALID, "leaves no role");
}

int options_parse(int argc, char *const *argv, struct options *ret_options, struct error *err)
{
	unsigned retry_start_s = 1, retry_max_s = 300, resize_timeout_s = 10;
	unsigned timeout_s = 30, modify_timeout_s = 10, capacity_poll_s = 60,
		 snapshot_timeout_s = 60, health_poll_s = 60;
	const char *roles = "", *snapshot_controller = "auto", *gates = "";
	struct options options = {
		.node_service = "kentledge-node",
		.deployment = "",
		.tls_folder = "/tls",
		.http_address = ":9747",
		.leader_elect = true,
		.snapshot_lease_namespace = "kube-system",
		.snapshot_prefix = "snapshot",
		.group_prefix = "groupsnapshot",
		.workers = 64,
		.node_gone_after_s = 24 * 60 * 60,
		.forget_released = true,
		.log_level = LOG_INFO,
	};
	const struct flag flags[] = {
		{ "kubeconfig", .text = &options.kubeconfig },
		{ "namespace", .text = &options.namespace },
		{ "node-service", .text = &options.node_service },
		{ "deployment", .text = &options.deployment },
		{ "tls-dir", .text = &options.tls_folder },
		{ "http", .text = &options.http_address },
		{ "leader-elect", .on = &options.leader_elect },
		{ "roles", .text = &roles },
		{ "snapshot-controller", .text = &snapshot_controller },
		{ "snapshot-controller-namespace", .text = &options.snapshot_lease_namespace },
		{ "workers", .number = &options.workers, .min = 1, .max = 256 },
		{ "timeout", .number = &timeout_s, .min = 1, .max = 3600 },
		{ "resize-timeout", .number = &resize_timeout_s, .min = 1, .max = 3600 },
		{ "retry-interval-start", .number = &retry_start_s, .min = 1, .max = 3600 },
		{ "retry-interval-max", .number = &retry_max_s, .min = 1, .max = 3600 },
		{ "controller-publish-readonly", .on = &options.publish_readonly },
		{ "feature-gates", .text = &gates },
		{ "modify-timeout", .number = &modify_timeout_s, .min = 1, .max = 3600 },
		{ "extra-modify-metadata", .on = &options.extra_modify_metadata },
		{ "capacity-poll-interval", .number = &capacity_poll_s, .min = 1, .max = 3600 },
		{ "capacity-for-immediate-binding", .on = &options.capacity_for_immediate },
		{ "snapshot-timeout", .number = &snapshot_timeout_s, .min = 1, .max = 3600 },
		{ "snapshot-name-prefix", .text = &options.snapshot_prefix },
		{ "groupsnapshot-name-prefix", .text = &options.group_prefix },
		{ "extra-create-metadata", .on = &options.extra_metadata },
		{ "node-gone-after", .seconds = &options.node_gone_after_s, .min = 1,
		  .max = 365 * 24 * 60 * 60 },
		{ "forget-released", .on = &options.forget_released },
		{ "health-poll-interval", .number = &health_poll_s, .min = 1, .max = 3600 },
		{ "log-level", .log_level = &options.log_level },
	};
	const struct flag_table table = { .program = "kentledge-provisioner",
					  .help = help,
					  .flags = flags,
					  .count = sizeof(flags) / sizeof(*flags) };
	int outcome = flag_table_parse(&table, argc, argv, err);
	if (outcome != 0)
		return outcome;
	if (provisioner_parse_roles(roles, &options.roles, err) < 0)
		return error_prefix(err, "--roles=%s", roles);
	if (parse_snapshot_controller(snapshot_controller, &options, err) < 0)
		return error_prefix(err, "--snapshot-controller=%s", snapshot_controller);
	if (check_prefix(options.snapshot_prefix, err) < 0)
		return error_prefix(err, "--snapshot-name-prefix=%s", options.snapshot_prefix);
	if (check_prefix(options.group_prefix, err) < 0)
		return error_prefix(err, "--groupsnapshot-name-prefix=%s", options.group_prefix);
	if (parse_gates(gates, &options, err) < 0)
		return error_prefix(err, "--feature-gates=%s", gates);
	if (retry_max_s < retry_start_s)
		return error_set(err, ERROR_INVALID,
				 "--retry-interval-max=%u is less than --retry-interval-start=%u",
				 retry_max_s, retry_start_s);
	options.call_timeout_ms = timeout_s * 1000;
	options.resize_timeout_ms = resize_timeout_s * 1000;
	options.backoff_min_ms = retry_start_s * 1000;
	options.backoff_max_ms = retry_max_s * 1000;
	options.modify_timeout_ms = modify_timeout_s * 1000;
	options.capacity_poll_ms = capacity_poll_s * 1000;
	options.snapshot_timeout_ms = snapshot_timeout_s * 1000;
	options.health_poll_ms = health_poll_s * 1000;
	*ret_options = options;
	return 0;
}
