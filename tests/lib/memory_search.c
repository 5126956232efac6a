/* SPDX-License-Identifier: Apache-2.0 */
#include "memory_search.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define PAGE_BYTES 4096UL

/* Two pages at a time: what lies across a border is found too. */
static bool range_holds(int mem_fd, unsigned long begin, unsigned long end, const char *what)
{
	CLEANUP_FREE char *pages = must_alloc(2 * PAGE_BYTES);
	bool found = false;
	for (unsigned long at = begin; at < end; at += PAGE_BYTES) {
		size_t size = end - at < 2 * PAGE_BYTES ? end - at : 2 * PAGE_BYTES;
		ssize_t got = pread(mem_fd, pages, size, (off_t)at);
		found |= got > 0 && memmem(pages, (size_t)got, what, strlen(what));
	}
	return found;
}

bool memory_search(pid_t pid, const char *what)
{
	char path[64], line[512];
	bool found = false;
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	FILE *maps = fopen(path, "re");
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	CLEANUP_CLOSE int mem_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!maps || mem_fd < 0) {
		perror(path);
		abort();
	}
	while (fgets(line, sizeof(line), maps)) {
		unsigned long begin, end;
		char rights[8];
		if (sscanf(line, "%lx-%lx %7s", &begin, &end, rights) == 3 && rights[1] == 'w')
			found |= range_holds(mem_fd, begin, end, what);
	}
	fclose(maps);
	return found;
}
