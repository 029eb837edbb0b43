/* SPDX-License-Identifier: Apache-2.0
 * What a package's datapackage.json says of its files. */
#ifndef REFERRALCTL_IMPORT_RESOURCES_H
#define REFERRALCTL_IMPORT_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>

struct import_resources;

/* The datapackage.json of a folder; NULL: there is none that can be read, and the names of
 * the files say what they are. */
struct import_resources *import_resources_open(const char *folder);
void import_resources_close(struct import_resources *resources);

/* The name of the table that a file is: "service" for "list.csv"; NULL: it is not said. */
const char *import_resources_name(
    const struct import_resources *resources, const char *file);
/* The n-th file within a folder of the package; NULL: there are no more.  What points out of
 * the package is none of its files. */
const char *import_resources_nested(const struct import_resources *resources, size_t n);

#endif
