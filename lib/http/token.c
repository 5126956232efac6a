/* SPDX-License-Identifier: Apache-2.0 */
#include "http/token.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"

#define TOKEN_MAX_BYTES (64u << 10)
#define READ_AGAIN_MS 60000

struct token_file {
	char *path;
	pthread_mutex_t lock;
	char *token; /* NULL until it was read */
	uint64_t read_ms;
	struct stat seen;
};

struct token_file *token_file_new(const char *path)
{
	struct token_file *file = must_alloc(sizeof(*file));
	file->path = must_strdup(path);
	pthread_mutex_init(&file->lock, NULL);
	return file;
}

void token_file_free(struct token_file *file)
{
	if (!file)
		return;
	token_wipe(file->token);
	pthread_mutex_destroy(&file->lock);
	free(file->path);
	free(file);
}

void token_wipe(char *token)
{
	if (!token)
		return;
	explicit_bzero(token, strlen(token));
	free(token);
}

int token_check(const char *text, char **ret_token, struct error *err)
{
	static const char spaces[] = " \t\r\n";
	text += strspn(text, spaces);
	size_t length = strlen(text);
	while (length && strchr(spaces, text[length - 1]))
		length--;
	if (!length)
		return error_set(err, ERROR_INVALID, "the token is empty");
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] == 0x7f)
			return error_set(err, ERROR_INVALID,
					 "the token holds a character that is not allowed in one "
					 "(at byte %zu)",
					 i);
	char *token = must_alloc(length + 1);
	memcpy(token, text, length);
	token[length] = '\0';
	*ret_token = token;
	return 0;
}

static bool is_fresh(const struct token_file *file, const struct stat *now)
{
	return file->token && clock_monotonic_ms() - file->read_ms < READ_AGAIN_MS &&
	       now->st_ino == file->seen.st_ino && now->st_size == file->seen.st_size &&
	       now->st_mtim.tv_sec == file->seen.st_mtim.tv_sec &&
	       now->st_mtim.tv_nsec == file->seen.st_mtim.tv_nsec;
}

static int read_token(struct token_file *file, struct error *err)
{
	CLEANUP(token_wipep) char *text = NULL;
	char *token;
	if (file_read(file->path, TOKEN_MAX_BYTES, &text, NULL, err) < 0)
		return -1;
	if (token_check(text, &token, err) < 0)
		return error_prefix(err, "%s", file->path);
	token_wipe(file->token);
	file->token = token;
	file->read_ms = clock_monotonic_ms();
	return 0;
}

/* Under the lock. */
static int refresh(struct token_file *file, struct error *err)
{
	struct stat now = { 0 };
	bool there = stat(file->path, &now) == 0;
	if (there && is_fresh(file, &now))
		return 0;
	if (read_token(file, err) < 0)
		return file->token ? 0 : -1;
	file->seen = now;
	return 0;
}

int token_file_get(struct token_file *file, char **ret_token, struct error *err)
{
	pthread_mutex_lock(&file->lock);
	int r = refresh(file, err);
	if (r == 0)
		*ret_token = must_strdup(file->token);
	pthread_mutex_unlock(&file->lock);
	return r;
}
