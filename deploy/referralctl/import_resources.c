/* SPDX-License-Identifier: Apache-2.0
 * Reads names and paths of resources. */
#include "deploy/referralctl/import_resources.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#define PATH_BYTES 4200

struct import_resources *
import_resources_open(const char *folder)
{
	char path[PATH_BYTES];
	json_t *package;

	snprintf(path, sizeof path, "%s/datapackage.json", folder);
	package = json_load_file(path, 0, NULL);
	if (!json_is_array(json_object_get(package, "resources"))) {
		json_decref(package);
		return NULL;
	}
	return (struct import_resources *)package;
}

void
import_resources_close(struct import_resources *resources)
{
	json_decref((json_t *)resources);
}

static const json_t *
list_of(const struct import_resources *resources)
{
	return json_object_get((const json_t *)resources, "resources");
}

/* A path may be a list of one; several are pieces of a file. */
static const char *
path_of(const json_t *resource)
{
	const json_t *path = json_object_get(resource, "path");
	const char *text;

	if (json_array_size(path) == 1)
		path = json_array_get(path, 0);
	text = json_string_value(path);
	return text != NULL && strncmp(text, "./", 2) == 0 ? text + 2 : text;
}

const char *
import_resources_name(const struct import_resources *resources, const char *file)
{
	size_t index;
	const json_t *resource;

	json_array_foreach((json_t *)list_of(resources), index, resource)
	{
		const char *path = path_of(resource);

		if (path != NULL && strcmp(path, file) == 0)
			return json_string_value(json_object_get(resource, "name"));
	}
	return NULL;
}

static bool
is_nested(const char *path)
{
	return path != NULL && strchr(path, '/') != NULL && path[0] != '/' &&
	       strstr(path, "..") == NULL && strstr(path, "://") == NULL;
}

const char *
import_resources_nested(const struct import_resources *resources, size_t n)
{
	size_t index;
	const json_t *resource;

	json_array_foreach((json_t *)list_of(resources), index, resource)
	{
		const char *path = path_of(resource);

		if (is_nested(path) && n-- == 0)
			return path;
	}
	return NULL;
}
