/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crowd.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "test.h"

static uint64_t peer(const char *text)
{
	struct sockaddr_storage address = { .ss_family = AF_INET };
	struct sockaddr_in *inet = (void *)&address;
	struct sockaddr_in6 *inet6 = (void *)&address;
	if (inet_pton(AF_INET, text, &inet->sin_addr) == 1)
		return crowd_peer(&address);
	address.ss_family = AF_INET6;
	assert_int_equal(inet_pton(AF_INET6, text, &inet6->sin6_addr), 1);
	return crowd_peer(&address);
}

static void a_peer_is_an_address_or_a_network(void **state)
{
	assert_true(peer("10.0.0.1") != peer("10.0.0.2"));
	assert_true(peer("10.0.0.1") == peer("::ffff:10.0.0.1"));
	assert_true(peer("2001:db8::1") == peer("2001:db8::2"));
	assert_true(peer("2001:db8::1") != peer("2001:db8:0:1::1"));
	assert_true(peer("::1") != peer("127.0.0.1"));
}

static void the_peer_with_the_most_loses_its_oldest(void **state)
{
	const struct crowd_member members[] = { { 7, 100 }, { 8, 500 }, { 8, 300 },
						{ 8, 400 }, { 9, 50 },	{ 9, 60 } };
	assert_int_equal(crowd_victim(members, 6), 2);
}

static void among_equals_the_oldest_goes(void **state)
{
	const struct crowd_member members[] = { { 7, 100 }, { 8, 50 }, { 9, 75 } };
	assert_int_equal(crowd_victim(members, 3), 1);
	assert_int_equal(crowd_victim(members, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_is_an_address_or_a_network),
		cmocka_unit_test(the_peer_with_the_most_loses_its_oldest),
		cmocka_unit_test(among_equals_the_oldest_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
