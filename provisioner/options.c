/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum flag {
	FLAG_KUBECONFIG = 256,
	FLAG_NAMESPACE,
	FLAG_NODE_SERVICE,
	FLAG_TLS_DIR,
	FLAG_HTTP,
	FLAG_LEADER_ELECT,
	FLAG_WORKERS,
	FLAG_TIMEOUT,
	FLAG_LOG_LEVEL,
	FLAG_HELP,
};

static const struct option flags[] = {
	{ "kubeconfig", required_argument, NULL, FLAG_KUBECONFIG },
	{ "namespace", required_argument, NULL, FLAG_NAMESPACE },
	{ "node-service", required_argument, NULL, FLAG_NODE_SERVICE },
	{ "tls-dir", required_argument, NULL, FLAG_TLS_DIR },
	{ "http", required_argument, NULL, FLAG_HTTP },
	{ "leader-elect", optional_argument, NULL, FLAG_LEADER_ELECT },
	{ "workers", required_argument, NULL, FLAG_WORKERS },
	{ "timeout", required_argument, NULL, FLAG_TIMEOUT },
	{ "log-level", required_argument, NULL, FLAG_LOG_LEVEL },
	{ "help", no_argument, NULL, FLAG_HELP },
	{ 0 },
};

void options_print_help(FILE *stream)
{
	fputs("usage: kentledge-provisioner [flags]\n"
	      "\n"
	      "Makes volumes for PersistentVolumeClaims on the nodes of the cluster.\n"
	      "\n"
	      "  --kubeconfig=FILE      how to reach the API server (default: the pod's account,\n"
	      "                         else $KUBECONFIG)\n"
	      "  --namespace=NAME       where the node plugin's Service and the lease are\n"
	      "                         (default: the account's)\n"
	      "  --node-service=NAME    headless Service of the node plugin (kentledge-node)\n"
	      "  --tls-dir=DIR          ca.crt, tls.crt, tls.key for calls to nodes (/tls)\n"
	      "  --http=ADDRESS         serve /healthz, /readyz and /metrics there (\":9747\");\n"
	      "                         empty: nowhere\n"
	      "  --leader-elect=BOOL    act only as holder of the lease (true)\n"
	      "  --workers=N            claims worked on at once, 1 to 256 (16)\n"
	      "  --timeout=SECONDS      of one call to a node, 1 to 3600 (30)\n"
	      "  --log-level=LEVEL      debug, info, warning, error (info)\n"
	      "  --help\n",
	      stream);
}

static int read_number(const char *flag, const char *text, unsigned min, unsigned max,
		       unsigned *ret_number, struct error *err)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || number < min || number > max)
		return error_set(err, ERROR_INVALID, "--%s=%s: must be between %u and %u", flag,
				 text, min, max);
	*ret_number = (unsigned)number;
	return 0;
}

static int read_bool(const char *flag, const char *text, bool *ret_bool, struct error *err)
{
	bool yes = !text || strcmp(text, "true") == 0;
	if (!yes && strcmp(text, "false") != 0)
		return error_set(err, ERROR_INVALID, "--%s=%s: must be true or false", flag, text);
	*ret_bool = yes;
	return 0;
}

static int read_log_level(const char *text, enum log_level *ret_level, struct error *err)
{
	if (log_parse_level(text, ret_level) < 0)
		return error_set(err, ERROR_INVALID,
				 "--log-level=%s: must be debug, info, warning or error", text);
	return 0;
}

static int apply_flag(int flag, const char *text, struct options *options, struct error *err)
{
	unsigned seconds;
	switch (flag) {
	case FLAG_KUBECONFIG:
		options->kubeconfig = text;
		return 0;
	case FLAG_NAMESPACE:
		options->namespace = text;
		return 0;
	case FLAG_NODE_SERVICE:
		options->node_service = text;
		return 0;
	case FLAG_TLS_DIR:
		options->tls_folder = text;
		return 0;
	case FLAG_HTTP:
		options->http_address = *text ? text : NULL;
		return 0;
	case FLAG_LEADER_ELECT:
		return read_bool("leader-elect", text, &options->leader_elect, err);
	case FLAG_WORKERS:
		return read_number("workers", text, 1, 256, &options->claim_workers, err);
	case FLAG_TIMEOUT:
		if (read_number("timeout", text, 1, 3600, &seconds, err) < 0)
			return -1;
		options->call_timeout_ms = seconds * 1000;
		return 0;
	case FLAG_LOG_LEVEL:
		return read_log_level(text, &options->log_level, err);
	}
	return 0;
}

int options_parse(int argc, char *const *argv, struct options *ret_options, struct error *err)
{
	struct options options = {
		.node_service = "kentledge-node",
		.tls_folder = "/tls",
		.http_address = ":9747",
		.leader_elect = true,
		.claim_workers = 16,
		.call_timeout_ms = 30000,
		.log_level = LOG_INFO,
	};
	optind = 0; /* begin anew (getopt(3), glibc) */
	opterr = 0;
	int flag;
	while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
		if (flag == FLAG_HELP)
			return 1;
		if (flag == '?')
			return error_set(err, ERROR_INVALID,
					 "%s: unknown flag, or its value is missing; see --help",
					 argv[optind - 1]);
		if (apply_flag(flag, optarg, &options, err) < 0)
			return -1;
	}
	if (optind < argc)
		return error_set(err, ERROR_INVALID, "%s: unexpected argument; see --help",
				 argv[optind]);
	options.volume_workers = (options.claim_workers + 1) / 2;
	*ret_options = options;
	return 0;
}
