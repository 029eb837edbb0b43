/* SPDX-License-Identifier: Apache-2.0
 * replay FILE...: a fuzz target over inputs that were kept, with any compiler. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Into memory of exactly its size, so that one byte more is seen; NULL: said why. */
static uint8_t *
read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long length = -1;

	if (file != NULL && fseek(file, 0, SEEK_END) == 0)
		length = ftell(file);
	if (length >= 0 && (bytes = malloc((size_t)length)) != NULL) {
		rewind(file);
		*size = fread(bytes, 1, (size_t)length, file);
	}
	if (bytes == NULL || *size != (size_t)length)
		perror(path);
	if (file != NULL)
		(void)fclose(file);
	return bytes;
}

int
main(int argc, char **argv)
{
	static const uint8_t nothing[1];

	LLVMFuzzerTestOneInput(nothing, 0);
	for (int i = 1; i < argc; i++) {
		size_t size = 0;
		uint8_t *bytes = read_whole(argv[i], &size);

		if (bytes == NULL)
			return EXIT_FAILURE;
		fprintf(stderr, "%s\n",
		    argv[i]); /* the last one named is the one that broke */
		LLVMFuzzerTestOneInput(bytes, size);
		free(bytes);
	}
	printf("ok %d inputs\n", argc - 1);
	return EXIT_SUCCESS;
}
