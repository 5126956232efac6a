/* SPDX-License-Identifier: Apache-2.0 */
#include "node_health.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metric.h"
#include "pools_scene.h"
#include "test.h"

static atomic_bool hangs;

static int check(struct host *host, struct error *err)
{
	while (atomic_load(&hangs))
		usleep(1000);
	return 0;
}

static bool metrics_say(const char *line)
{
	CLEANUP_TEXT struct text text = TEXT_INIT;
	metric_render(&text);
	return strstr(text_string(&text), line) != NULL;
}

/* The kernel's answer stands for the disk's. One test: a collector is never taken off the list
 * (base/metric.h). */
static void what_hangs_is_not_ready_and_holds_up_nothing(void **state)
{
	struct pools_scene scene;
	struct error err = { 0 };
	pools_scene_init(&scene);
	pools_scene_open_both(&scene, 2);
	scene.pools->host->check = check;
	struct node_health *health = node_health_new(scene.pools, NULL);
	if (node_health_ready(health, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(metrics_say("kentledge_pool_up{pool=\"fast\"} 1"));
	assert_true(metrics_say("kentledge_pool_figures_age_seconds{pool=\"bulk\"}"));

	atomic_store(&hangs, true);
	usleep(1100000);
	uint64_t begin_ms = clock_monotonic_ms();
	assert_int_equal(node_health_ready(health, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_true(metrics_say("kentledge_pool_up{pool=\"fast\"} 1"));
	assert_true(clock_monotonic_ms() - begin_ms < 3000);
	atomic_store(&hangs, false);
	usleep(100000);
	if (node_health_ready(health, &err) < 0)
		fail_msg("%s", err.text);
	node_health_free(health);
	pools_scene_done(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_hangs_is_not_ready_and_holds_up_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
