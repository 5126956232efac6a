/* SPDX-License-Identifier: Apache-2.0 */
#include "modify/patch.h"

#include "apply/status_patch.h"
#include "base/same.h"
#include "base/text.h"
#include "base/utf8.h"
#include "kube/json.h"

static void set_state(struct json_object *patch, const char *target, const char *state)
{
	struct json_object *modify = json_child(json_child(patch, "status"), "modifyVolumeStatus");
	json_set_string(modify, "targetVolumeAttributesClassName", target);
	json_set_string(modify, "status", state);
}

static bool is_stated(const struct claim *claim, const char *target, enum claim_modify state)
{
	return claim->modify == state && same(claim->modify_target, target);
}

static void set_modifying(struct json_object *patch, const struct claim *claim)
{
	status_patch_set_condition(
		patch, claim,
		&(struct status_condition) {
			.type = CLAIM_MODIFYING,
			.message = "The volume is being changed to its new class." });
}

static void set_error(struct json_object *patch, const struct claim *claim, const char *code,
		      const char *message)
{
	CLEANUP_FREE char *text = must_strdup(message);
	utf8_repair(text);
	status_patch_set_condition(patch, claim,
				   &(struct status_condition) {
					   .type = CLAIM_MODIFY_ERROR,
					   .reason = code,
					   .message = text,
					   .changed = !same(claim->modify_error_reason, code),
					   .probed = true,
				   });
}

struct json_object *modify_patch_begin(const struct claim *claim, const char *target)
{
	bool stated = is_stated(claim, target, CLAIM_MODIFY_IN_PROGRESS);
	if (stated && claim->conditions & CLAIM_MODIFYING)
		return NULL;
	struct json_object *patch = status_patch_new(&claim->object);
	if (!stated)
		set_state(patch, target, "InProgress");
	if (!(claim->conditions & CLAIM_MODIFYING))
		set_modifying(patch, claim);
	/* What was wrong with another class says nothing about this one. */
	if (!same(claim->modify_target, target))
		status_patch_drop_conditions(patch, claim, CLAIM_MODIFY_ERROR);
	return patch;
}

struct json_object *modify_patch_done(const struct claim *claim, const char *target)
{
	struct json_object *patch = status_patch_new(&claim->object);
	struct json_object *status = json_child(patch, "status");
	json_set_string(status, "currentVolumeAttributesClassName", target);
	json_object_object_add(status, "modifyVolumeStatus", NULL);
	status_patch_drop_conditions(patch, claim, CLAIM_MODIFY_CONDITIONS);
	return patch;
}

struct json_object *modify_patch_failed(const struct claim *claim, bool infeasible,
					const char *code, const char *message)
{
	struct json_object *patch = status_patch_new(&claim->object);
	if (infeasible)
		set_state(patch, claim->modify_target, "Infeasible");
	set_error(patch, claim, code, message);
	return patch;
}

struct json_object *modify_patch_await(const struct claim *claim, const char *target)
{
	if (is_stated(claim, target, CLAIM_MODIFY_PENDING))
		return NULL;
	struct json_object *patch = status_patch_new(&claim->object);
	set_state(patch, target, "Pending");
	status_patch_drop_conditions(patch, claim, CLAIM_MODIFY_CONDITIONS);
	return patch;
}

struct json_object *modify_patch_reject(const struct claim *claim, const char *target,
					const char *code, const char *message)
{
	if (is_stated(claim, target, CLAIM_MODIFY_INFEASIBLE) && same(claim->modify_error, message))
		return NULL;
	struct json_object *patch = status_patch_new(&claim->object);
	set_state(patch, target, "Infeasible");
	/* Taking it back is then seen as with a class that the node refused. */
	if (!(claim->conditions & CLAIM_MODIFYING))
		set_modifying(patch, claim);
	set_error(patch, claim, code, message);
	return patch;
}

struct json_object *modify_patch_cancel(const struct claim *claim)
{
	struct json_object *patch = status_patch_new(&claim->object);
	status_patch_drop_conditions(patch, claim, CLAIM_MODIFYING);
	return patch;
}

struct json_object *modify_patch_volume(const struct persistent_volume *volume, const char *target)
{
	if (same(volume->attributes_class_name, target))
		return NULL;
	struct json_object *patch = status_patch_new(&volume->object);
	json_set_string(json_child(patch, "spec"), "volumeAttributesClassName", target);
	return patch;
}
