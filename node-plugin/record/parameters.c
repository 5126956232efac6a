/* SPDX-License-Identifier: Apache-2.0 */
#include "record/parameters.h"

#include <string.h>

static const char *const backend_names[] = {
	[BACKEND_LOOP] = "loop",
	[BACKEND_DIRECTORY] = "directory",
};

static const char *const provisioning_names[] = {
	[PROVISIONING_THIN] = "thin",
	[PROVISIONING_RESERVED] = "reserved",
	[PROVISIONING_THICK] = "thick",
};

static const char *const encryption_names[] = {
	[ENCRYPTION_NONE] = "none",
	[ENCRYPTION_FSCRYPT] = "fscrypt",
};

/* Its place in the list, or -1. */
static int place_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return (int)i;
	return -1;
}

#define PLACE_OF(name, names) place_of(name, names, sizeof(names) / sizeof(*(names)))

const char *backend_kind_name(enum backend_kind kind)
{
	return backend_names[kind];
}

int backend_kind_of_name(const char *name, enum backend_kind *ret_kind)
{
	int place = PLACE_OF(name, backend_names);
	if (place < 0)
		return -1;
	*ret_kind = (enum backend_kind)place;
	return 0;
}

const char *provisioning_name(enum provisioning provisioning)
{
	return provisioning_names[provisioning];
}

int provisioning_of_name(const char *name, enum provisioning *ret_provisioning)
{
	int place = PLACE_OF(name, provisioning_names);
	if (place < 0)
		return -1;
	*ret_provisioning = (enum provisioning)place;
	return 0;
}

const char *encryption_name(enum encryption encryption)
{
	return encryption_names[encryption];
}

int encryption_of_name(const char *name, enum encryption *ret_encryption)
{
	int place = PLACE_OF(name, encryption_names);
	if (place < 0)
		return -1;
	*ret_encryption = (enum encryption)place;
	return 0;
}

static int read_backend(const char *value, struct parameters *parameters, struct error *err)
{
	if (backend_kind_of_name(value, &parameters->backend) < 0)
		return error_set(err, ERROR_INVALID,
				 "parameter backend: \"%s\" is unknown; use \"loop\" or "
				 "\"directory\"",
				 value);
	return 0;
}

static int read_enforce(const char *value, struct parameters *parameters, struct error *err)
{
	parameters->enforce = strcmp(value, "true") == 0;
	if (!parameters->enforce && strcmp(value, "false") != 0)
		return error_set(err, ERROR_INVALID,
				 "parameter enforce: \"%s\" is neither \"true\" nor \"false\"",
				 value);
	return 0;
}

static int read_pool(const char *value, struct parameters *parameters, struct error *err)
{
	if (!value[0])
		return error_set(err, ERROR_INVALID,
				 "parameter pool: it is empty; leave it out "
				 "to let the node choose");
	parameters->pool = value;
	return 0;
}

static int read_provisioning(const char *value, struct parameters *parameters, struct error *err)
{
	if (provisioning_of_name(value, &parameters->provisioning) < 0)
		return error_set(err, ERROR_INVALID,
				 "parameter provisioning: \"%s\" is unknown; use \"thin\", "
				 "\"reserved\" or \"thick\"",
				 value);
	parameters->provisioning_open = false;
	return 0;
}

static int read_encryption(const char *value, struct parameters *parameters, struct error *err)
{
	if (encryption_of_name(value, &parameters->encryption) < 0)
		return error_set(err, ERROR_INVALID,
				 "parameter encryption: \"%s\" is unknown; use \"none\" or "
				 "\"fscrypt\"",
				 value);
	return 0;
}

/* The name of an object: it goes into the record, where a line is a line. */
static int check_object_name(const char *value, struct error *err)
{
	size_t length = strlen(value);
	if (length > 253 || strcspn(value, "\n\r\t /") != length)
		return error_set(
			err, ERROR_INVALID,
			"parameter csi.storage.k8s.io/pvc: no name of a Kubernetes object");
	return 0;
}

static int read_claim_name(const char *value, struct parameters *parameters, struct error *err)
{
	if (check_object_name(value, err) < 0)
		return -1;
	parameters->claim_name = value;
	return 0;
}

static int read_claim_namespace(const char *value, struct parameters *parameters, struct error *err)
{
	if (check_object_name(value, err) < 0)
		return -1;
	parameters->claim_namespace = value;
	return 0;
}

/* The PV has the name of the volume already. */
static int read_nothing(const char *value, struct parameters *parameters, struct error *err)
{
	return 0;
}

static const struct {
	const char *name;
	int (*read)(const char *value, struct parameters *parameters, struct error *err);
} known[] = {
	{ "backend", read_backend },
	{ "enforce", read_enforce },
	{ "pool", read_pool },
	{ "provisioning", read_provisioning },
	{ "encryption", read_encryption },
	{ "csi.storage.k8s.io/pvc/name", read_claim_name },
	{ "csi.storage.k8s.io/pvc/namespace", read_claim_namespace },
	{ "csi.storage.k8s.io/pv/name", read_nothing },
};

static int read_one(const struct pair *pair, struct parameters *parameters, struct error *err)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strcmp(pair->key, known[i].name) == 0)
			return known[i].read(pair->value, parameters, err);
	return error_set(
		err, ERROR_INVALID,
		"parameter \"%s\" is unknown; known are backend, enforce, pool, provisioning, "
		"encryption and, for the file system, csi.storage.k8s.io/fstype",
		pair->key);
}

static int check_together(const struct parameters *parameters, struct error *err)
{
	if (parameters->backend == BACKEND_LOOP && !parameters->enforce)
		return error_set(err, ERROR_INVALID,
				 "parameter enforce: \"false\" has no meaning with backend "
				 "\"loop\", whose size always holds; leave it out");
	if (parameters->backend == BACKEND_DIRECTORY &&
	    parameters->provisioning != PROVISIONING_THIN)
		return error_set(err, ERROR_INVALID,
				 "parameter provisioning: a directory takes disk as it is written "
				 "to; leave \"%s\" out, or use backend: \"loop\"",
				 provisioning_name(parameters->provisioning));
	if (parameters->encryption != ENCRYPTION_NONE && parameters->backend != BACKEND_LOOP)
		return error_set(err, ERROR_INVALID,
				 "parameter encryption: \"fscrypt\" encrypts volumes with a file "
				 "system of their own; use backend: \"loop\"");
	return 0;
}

int parameters_parse(const struct pairs *pairs, struct parameters *ret_parameters,
		     struct error *err)
{
	struct parameters parameters = { .backend = BACKEND_LOOP,
					 .enforce = true,
					 .provisioning_open = true };
	for (size_t i = 0; i < pairs->count; i++)
		if (read_one(&pairs->items[i], &parameters, err) < 0)
			return -1;
	if (check_together(&parameters, err) < 0)
		return -1;
	*ret_parameters = parameters;
	return 0;
}

void parameters_of_device(struct parameters *parameters)
{
	parameters->backend = BACKEND_LOOP;
	parameters->enforce = true;
}
