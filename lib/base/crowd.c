/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crowd.h"

#include <netinet/in.h>
#include <string.h>

/* Below ::/64 lie no addresses of hosts but ::1 and the mapped ones of IPv4. */
#define INET_MARK ((uint64_t)0xffff << 32)

uint64_t crowd_peer(const struct sockaddr_storage *address)
{
	struct sockaddr_in inet;
	struct sockaddr_in6 inet6;
	uint64_t network;
	if (address->ss_family == AF_INET) {
		memcpy(&inet, address, sizeof(inet));
		return INET_MARK | inet.sin_addr.s_addr;
	}
	if (address->ss_family != AF_INET6)
		return 0;
	memcpy(&inet6, address, sizeof(inet6));
	if (IN6_IS_ADDR_V4MAPPED(&inet6.sin6_addr)) {
		uint32_t mapped;
		memcpy(&mapped, inet6.sin6_addr.s6_addr + 12, sizeof(mapped));
		return INET_MARK | mapped;
	}
	memcpy(&network, inet6.sin6_addr.s6_addr, sizeof(network));
	return network;
}

static size_t share(const struct crowd_member *members, size_t count, uint64_t peer)
{
	size_t result = 0;
	for (size_t i = 0; i < count; i++)
		result += members[i].peer == peer;
	return result;
}

size_t crowd_victim(const struct crowd_member *members, size_t count)
{
	size_t victim = 0, victim_share = 0;
	for (size_t i = 0; i < count; i++) {
		size_t its_share = share(members, count, members[i].peer);
		if (its_share > victim_share ||
		    (its_share == victim_share && members[i].arrival < members[victim].arrival)) {
			victim = i;
			victim_share = its_share;
		}
	}
	return victim;
}
