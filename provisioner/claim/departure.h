/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * When a claim may leave the node that the scheduler selected for it.
 *
 * When a node cannot serve a claim, the provisioner removes the annotation of the selected node,
 * and the scheduler selects again. The scheduler does not know the reason, so it may select the
 * same node again. So a claim leaves a node at most once as long as nothing that we know of the
 * node, the class and the claim has changed; and then once more after a pause that doubles, since
 * the rest of the cluster may have changed. A plugin that is merely restarting is given a grace
 * time first.
 *
 * This is remembered in memory alone: a new leader may let a claim leave once more. Nothing that is
 * still needed is forgotten: a claim that was forgotten would begin its grace time again and again,
 * or be chased between us and the scheduler. When there is no place for another claim, it stays on
 * its node, with the event that says why the node cannot serve it, until there is one. A place is
 * free again when its claim was not looked at for twice the longest pause and the grace time. The
 * claims of one namespace get a share of the places: an editor who sends his claims from node to
 * node, or makes ever new ones, keeps no claim of another namespace on its node.
 *
 * docs/decisions/0018-a-claim-leaves-its-node.md has the reasons.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"

/* So many claims on nodes that cannot serve them. A place takes about a tenth of the memory of the
 * copy of its claim. */
#define DEPARTURES_MAX 65536
#define DEPARTURES_OF_NAMESPACE_MAX (DEPARTURES_MAX / 4)

struct departures;

struct departure {
	const char *namespace; /* of the claim */
	const char *claim_uid;
	const char *node;
	uint64_t facts; /* departure_fact() of all that the refusal may depend on */
	bool grace;	/* the plugin does not answer at the moment: not before the grace time */
};

struct departures *departures_new(uint32_t grace_ms, uint32_t pause_max_ms);
void departures_free(struct departures *departures);

/* The claim may leave now. If it does: departure_note(). */
bool departure_is_due(struct departures *departures, const struct departure *departure);
void departure_note(struct departures *departures, const struct departure *departure);

/* Adds a fact; begin with 0. NULL is a fact too. */
uint64_t departure_fact(uint64_t facts, const char *fact);
uint64_t departure_number(uint64_t facts, uint64_t number);

DEFINE_CLEANUP(struct departures *, departures_free);
