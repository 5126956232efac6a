/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the role remembers of each node: when it last wrote each object, and since when the node has
 * not answered. Nothing of it must survive a restart: without it a change is written at once, and a
 * silent node keeps its values for a little longer.
 *
 * An entry is held by one thread at a time, so that a refresh after a refused claim and the poll of
 * the same node do not overtake each other. Entries of different nodes do not wait for each other.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct capacity_plan;
struct ledger;
struct ledger_entry;

struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger); /* no entry may be held */

/* Waits for the entry of the node. */
struct ledger_entry *ledger_take(struct ledger *ledger, const char *node_id);
void ledger_put(struct ledger_entry *entry);

/* Nothing is remembered of the node after the entry was given back. */
void ledger_forget(struct ledger_entry *entry);

uint64_t ledger_written_ms(const struct ledger_entry *entry, const char *class_name);
void ledger_note_written(struct ledger_entry *entry, const char *class_name, uint64_t now_ms);

/* The node has not answered since then; 0: it has. */
uint64_t ledger_silent_since_ms(const struct ledger_entry *entry);
void ledger_note_silence(struct ledger_entry *entry, uint64_t now_ms);
void ledger_note_answer(struct ledger_entry *entry);

/* Puts the node's share into the gauges csistoragecapacities_*. */
void ledger_count(struct ledger_entry *entry, const struct capacity_plan *plan);

DEFINE_CLEANUP(struct ledger_entry *, ledger_put);
