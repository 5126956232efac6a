/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The memory that a program holds while it waits, which is what it does nearly always: there is
 * one of us on every node.
 *
 * A program starts with small stacks and one malloc arena for all threads. Getting ready touches
 * much that is not used again: relocations, tables of ciphers, the first big list. Then it settles:
 * free memory goes back to the kernel, and so do the pages of the program and its libraries. These
 * are unchanged pages of files, which stay in the kernel's page cache; those that are needed come
 * back from there by minor faults. docs/decisions/0009 has the figures.
 */

/* First in main(), before there are threads. */
void memory_init(void);

/* When the program is ready; harmless at any time, from any thread. */
void memory_settle(void);
