/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/making.h"

#include "apply/making_patch.h"
#include "apply/object_write.h"
#include "base/log.h"
#include "csi/failure.h"
#include "kube/event.h"
#include "kube/json.h"

static enum outcome tidy(const struct applier *applier, const struct making *making,
			 const struct object *begun, struct error *err)
{
	int r = object_drop_annotation(applier, begun, making->being_created, err);
	return r < 0 ? OUTCOME_FAILED : OUTCOME_DONE;
}

/* Nothing is going on at the node. *why stays the error of the call. A content that is to be
 * deleted can be deleted now. */
static enum outcome end_in_vain(const struct applier *applier, const struct making *making,
				const struct object *begun, const struct error *why)
{
	struct error unwritten;
	bool infeasible = csi_failure_of(CSI_CHANGE_COPY, why->code) == CSI_FAILURE_INFEASIBLE;
	if (making->failed(applier, begun, why) < 0)
		return OUTCOME_FAILED;
	if (tidy(applier, making, begun, &unwritten) < 0) {
		log_warning("the end of a creation is not noted on the content",
			    LOG_TEXT("content", begun->name), LOG_ERR(&unwritten));
		return OUTCOME_FAILED;
	}
	if (begun->deleted_s)
		return OUTCOME_LATER;
	return infeasible ? OUTCOME_INFEASIBLE : OUTCOME_FAILED;
}

static enum outcome note_failure(const struct applier *applier, const struct making *making,
				 const struct object *begun, const struct error *why)
{
	if (csi_failure_of(CSI_CHANGE_COPY, why->code) != CSI_FAILURE_UNKNOWN)
		return end_in_vain(applier, making, begun, why);
	making->failed(applier, begun, why);
	return OUTCOME_FAILED;
}

static struct json_object *patch_begin(const struct object *content, const void *what)
{
	const struct making *making = what;
	return making_patch_begin(content, making->node, making->being_created);
}

/* Others write to a content that is new: the controller's part adds its finalizer. */
static enum outcome begin(const struct applier *applier, const struct making *making,
			  struct object **ret_begun, struct error *err)
{
	CLEANUP(json_object_putp) struct json_object *patch = patch_begin(making->content, making);
	if (!patch)
		return outcome_confirm(applier, making->content, ret_begun, err);
	int r = object_write(applier, making->content,
			     &(struct object_write) { .custom = true,
						      .make_patch = patch_begin,
						      .is_ours = making->is_as_planned,
						      .what = making,
						      .ret_object = ret_begun },
			     err);
	return r > 0 ? OUTCOME_AGAIN : outcome_gone_is_done(r, err);
}

static enum outcome carry_out(const struct applier *applier, const struct making *making,
			      const struct object *begun, struct error *err)
{
	if (making->make(applier, making->context, err) < 0)
		return note_failure(applier, making, begun, err);
	enum outcome outcome = making->made(applier, begun, making->context, err);
	if (outcome == OUTCOME_DONE)
		outcome = tidy(applier, making, begun, err);
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (begun->deleted_s)
		return OUTCOME_LATER;
	if (making->is_ready(making->context))
		return OUTCOME_DONE;
	error_set(err, ERROR_BUSY, "it is not ready for use yet");
	return OUTCOME_FAILED;
}

enum outcome making_run(const struct applier *applier, const struct making *making,
			struct error *err)
{
	CLEANUP(object_unrefp) struct object *begun = NULL;
	enum outcome outcome = begin(applier, making, &begun, err);
	return begun ? carry_out(applier, making, begun, err) : outcome;
}

enum outcome making_note_node(const struct applier *applier, const struct object *content,
			      const struct snapshot_node *node, struct object **ret_content,
			      struct error *err)
{
	CLEANUP(json_object_putp)
	struct json_object *patch = making_patch_begin(content, node, NULL);
	if (patch)
		return outcome_gone_is_done(
			applier_merge(applier, content, patch, ret_content, err), err);
	*ret_content = object_ref((struct object *)content);
	return OUTCOME_DONE;
}

static struct json_object *patch_failed(const struct object *content, const void *what)
{
	const struct making_failure *failure = what;
	return making_patch_failed(content, failure->error_of(content), failure->message);
}

int making_failed(const struct applier *applier, const struct object *content,
		  const struct making_failure *failure)
{
	struct error unwritten;
	if (failure->reason->code == ERROR_CONFLICT || failure->reason->code == ERROR_CANCELLED)
		return 0;
	CLEANUP(json_object_putp) struct json_object *patch = patch_failed(content, failure);
	if (!patch)
		return 0;
	event_record(applier->events, content, EVENT_WARNING, failure->event, "%s",
		     failure->message);
	if (object_write(applier, content,
			 &(struct object_write) { .status = true,
						  .custom = true,
						  .make_patch = patch_failed,
						  .what = failure },
			 &unwritten) >= 0 ||
	    unwritten.code == ERROR_NOT_FOUND)
		return 0;
	log_warning("failure not noted on the content", LOG_TEXT("content", content->name),
		    LOG_ERR(&unwritten));
	return -1;
}
