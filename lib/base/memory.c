/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Less than a huge page, so that the kernel gives none to a stack. */
#define STACK_BYTES (1 << 20)

/* Fixed, since glibc raises both with each large block that is freed (mallopt(3)). */
#define MMAP_THRESHOLD_BYTES (128 << 10)
#define TRIM_THRESHOLD_BYTES (128 << 10)

void memory_init(void)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_setattr_default_np(&attributes);
	pthread_attr_destroy(&attributes);
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES);
	mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES);
}

/* Segments that cannot be written hold what is in the file (elf(5)); what the dynamic linker
 * relocates lies in writable ones, also if it is made read-only afterwards (PT_GNU_RELRO). The
 * linker's lock is held meanwhile, so that nothing is unloaded under us. */
static int give_back(struct dl_phdr_info *object, size_t size, void *context)
{
	const uintptr_t page = *(const uintptr_t *)context;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		uintptr_t start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_filesz;
		madvise((void *)start, end - start, MADV_DONTNEED); /* a hint: may fail */
	}
	return 0;
}

void memory_settle(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	malloc_trim(0);
	dl_iterate_phdr(give_back, &page);
}
