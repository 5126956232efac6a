/* SPDX-License-Identifier: Apache-2.0 */
#include "memory_use.h"

#include <stdio.h>

struct memory_use memory_use_of(pid_t pid)
{
	struct memory_use use = { 0 };
	char path[64], line[256];
	unsigned long kb;
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Private_Dirty: %lu", &kb) == 1 ||
		    sscanf(line, "Private_Clean: %lu", &kb) == 1)
			use.private_kb += kb;
		if (sscanf(line, "Anonymous: %lu", &kb) == 1)
			use.anonymous_kb = kb;
		if (sscanf(line, "Pss: %lu", &kb) == 1)
			use.pss_kb = kb;
	}
	if (file)
		fclose(file);
	return use;
}
