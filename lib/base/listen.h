/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A listening TCP socket, non-blocking, at an address as our flags take it: ":9746",
 * "127.0.0.1:9746", "[::1]:9746". An address without a host stands for all of them, of IPv6 and
 * IPv4; where the machine has no IPv6, of IPv4.
 */

#include <stdint.h>

#include "base/error.h"

/* ret_port may be NULL; it is the port that the kernel chose if the address names port 0. */
int listen_tcp(const char *address, int *ret_fd, uint16_t *ret_port, struct error *err);
