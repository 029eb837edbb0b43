/* SPDX-License-Identifier: Apache-2.0
 * Reads where the Redis of a state directory is. */
#include "deploy/referralctl/reach.h"

#include <stdio.h>
#include <unistd.h>

/* Names in settings are relative to the state directory. */
static void
join(char *path, size_t size, const char *dir, const char *name)
{
	if (name[0] == '/' || strcmp(dir, ".") == 0)
		(void)snprintf(path, size, "%s", name);
	else
		(void)snprintf(path, size, "%s/%s", dir, name);
}

bool
reach_find(struct reach *reach, const char *dir, struct store_options *options)
{
	const struct config *config = &reach->config;
	char path[4096];

	*reach = (struct reach){ 0 };
	join(reach->socket_path, sizeof reach->socket_path, dir, REACH_SOCKET);
	options->socket_path = reach->socket_path;
	join(path, sizeof path, dir, REACH_FILE);
	if (access(path, F_OK) != 0)
		return true;
	reach->is_elsewhere = true;
	if (config_load(&reach->config, path, stderr) != STATUS_OK)
		return false;
	join(path, sizeof path, dir, config->redis_password);
	if (config->redis_password[0] != '\0' && !store_password(path, reach->password)) {
		fprintf(stderr, "referralctl: cannot read the password in %s\n", path);
		return false;
	}
	join(reach->socket_path, sizeof reach->socket_path, dir, config->redis_socket);
	options->password = reach->password;
	options->sentinels = config->redis_sentinels;
	options->primary = config->redis_primary;
	options->replicas = (unsigned)config->redis_replicas;
	return true;
}
