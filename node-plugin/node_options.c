/* SPDX-License-Identifier: Apache-2.0 */
#include "node_options.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/flag.h"
#include "base/quantity.h"
#include "csi/names.h"
#include "host/throttle.h"
#include "record/parameters.h"

#define DEFAULT_POOL "/var/lib/kentledge/pool"
#define DEFAULT_SOCKET "/var/lib/kubelet/plugins/" CSI_DRIVER_NAME "/csi.sock"
#define DEFAULT_REGISTRATION "/var/lib/kubelet/plugins_registry"
#define DEFAULT_HTTP ":9746"
#define DEFAULT_WORKERS 8

static const char help[] =
	"Usage: kentledge-node [--flag=VALUE]...\n"
	"\n"
	"Makes, mounts and removes the volumes of this node; serves CSI to the kubelet on a unix\n"
	"socket and, if asked to, to the provisioner on TCP.\n"
	"\n"
	"  --pool=DIR              folder for the volumes (" DEFAULT_POOL ");\n"
	"                          or --pool=NAME=DIR,NAME=DIR for several, usually on several "
	"disks\n"
	"  --pool-policy=POLICY    which pool gets a new volume: most-room, or first of the list "
	"that\n"
	"                          has room (most-room)\n"
	"  --reserve-percent=N     share of a pool's disk that is never promised to volumes,\n"
	"                          0 to 90 percent, or auto: 20 where it is also the disk of the\n"
	"                          node's root or of the kubelet, else 5 (auto); or "
	"NAME=N,NAME=N\n"
	"  --provisioning=KIND     of an image whose class names none: thin, reserved, thick, or "
	"auto:\n"
	"                          reserved where the pool shares its disk with the node, else "
	"thin\n"
	"                          (auto)\n"
	"  --node-id=NAME          name of this node (environment variable NODE_NAME)\n"
	"  --csi-socket=PATH       unix socket for the kubelet\n"
	"                          (" DEFAULT_SOCKET ")\n"
	"  --registration-dir=DIR  the kubelet's folder for plugins; empty: do not register\n"
	"                          (" DEFAULT_REGISTRATION ")\n"
	"  --listen=ADDRESS:PORT   TCP for the provisioner, as 0.0.0.0:9745; needs --tls-dir "
	"(none)\n"
	"  --tls-dir=DIR           folder with ca.crt, tls.crt and tls.key; needs --listen (none)\n"
	"  --http=ADDRESS:PORT     /healthz, /readyz and /metrics; empty: none (" DEFAULT_HTTP ")\n"
	"  --attach                volumes are attached before they are staged\n"
	"                          (CSI ControllerPublishVolume)\n"
	"  --cgroup-dir=DIR        the host's cgroups, in which limits of volumes are held\n"
	"                          (" THROTTLE_FOLDER ")\n"
	"  --max-volumes=N         volumes that pods of this node may have at once; 0: no limit "
	"(0)\n"
	"  --ephemeral             serve inline ephemeral volumes, which any author of a pod can "
	"ask "
	"for\n"
	"  --ephemeral-backends=LIST, --ephemeral-pools=LIST, --ephemeral-provisioning=LIST\n"
	"                          what their attributes may name (loop; all; thin)\n"
	"  --ephemeral-max-size=QUANTITY  the largest one (1Gi)\n"
	"  --ephemeral-share-percent=N  what all of a pool may hold together (10)\n"
	"  --workers=N             calls served at once, 1 to 64 (8)\n"
	"  --log-level=LEVEL       debug, info, warning or error (info)\n"
	"  --version               print the version\n"
	"  --help                  print this\n";

static int check_together(const struct options *options, struct error *err)
{
	if (!options->node_id || !options->node_id[0])
		return error_set(
			err, ERROR_INVALID,
			"--node-id is missing, and NODE_NAME is not set: which node is this?");
	if (strlen(options->node_id) > CSI_NODE_ID_BYTES_MAX)
		return error_set(err, ERROR_INVALID, "--node-id: longer than %d bytes",
				 CSI_NODE_ID_BYTES_MAX);
	if (!options->listen != !options->tls_folder)
		return error_set(err, ERROR_INVALID, "--listen and --tls-dir go together");
	return 0;
}

static int read_policy(const char *text, enum pool_policy *ret_policy, struct error *err)
{
	if (strcmp(text, "most-room") == 0)
		*ret_policy = POOL_POLICY_MOST_ROOM;
	else if (strcmp(text, "first") == 0)
		*ret_policy = POOL_POLICY_FIRST;
	else
		return error_set(err, ERROR_INVALID,
				 "--pool-policy: \"%s\" is neither most-room nor first", text);
	return 0;
}

static int read_provisioning(const char *text, struct options *options, struct error *err)
{
	options->provisioning_auto = strcmp(text, "auto") == 0;
	if (!options->provisioning_auto && provisioning_of_name(text, &options->provisioning) < 0)
		return error_set(err, ERROR_INVALID,
				 "--provisioning: \"%s\" is neither auto, thin, reserved nor thick",
				 text);
	return 0;
}

/* Flags whose texts say more than one thing. */
struct texts {
	const char *pools;
	const char *policy;
	const char *reserve;
	const char *provisioning;
	const char *backends; /* of inline volumes, like the next ones; NULL: the default */
	const char *provisionings;
	const char *size_max;
};

/* 1: there is nothing to do but what was printed. */
static int read_flags(int argc, char *const *argv, struct options *options, struct texts *texts,
		      struct error *err)
{
	const struct flag flags[] = {
		{ "pool", .text = &texts->pools },
		{ "pool-policy", .text = &texts->policy },
		{ "reserve-percent", .text = &texts->reserve },
		{ "provisioning", .text = &texts->provisioning },
		{ "node-id", .text = &options->node_id },
		{ "csi-socket", .text = &options->csi_socket },
		{ "registration-dir", .text = &options->registration_folder },
		{ "listen", .text = &options->listen },
		{ "tls-dir", .text = &options->tls_folder },
		{ "http", .text = &options->http_address },
		{ "attach", .on = &options->attach },
		{ "cgroup-dir", .text = &options->cgroup_folder },
		{ "max-volumes", .number = &options->max_volumes, .min = 0, .max = 100000 },
		{ "ephemeral", .on = &options->ephemeral.on },
		{ "ephemeral-backends", .text = &texts->backends },
		{ "ephemeral-pools", .text = &options->ephemeral.pools },
		{ "ephemeral-provisioning", .text = &texts->provisionings },
		{ "ephemeral-max-size", .text = &texts->size_max },
		{ "ephemeral-share-percent", .number = &options->ephemeral.share_percent, .min = 1,
		  .max = 100 },
		{ "workers", .number = &options->workers, .min = 1, .max = 64 },
		{ "log-level", .log_level = &options->log_level },
	};
	const struct flag_table table = { .program = "kentledge-node",
					  .help = help,
					  .flags = flags,
					  .count = sizeof(flags) / sizeof(*flags) };
	return flag_table_parse(&table, argc, argv, err);
}

static int read_places(const struct texts *texts, struct pool_places *ret_places, struct error *err)
{
	CLEANUP(pool_places_done) struct pool_places places = { 0 };
	if (pool_places_parse(texts->pools, &places, err) < 0)
		return error_prefix(err, "--pool");
	if (texts->reserve[0] && pool_places_read_reserve(&places, texts->reserve, err) < 0)
		return error_prefix(err, "--reserve-percent");
	*ret_places = places;
	places.text = NULL;
	return 0;
}

static int read_ephemeral(const struct texts *texts, struct ephemeral_policy *policy,
			  struct error *err)
{
	if (texts->backends &&
	    ephemeral_policy_read_backends(texts->backends, &policy->backends, err) < 0)
		return error_prefix(err, "--ephemeral-backends");
	if (texts->provisionings && ephemeral_policy_read_provisionings(
					    texts->provisionings, &policy->provisionings, err) < 0)
		return error_prefix(err, "--ephemeral-provisioning");
	if (texts->size_max &&
	    quantity_parse_bytes(texts->size_max, &policy->size_max_bytes, err) < 0)
		return error_prefix(err, "--ephemeral-max-size");
	return 0;
}

int options_parse(int argc, char *const *argv, struct options *ret_options, struct error *err)
{
	struct texts texts = {
		.pools = DEFAULT_POOL, .policy = "most-room", .reserve = "", .provisioning = "auto"
	};
	struct options options = {
		.csi_socket = DEFAULT_SOCKET,
		.registration_folder = DEFAULT_REGISTRATION,
		.node_id = getenv("NODE_NAME"),
		.http_address = DEFAULT_HTTP,
		.cgroup_folder = THROTTLE_FOLDER,
		.ephemeral = EPHEMERAL_POLICY_INIT,
		.workers = DEFAULT_WORKERS,
		.log_level = LOG_INFO,
	};
	int outcome = read_flags(argc, argv, &options, &texts, err);
	if (outcome != 0)
		return outcome;
	if (check_together(&options, err) < 0 ||
	    read_policy(texts.policy, &options.pool_policy, err) < 0 ||
	    read_provisioning(texts.provisioning, &options, err) < 0 ||
	    read_ephemeral(&texts, &options.ephemeral, err) < 0 ||
	    read_places(&texts, &options.pools, err) < 0)
		return -1;
	*ret_options = options;
	return 0;
}

void options_done(struct options *options)
{
	pool_places_done(&options->pools);
}
