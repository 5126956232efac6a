/* SPDX-License-Identifier: Apache-2.0 */
#include "step_share.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned every(void)
{
	const char *text = getenv("STEPS_EVERY");
	unsigned long number = text ? strtoul(text, NULL, 10) : 1;
	return number ? (unsigned)number : 1;
}

/* In the middle of the share, so that shares of 2 and of 4 have no step in common. */
unsigned step_first(void)
{
	return every() / 2 > 0 ? every() / 2 : 1;
}

unsigned step_after(unsigned step)
{
	return step + every();
}

void step_tell(const char *flow, unsigned points)
{
	unsigned share = every();
	if (share == 1)
		printf("%s: %u points, a kill at each\n", flow, points);
	else
		printf("%s: some %u points, a kill at every %u\n", flow, points, share);
}
