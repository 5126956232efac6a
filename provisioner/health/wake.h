/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whose health is to be asked for: keys are node ids.
 */

#include "cluster/cluster.h"
#include "kube/workqueue.h"

void health_wake(struct workqueue *queue, const struct cluster_change *change);
