/* SPDX-License-Identifier: Apache-2.0 */
#include "growth/patch.h"

#include <string.h>

#include "apply/status_patch.h"
#include "base/quantity.h"
#include "base/text.h"
#include "base/utf8.h"
#include "growth/plan.h"
#include "kube/json.h"

/* Those that growth removes; the others are not its own. */
#define ALL CLAIM_GROWTH_CONDITIONS

static void set_size(struct json_object *parent, const char *map, uint64_t bytes)
{
	char text[QUANTITY_TEXT_MAX];
	quantity_format_bytes(bytes, text);
	json_set_string(json_child(parent, map), "storage", text);
}

/* NULL takes it off. */
static void set_growth(struct json_object *patch, const char *word)
{
	struct json_object *states =
		json_child(json_child(patch, "status"), "allocatedResourceStatuses");
	json_object_object_add(states, "storage", word ? json_object_new_string(word) : NULL);
}

static void add_condition(struct json_object *patch, const struct claim *claim,
			  enum claim_condition type, const char *message)
{
	status_patch_set_condition(patch, claim,
				   &(struct status_condition) { .type = type, .message = message });
}

static bool has_node_not_required(const struct claim *claim)
{
	return pairs_get(&claim->object.annotations, GROWTH_NODE_NOT_REQUIRED_ANNOTATION) != NULL;
}

static void set_node_not_required(struct json_object *patch, bool set)
{
	json_object_object_add(json_child(json_child(patch, "metadata"), "annotations"),
			       GROWTH_NODE_NOT_REQUIRED_ANNOTATION,
			       set ? json_object_new_string("true") : NULL);
}

struct json_object *growth_patch_begin(const struct claim *claim, uint64_t target_bytes,
				       bool repeats)
{
	bool resizing = claim->conditions & CLAIM_RESIZING;
	bool states = !repeats || claim->growth == CLAIM_GROWTH_NONE;
	/* As soon as the node is asked again, the refusal says nothing any more of how it ended. */
	bool refused = claim->growth == CLAIM_GROWTH_CONTROLLER_IN_PROGRESS &&
		       claim->conditions & CLAIM_CONTROLLER_RESIZE_ERROR;
	if (resizing && !states && !refused && !has_node_not_required(claim))
		return NULL;
	struct json_object *patch = status_patch_new(&claim->object);
	if (has_node_not_required(claim))
		set_node_not_required(patch, false);
	if (states) {
		set_size(json_child(patch, "status"), "allocatedResources", target_bytes);
		set_growth(patch, "ControllerResizeInProgress");
	}
	if (!repeats)
		status_patch_drop_conditions(patch, claim, ALL & ~(unsigned)CLAIM_RESIZING);
	else if (refused)
		status_patch_drop_conditions(patch, claim, CLAIM_CONTROLLER_RESIZE_ERROR);
	if (!resizing)
		add_condition(patch, claim, CLAIM_RESIZING, NULL);
	return patch;
}

struct json_object *growth_patch_pending(const struct claim *claim)
{
	struct json_object *patch = status_patch_new(&claim->object);
	set_growth(patch, "NodeResizePending");
	status_patch_drop_conditions(patch, claim,
				     ALL & ~(unsigned)CLAIM_FILE_SYSTEM_RESIZE_PENDING);
	add_condition(patch, claim, CLAIM_FILE_SYSTEM_RESIZE_PENDING,
		      "The kubelet grows the file system while a pod uses the volume if the node "
		      "plugin can do that, otherwise when all of its pods have stopped and one "
		      "starts again.");
	return patch;
}

struct json_object *growth_patch_done(const struct claim *claim, uint64_t capacity_bytes)
{
	struct json_object *patch = status_patch_new(&claim->object);
	set_node_not_required(patch, true);
	set_size(json_child(patch, "status"), "capacity", capacity_bytes);
	set_growth(patch, NULL);
	status_patch_drop_conditions(patch, claim, ALL);
	return patch;
}

struct json_object *growth_patch_failed(const struct claim *claim, bool infeasible,
					const char *message)
{
	/* The API server stores UTF-8 alone, and what it stores is compared with. */
	CLEANUP_FREE char *text = must_strdup(message);
	utf8_repair(text);
	bool noted = claim->conditions & CLAIM_CONTROLLER_RESIZE_ERROR && claim->resize_error &&
		     strcmp(claim->resize_error, text) == 0;
	bool stated = !infeasible || claim->growth == CLAIM_GROWTH_CONTROLLER_INFEASIBLE;
	if (noted && stated)
		return NULL;
	struct json_object *patch = status_patch_new(&claim->object);
	if (!stated)
		set_growth(patch, "ControllerResizeInfeasible");
	add_condition(patch, claim, CLAIM_CONTROLLER_RESIZE_ERROR, text);
	return patch;
}

struct json_object *growth_patch_unknown(const struct claim *claim)
{
	if (!(claim->conditions & CLAIM_CONTROLLER_RESIZE_ERROR))
		return NULL;
	struct json_object *patch = status_patch_new(&claim->object);
	status_patch_drop_conditions(patch, claim, CLAIM_CONTROLLER_RESIZE_ERROR);
	return patch;
}

struct json_object *growth_patch_volume(const struct persistent_volume *volume,
					uint64_t capacity_bytes, uint64_t previous_bytes)
{
	bool grows = capacity_bytes > volume->capacity_bytes;
	bool notes = previous_bytes && !growth_is_noted(&volume->object);
	if (!grows && !notes)
		return NULL;
	struct json_object *patch = status_patch_new(&volume->object);
	if (grows)
		set_size(json_child(patch, "spec"), "capacity", capacity_bytes);
	if (notes) {
		char text[QUANTITY_TEXT_MAX];
		quantity_format_bytes(previous_bytes, text);
		json_set_string(json_child(json_child(patch, "metadata"), "annotations"),
				PERSISTENT_VOLUME_PRE_RESIZE_ANNOTATION, text);
	}
	return patch;
}
