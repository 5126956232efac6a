/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The memory that a program holds while it waits, which is what it does nearly always: there is
 * one of us on every node.
 *
 * A program starts with small stacks and one malloc arena for all threads. What it has freed goes
 * back to the kernel when it asks for that. docs/decisions/0009 has the figures.
 */

/* First in main(), before there are threads. */
void memory_init(void);

/* After a burst of work: gives free memory back to the kernel. At any time, from any thread. */
void memory_trim(void);
