/* SPDX-License-Identifier: Apache-2.0 */
#include "cycle.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"

const char *const cycle_step_names[CYCLE_STEPS] = {
	"create", "stage", "publish", "unpublish", "unstage", "delete", "cycle",
};

struct caller {
	const struct cycle_taker *taker;
	unsigned number;
	unsigned rounds;
	char folder[256];
	struct cycle_result result;
	pthread_t thread;
};

static void take(struct caller *caller, enum cycle_step step, const char *name)
{
	struct error err = { 0 };
	uint64_t begin_us = clock_monotonic_us();
	if (caller->taker->step(caller->taker->context, step, name, caller->folder, &err) < 0) {
		fprintf(stderr, "%s of %s: %s\n", cycle_step_names[step], name, err.text);
		exit(1);
	}
	samples_add(&caller->result.steps[step], clock_monotonic_us() - begin_us);
}

static void *run(void *context)
{
	struct caller *caller = context;
	char name[64];
	snprintf(name, sizeof(name), "pvc-bench-%u", caller->number);
	for (unsigned round = 0; round < caller->rounds; round++) {
		uint64_t begin_us = clock_monotonic_us();
		for (enum cycle_step step = CYCLE_CREATE; step < CYCLE_WHOLE; step++)
			take(caller, step, name);
		samples_add(&caller->result.steps[CYCLE_WHOLE], clock_monotonic_us() - begin_us);
	}
	return NULL;
}

static void start(struct caller *caller, const char *folder)
{
	snprintf(caller->folder, sizeof(caller->folder), "%s/caller-%u", folder, caller->number);
	if ((mkdir(caller->folder, 0750) < 0 && errno != EEXIST) ||
	    pthread_create(&caller->thread, NULL, run, caller) != 0) {
		perror(caller->folder);
		exit(1);
	}
}

void cycle_run(const struct cycle_taker *takers, unsigned callers, unsigned rounds,
	       const char *folder, struct cycle_result *ret_result)
{
	struct caller *all = calloc(callers, sizeof(*all));
	struct cycle_result result = { 0 };
	uint64_t begin_us = clock_monotonic_us();
	for (unsigned i = 0; i < callers; i++) {
		all[i] = (struct caller) { .taker = &takers[i], .number = i, .rounds = rounds };
		start(&all[i], folder);
	}
	for (unsigned i = 0; i < callers; i++) {
		pthread_join(all[i].thread, NULL);
		for (int step = 0; step < CYCLE_STEPS; step++)
			samples_add_all(&result.steps[step], &all[i].result.steps[step]);
		cycle_result_done(&all[i].result);
	}
	result.cycles_per_second =
		callers * rounds / ((double)(clock_monotonic_us() - begin_us) / 1e6);
	free(all);
	*ret_result = result;
}

void cycle_result_done(struct cycle_result *result)
{
	for (int step = 0; step < CYCLE_STEPS; step++)
		samples_done(&result->steps[step]);
}
