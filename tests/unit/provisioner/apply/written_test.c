/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/written.h"

#include <unistd.h>

#include "kube/claim.h"
#include "test.h"

static char name[] = "data", namespace[] = "default", nine[] = "9", ten[] = "10";

static struct object claim_of_version(char *version)
{
	return (struct object) { .kind = &claim_kind,
				 .namespace = namespace,
				 .name = name,
				 .resource_version = version };
}

static bool is_seen(struct written *written, const struct object *copy)
{
	return written_is_seen(written, &claim_kind, namespace, name, copy);
}

static void a_write_is_waited_for(void **state)
{
	CLEANUP(written_freep) struct written *written = written_new();
	const struct object old = claim_of_version(nine), new = claim_of_version(ten);
	assert_true(is_seen(written, NULL));
	written_note(written, &new, false);
	assert_false(is_seen(written, &old));
	assert_true(is_seen(written, &new));
	written_note_end(written, &new);
	assert_false(is_seen(written, &new));
	assert_true(is_seen(written, NULL));
}

/* Another worker may have taken its copy before the first one saw the write. */
static void one_that_was_seen_is_waited_for_a_moment_longer(void **state)
{
	CLEANUP(written_freep) struct written *written = written_new();
	const struct object new = claim_of_version(ten);
	written_note(written, &new, true);
	assert_false(is_seen(written, NULL));
	assert_true(is_seen(written, &new));
	assert_false(is_seen(written, NULL));
	usleep(600000);
	assert_true(is_seen(written, NULL)); /* another has deleted it */
}

static void one_that_was_made_and_changed_is_still_to_come(void **state)
{
	CLEANUP(written_freep) struct written *written = written_new();
	const struct object made = claim_of_version(nine), changed = claim_of_version(ten);
	written_note(written, &made, true);
	written_note(written, &changed, false);
	assert_false(is_seen(written, NULL));
	assert_false(is_seen(written, &made));
	assert_true(is_seen(written, &changed));
	written_note(written, &changed, false);
	assert_true(is_seen(written, NULL)); /* it was there, and another has deleted it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_is_waited_for),
		cmocka_unit_test(one_that_was_made_and_changed_is_still_to_come),
		cmocka_unit_test(one_that_was_seen_is_waited_for_a_moment_longer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
