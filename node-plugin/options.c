/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csi/names.h"

#define DEFAULT_POOL "/var/lib/kentledge/pool"
#define DEFAULT_SOCKET "/var/lib/kubelet/plugins/" CSI_DRIVER_NAME "/csi.sock"
#define DEFAULT_REGISTRATION "/var/lib/kubelet/plugins_registry"
#define DEFAULT_HTTP ":9746"
#define DEFAULT_RESERVE_PERCENT 5
#define DEFAULT_WORKERS 8

static const char help[] =
	"Usage: kentledge-node [--flag=VALUE]...\n"
	"\n"
	"Makes, mounts and removes the volumes of this node; serves CSI to the kubelet on a unix\n"
	"socket and, if asked to, to the provisioner on TCP.\n"
	"\n"
	"  --pool=DIR              folder for the volumes (" DEFAULT_POOL ")\n"
	"  --reserve-percent=N     share of the pool's disk that is never promised to volumes,\n"
	"                          0 to 90 percent (5)\n"
	"  --node-id=NAME          name of this node (environment variable NODE_NAME)\n"
	"  --csi-socket=PATH       unix socket for the kubelet\n"
	"                          (" DEFAULT_SOCKET ")\n"
	"  --registration-dir=DIR  the kubelet's folder for plugins; empty: do not register\n"
	"                          (" DEFAULT_REGISTRATION ")\n"
	"  --listen=ADDRESS:PORT   TCP for the provisioner, as 0.0.0.0:9745; needs --tls-dir "
	"(none)\n"
	"  --tls-dir=DIR           folder with ca.crt, tls.crt and tls.key; needs --listen (none)\n"
	"  --http=ADDRESS:PORT     /healthz, /readyz and /metrics; empty: none (" DEFAULT_HTTP ")\n"
	"  --workers=N             calls served at once, 1 to 64 (8)\n"
	"  --log-level=LEVEL       debug, info, warning or error (info)\n"
	"  --version               print the version\n"
	"  --help                  print this\n";

enum flag {
	FLAG_POOL = 256,
	FLAG_RESERVE_PERCENT,
	FLAG_NODE_ID,
	FLAG_CSI_SOCKET,
	FLAG_REGISTRATION_DIR,
	FLAG_LISTEN,
	FLAG_TLS_DIR,
	FLAG_HTTP,
	FLAG_WORKERS,
	FLAG_LOG_LEVEL,
	FLAG_VERSION,
	FLAG_HELP,
};

static const struct option flags[] = {
	{ "pool", required_argument, NULL, FLAG_POOL },
	{ "reserve-percent", required_argument, NULL, FLAG_RESERVE_PERCENT },
	{ "node-id", required_argument, NULL, FLAG_NODE_ID },
	{ "csi-socket", required_argument, NULL, FLAG_CSI_SOCKET },
	{ "registration-dir", required_argument, NULL, FLAG_REGISTRATION_DIR },
	{ "listen", required_argument, NULL, FLAG_LISTEN },
	{ "tls-dir", required_argument, NULL, FLAG_TLS_DIR },
	{ "http", required_argument, NULL, FLAG_HTTP },
	{ "workers", required_argument, NULL, FLAG_WORKERS },
	{ "log-level", required_argument, NULL, FLAG_LOG_LEVEL },
	{ "version", no_argument, NULL, FLAG_VERSION },
	{ "help", no_argument, NULL, FLAG_HELP },
	{ 0 },
};

static int read_number(const char *flag, const char *text, unsigned min, unsigned max,
		       unsigned *ret_number, struct error *err)
{
	char *end = NULL;
	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || number < min || number > max)
		return error_set(err, ERROR_INVALID, "--%s: \"%s\" is no number from %u to %u",
				 flag, text, min, max);
	*ret_number = (unsigned)number;
	return 0;
}

static int read_flag(enum flag flag, const char *value, struct options *options, struct error *err)
{
	switch (flag) {
	case FLAG_POOL:
		options->pool = value;
		return 0;
	case FLAG_RESERVE_PERCENT:
		return read_number("reserve-percent", value, 0, 90, &options->reserve_percent, err);
	case FLAG_NODE_ID:
		options->node_id = value;
		return 0;
	case FLAG_CSI_SOCKET:
		options->csi_socket = value;
		return 0;
	case FLAG_REGISTRATION_DIR:
		options->registration_folder = value;
		return 0;
	case FLAG_LISTEN:
		options->listen = value;
		return 0;
	case FLAG_TLS_DIR:
		options->tls_dir = value;
		return 0;
	case FLAG_HTTP:
		options->http = value;
		return 0;
	case FLAG_WORKERS:
		return read_number("workers", value, 1, 64, &options->workers, err);
	case FLAG_LOG_LEVEL:
		if (log_parse_level(value, &options->log_level) < 0)
			return error_set(
				err, ERROR_INVALID,
				"--log-level: \"%s\" is none of debug, info, warning, error",
				value);
		return 0;
	case FLAG_VERSION:
		printf("kentledge-node %s\n", KENTLEDGE_VERSION);
		return 1;
	case FLAG_HELP:
		fputs(help, stdout);
		return 1;
	}
	return 0;
}

static int check_together(const struct options *options, struct error *err)
{
	if (!options->node_id || !options->node_id[0])
		return error_set(
			err, ERROR_INVALID,
			"--node-id is missing, and NODE_NAME is not set: which node is this?");
	if (strlen(options->node_id) > CSI_NODE_ID_BYTES_MAX)
		return error_set(err, ERROR_INVALID, "--node-id: longer than %d bytes",
				 CSI_NODE_ID_BYTES_MAX);
	if (!options->listen != !options->tls_dir)
		return error_set(err, ERROR_INVALID, "--listen and --tls-dir go together");
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret_options, struct error *err)
{
	struct options options = {
		.pool = DEFAULT_POOL,
		.csi_socket = DEFAULT_SOCKET,
		.registration_folder = DEFAULT_REGISTRATION,
		.node_id = getenv("NODE_NAME"),
		.http = DEFAULT_HTTP,
		.reserve_percent = DEFAULT_RESERVE_PERCENT,
		.workers = DEFAULT_WORKERS,
		.log_level = LOG_INFO,
	};
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	int flag;
	while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
		if (flag == '?')
			return error_set(err, ERROR_INVALID,
					 "unknown flag, or flag without its value: %s (see --help)",
					 argv[optind - 1]);
		int outcome = read_flag((enum flag)flag, optarg, &options, err);
		if (outcome)
			return outcome;
	}
	if (optind < argc)
		return error_set(err, ERROR_INVALID, "unexpected argument: %s (see --help)",
				 argv[optind]);
	if (check_together(&options, err) < 0)
		return -1;
	*ret_options = options;
	return 0;
}
