/* SPDX-License-Identifier: Apache-2.0 */
#include "csi/condition.h"

Csi__V1__VolumeCondition *csi_condition_make(struct arena *arena, const struct condition_view *view,
					     const struct volume_record *record)
{
	Csi__V1__VolumeCondition *answer = arena_alloc(arena, sizeof(*answer));
	struct condition condition;
	csi__v1__volume_condition__init(answer);
	condition_look(view, record, &condition);
	answer->abnormal = condition.abnormal;
	answer->message = arena_strdup(arena, condition.text);
	return answer;
}
