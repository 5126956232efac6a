/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds every file of a corpus to a fuzz target once, and each of its prefixes up to 512 bytes:
 * what a fuzzer found stays found, with every compiler and sanitizer. Fails on an empty corpus.
 */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define INPUT_BYTES_MAX (1 << 20)
#define PREFIX_BYTES_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly `size` bytes, so that a sanitizer sees a read behind its end. */
static void run(const char *data, size_t size)
{
	CLEANUP_FREE uint8_t *copy = malloc(size ? size : 1);
	for (size_t i = 0; i < size; i++)
		copy[i] = (uint8_t)data[i];
	LLVMFuzzerTestOneInput(copy, size);
}

static void replay(const char *path)
{
	CLEANUP_FREE char *data = NULL;
	size_t length;
	struct error err;
	if (file_read(path, INPUT_BYTES_MAX, &data, &length, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	run(data, length);
	for (size_t prefix = 0; prefix < length && prefix < PREFIX_BYTES_MAX; prefix++)
		run(data, prefix);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS-FOLDER\n", argv[0]);
		return 2;
	}
	DIR *folder = opendir(argv[1]);
	if (!folder) {
		perror(argv[1]);
		return 1;
	}
	unsigned count = 0;
	for (struct dirent *entry; (entry = readdir(folder));) {
		if (entry->d_name[0] == '.')
			continue;
		CLEANUP_FREE char *path = must_printf("%s/%s", argv[1], entry->d_name);
		replay(path);
		count++;
	}
	closedir(folder);
	printf("%u inputs replayed\n", count);
	return count ? 0 : 1;
}
