/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_api.h"
#include "kube/claim.h"
#include "set/pod.h"
#include "set/revision.h"
#include "set/statefulset.h"
#include "sync/written.h"
#include "test.h"

#define POD "{'apiVersion':'v1','kind':'Pod','metadata':{'name':'web-0','namespace':'default'}}"

struct copies {
	struct fake_api *api;
	struct kube_client *client;
	struct informer *informers[WRITTEN_KINDS];
};

static int set_up(void **state)
{
	static const struct kind *const kinds[] = {
		[WRITTEN_SET] = &statefulset_apps_kind,
		[WRITTEN_POD] = &pod_kind,
		[WRITTEN_CLAIM] = &claim_kind,
		[WRITTEN_REVISION] = &revision_kind,
	};
	static struct copies copies;
	struct error err;
	copies.api = fake_api_new();
	copies.client = kube_client_new_over(fake_api_transport(copies.api));
	for (int i = 0; i < WRITTEN_KINDS; i++) {
		struct informer_options options = { .scope = { .kind = kinds[i] } };
		copies.informers[i] = informer_new(copies.client, &options);
		assert_int_equal(informer_wait_synced(copies.informers[i], 5000, &err), 0);
	}
	*state = &copies;
	return 0;
}

static int tear_down(void **state)
{
	struct copies *copies = *state;
	kube_client_stop(copies->client);
	for (int i = 0; i < WRITTEN_KINDS; i++)
		informer_free(copies->informers[i]);
	kube_client_free(copies->client);
	fake_api_free(copies->api);
	return 0;
}

static bool becomes_seen(struct written *written, struct copies *copies)
{
	enum written_kind behind;
	for (int i = 0; i < 5000; i++) {
		if (written_is_seen(written, "default/web", copies->informers, &behind))
			return true;
		usleep(1000);
	}
	return false;
}

static void a_set_waits_until_its_own_writes_are_seen(void **state)
{
	struct copies *copies = *state;
	CLEANUP(written_freep) struct written *written = written_new();
	enum written_kind behind;
	assert_true(written_is_seen(written, "default/web", copies->informers, &behind));
	written_note(written, "default/web", WRITTEN_POD, "999999");
	assert_false(written_is_seen(written, "default/web", copies->informers, &behind));
	assert_int_equal(behind, WRITTEN_POD);
	assert_true(written_is_seen(written, "default/db", copies->informers, &behind));
	fake_api_skip_versions(copies->api, 1000000);
	fake_api_putf(copies->api, &pod_kind, POD);
	assert_true(becomes_seen(written, copies));
}

static void a_removal_is_seen_when_the_pod_goes(void **state)
{
	struct copies *copies = *state;
	CLEANUP(written_freep) struct written *written = written_new();
	enum written_kind behind;
	fake_api_putf(copies->api, &pod_kind, POD);
	struct object *pod = NULL;
	for (int i = 0; i < 5000 && !pod; i++) {
		pod = informer_get(copies->informers[WRITTEN_POD], "default", "web-0");
		usleep(1000);
	}
	assert_non_null(pod);
	written_note_removal(written, "default/web", pod);
	object_unref(pod);
	assert_false(written_is_seen(written, "default/web", copies->informers, &behind));
	fake_api_edit(copies->api, &pod_kind, "default", "web-0",
		      "{'metadata':{'deletionTimestamp':'2026-01-01T00:00:00Z'}}");
	assert_true(becomes_seen(written, copies));
}

static void a_forgotten_set_waits_for_nothing(void **state)
{
	struct copies *copies = *state;
	CLEANUP(written_freep) struct written *written = written_new();
	enum written_kind behind;
	written_note(written, "default/web", WRITTEN_SET, "999999");
	written_forget(written, "default/web");
	assert_true(written_is_seen(written, "default/web", copies->informers, &behind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_set_waits_until_its_own_writes_are_seen, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_removal_is_seen_when_the_pod_goes, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_forgotten_set_waits_for_nothing, set_up,
						tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
