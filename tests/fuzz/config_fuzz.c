/* SPDX-License-Identifier: Apache-2.0
 * Any bytes as a settings file and as environment: what is taken prints and reads back to
 * the same values, and what is refused says why. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static enum status
read_bytes(struct config *config, const void *bytes, size_t size, size_t *problem_bytes)
{
	FILE *file = fmemopen((void *)(uintptr_t)bytes, size, "r");
	char *problems = NULL;
	FILE *out = open_memstream(&problems, problem_bytes);
	enum status status;

	if (file == NULL || out == NULL)
		abort();
	config_defaults(config);
	status = config_read(config, file, "fuzz", out);
	fclose(file);
	fclose(out);
	free(problems);
	return status;
}

/* Also after problems, for the good keys are set then. */
static void
check_read_back(const struct config *config)
{
	static struct config back;
	char *printed = NULL;
	size_t size;
	size_t problem_bytes;
	FILE *out = open_memstream(&printed, &size);

	config_print(config, out);
	fclose(out);
	if (read_bytes(&back, printed, size, &problem_bytes) != STATUS_OK ||
	    memcmp(config, &back, sizeof back) != 0)
		abort();
	free(printed);
}

/* The lines as environment variables. */
static void
read_as_environment(const uint8_t *bytes, size_t size, struct config *config)
{
	char *copy = malloc(size + 1);
	char *variables[65] = { NULL };
	char *rest = copy;
	FILE *out = fopen("/dev/null", "w");

	memcpy(copy, bytes, size);
	copy[size] = '\0';
	for (int i = 0; i < 64; i++)
		variables[i] = strsep(&rest, "\n");
	config_defaults(config);
	if (config_read_environment(config, variables, out) != STATUS_OK &&
	    memmem(bytes, size, "HEARTHLINE_", 11) == NULL)
		abort();
	fclose(out);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct config config;
	size_t problem_bytes;
	enum status status;

	if (size == 0)
		return 0;
	status = read_bytes(&config, bytes, size, &problem_bytes);
	if ((status == STATUS_OK) != (problem_bytes == 0))
		abort();
	check_read_back(&config);
	read_as_environment(bytes, size, &config);
	check_read_back(&config);
	return 0;
}
