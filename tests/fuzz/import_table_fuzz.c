/* SPDX-License-Identifier: Apache-2.0
 * Any bytes are a table that reads to the end: every row is good or has a reason, lines only
 * go up, cells are UTF-8 that says something, and a second reading gives the same. */
#include <stdlib.h>

#include "deploy/referralctl/import_table.h"
#include "deploy/referralctl/import_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void
must(bool is_true)
{
	if (!is_true)
		abort();
}

static void
read_all(
    const char *bytes, size_t length, const char *encoding, struct import_buffer *all)
{
	struct import_report report = { 0 };
	struct import_table *table;
	struct import_table_row row;
	const char *why;
	uint64_t line = 0;
	uint64_t number = 0;
	enum status status;

	status = import_table_open(&table, bytes, length, encoding, &report, &why);
	must(status == STATUS_OK || (status == STATUS_UNSUPPORTED && why != NULL));
	if (status != STATUS_OK) {
		import_report_free(&report);
		return;
	}
	while (import_table_next(table, &row) == STATUS_OK) {
		must(row.where.line > line && row.where.row == ++number);
		line = row.where.line;
		must((row.cells != NULL) == (row.reason == IMPORT_FINE));
		must(row.cells != NULL || import_reason_is_quarantine(row.reason));
		if (row.cells != NULL)
			import_write(all, row.cells);
	}
	import_table_close(table);
	import_report_free(&report);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char *const ENCODINGS[] = { NULL, "UTF-16LE", "WINDOWS-1251" };

	for (size_t i = 0; i < sizeof ENCODINGS / sizeof *ENCODINGS; i++) {
		struct import_buffer all[2] = { { 0 } };

		read_all((const char *)bytes, length, ENCODINGS[i], &all[0]);
		read_all((const char *)bytes, length, ENCODINGS[i], &all[1]);
		must(all[0].length == all[1].length &&
		     (all[0].length == 0 ||
		         memcmp(all[0].bytes, all[1].bytes, all[0].length) == 0));
		free(all[0].bytes);
		free(all[1].bytes);
	}
	return 0;
}
