/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/outcome.h"

#include "apply/object_write.h"
#include "apply/role.h"

enum outcome outcome_gone_is_done(int r, const struct error *err)
{
	return r < 0 && err->code != ERROR_NOT_FOUND ? OUTCOME_FAILED : OUTCOME_DONE;
}

enum outcome outcome_confirm(const struct applier *applier, const struct object *object,
			     struct object **ret_object, struct error *err)
{
	int r = object_confirm(applier, object, ret_object, err);
	if (r < 0)
		return err->code == ERROR_NOT_FOUND ? OUTCOME_AGAIN : OUTCOME_FAILED;
	return r > 0 ? OUTCOME_AGAIN : OUTCOME_DONE;
}

int outcome_result(const struct applier *applier, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_DONE:
		return 0;
	case OUTCOME_AGAIN:
		return ROLE_AGAIN_MS;
	case OUTCOME_LATER:
	case OUTCOME_INFEASIBLE:
		return (int)applier->backoff_max_ms;
	case OUTCOME_FAILED:
		break;
	}
	return -1;
}
