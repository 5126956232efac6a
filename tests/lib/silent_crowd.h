/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A process that opens many TCP connections to a server and sends nothing on them, so that their
 * descriptors and memory are not those of the test.
 */

#include <stdbool.h>

/* Once, before the program has threads. */
void silent_crowd_begin(void);

/* Opens so many connections to "127.0.0.1:9745", which stay, and then comes once more as a TLS
 * client with the certificate in the folder (NULL: it does not). False: a connection was refused,
 * or that client was not served. */
bool silent_crowd_send(const char *address, unsigned count, const char *folder);

/* Closes the connections. */
void silent_crowd_send_home(void);
