/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nslookup for the stand-in of busybox:1.28: asks the resolver of the C library,
 * so a short name such as `web-0.nginx` is found through the search list of
 * /etc/resolv.conf, and prints what busybox 1.28 prints, each address with the
 * name that it is known by:
 *
 *     Server:    10.96.0.10
 *     Address 1: 10.96.0.10 kube-dns.kube-system.svc.cluster.local
 *
 *     Name:      web-0.nginx
 *     Address 1: 10.244.1.6 web-0.nginx.default.svc.cluster.local
 *
 * With -type=srv, which that release did not have, it prints SRV records.
 */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char srv_option[] = "-type=srv";

static void print_address(unsigned int number, const struct sockaddr *address, socklen_t length)
{
	char dotted[INET6_ADDRSTRLEN], name[NI_MAXHOST];

	if (getnameinfo(address, length, dotted, sizeof(dotted), NULL, 0, NI_NUMERICHOST) != 0)
		return;
	printf("Address %u: %s", number, dotted);
	if (getnameinfo(address, length, name, sizeof(name), NULL, 0, NI_NAMEREQD) == 0)
		printf(" %s", name);
	putchar('\n');
}

static int print_host(const char *header, const char *host)
{
	/* One socket type, or each address would come once for every type. */
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	unsigned int number = 0;

	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return -1;
	printf("%-10s %s\n", header, host);
	for (const struct addrinfo *one = found; one; one = one->ai_next)
		print_address(++number, one->ai_addr, one->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

static void print_server(void)
{
	char dotted[INET_ADDRSTRLEN];

	if (_res.nscount == 0 || _res.nsaddr_list[0].sin_family != AF_INET)
		return;
	inet_ntop(AF_INET, &_res.nsaddr_list[0].sin_addr, dotted, sizeof(dotted));
	print_host("Server:", dotted);
	putchar('\n');
}

static int use_server(const char *dotted)
{
	struct in_addr address;

	if (inet_pton(AF_INET, dotted, &address) != 1)
		return -1;
	_res.nscount = 1;
	_res.nsaddr_list[0] = (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_port = htons(NAMESERVER_PORT),
		.sin_addr = address,
	};
	return 0;
}

/* RFC 2782: two bytes each of priority, weight and port, then the target. */
static void print_srv_record(const ns_msg *answer, const ns_rr *record)
{
	const unsigned char *data = ns_rr_rdata(*record);
	char target[NS_MAXDNAME];

	if (ns_rr_type(*record) != ns_t_srv || ns_rr_rdlen(*record) < 7)
		return;
	if (ns_name_uncompress(ns_msg_base(*answer), ns_msg_end(*answer), data + 6, target,
			       sizeof(target)) < 0)
		return;
	printf("%s\tservice = %u %u %u %s\n", ns_rr_name(*record), ns_get16(data),
	       ns_get16(data + 2), ns_get16(data + 4), target);
}

static int print_srv(const char *name)
{
	unsigned char bytes[NS_MAXMSG];
	ns_msg answer;
	ns_rr record;
	int length = res_search(name, ns_c_in, ns_t_srv, bytes, sizeof(bytes));

	if (length < 0 || ns_initparse(bytes, length, &answer) < 0)
		return -1;
	for (int i = 0; i < ns_msg_count(answer, ns_s_an); i++)
		if (ns_parserr(&answer, ns_s_an, i, &record) == 0)
			print_srv_record(&answer, &record);
	return 0;
}

static int lookup(int argc, char **argv)
{
	int srv = argc > 1 && strcasecmp(argv[1], srv_option) == 0;
	const char *name = argv[1 + srv];

	if (argc == 3 + srv && use_server(argv[2 + srv]) < 0) {
		fprintf(stderr, "nslookup: bad address '%s'\n", argv[2 + srv]);
		return 1;
	}
	print_server();
	if ((srv ? print_srv(name) : print_host("Name:", name)) == 0)
		return 0;
	fflush(stdout);
	fprintf(stderr, "nslookup: can't resolve '%s'\n", name);
	return 1;
}

int main(int argc, char **argv)
{
	int words = argc > 1 && strcasecmp(argv[1], srv_option) == 0 ? argc - 1 : argc;

	if (words < 2 || words > 3) {
		fprintf(stderr, "usage: nslookup [%s] HOST [SERVER]\n", srv_option);
		return 1;
	}
	res_init();
	return lookup(argc, argv);
}
