/* SPDX-License-Identifier: Apache-2.0 */
#include "modify/answers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/text.h"

struct answer {
	UT_hash_handle hh;
	char *uid;
	char key[];
};

struct modify_answers {
	pthread_mutex_t lock;
	struct answer *answers;
};

struct modify_answers *modify_answers_new(void)
{
	struct modify_answers *answers = must_alloc(sizeof(*answers));
	pthread_mutex_init(&answers->lock, NULL);
	return answers;
}

/* With the lock held, as the next one. */
static struct answer *find(const struct modify_answers *answers, const char *key)
{
	struct answer *answer;
	HASH_FIND_STR(answers->answers, key, answer);
	return answer;
}

static void drop(struct modify_answers *answers, struct answer *answer)
{
	HASH_DEL(answers->answers, answer);
	free(answer->uid);
	free(answer);
}

void modify_answers_free(struct modify_answers *answers)
{
	if (!answers)
		return;
	while (answers->answers)
		drop(answers, answers->answers);
	pthread_mutex_destroy(&answers->lock);
	free(answers);
}

void modify_answers_note(struct modify_answers *answers, const char *key, const char *uid)
{
	pthread_mutex_lock(&answers->lock);
	struct answer *answer = find(answers, key);
	if (answer)
		drop(answers, answer);
	answer = must_alloc(sizeof(*answer) + strlen(key) + 1);
	strcpy(answer->key, key);
	answer->uid = must_strdup(uid);
	HASH_ADD_STR(answers->answers, key, answer);
	pthread_mutex_unlock(&answers->lock);
}

void modify_answers_drop(struct modify_answers *answers, const char *key)
{
	pthread_mutex_lock(&answers->lock);
	struct answer *answer = find(answers, key);
	if (answer)
		drop(answers, answer);
	pthread_mutex_unlock(&answers->lock);
}

bool modify_answers_has(struct modify_answers *answers, const char *key, const char *uid)
{
	pthread_mutex_lock(&answers->lock);
	const struct answer *answer = find(answers, key);
	bool has = answer && strcmp(answer->uid, uid) == 0;
	pthread_mutex_unlock(&answers->lock);
	return has;
}
