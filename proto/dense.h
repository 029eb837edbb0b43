/* SPDX-License-Identifier: Apache-2.0
 * Numbers, figures and texts in few bytes, behind each other and without names. */
#ifndef PROTO_DENSE_H
#define PROTO_DENSE_H

#include "proto/text.h"

/* Longest text. */
#define DENSE_TEXT_BYTES 64

struct dense_sink {
	uint8_t *at;
	size_t left;
	bool is_refused; /* it is too small, or cannot hold something at all */
};

void dense_put_byte(struct dense_sink *sink, unsigned byte);
/* Seven bits a byte, lowest first; the eighth says that more follow. */
void dense_put_number(struct dense_sink *sink, uint32_t number);
/* The number after it; 0 for UINT_ABSENT. */
void dense_put_optional(struct dense_sink *sink, uint32_t number);
/* To the bit.  What is whole in thousandths is a number: one byte for up to 15 of its last place,
 * two for up to 2,047; another one takes nine.  NAN is absent. */
void dense_put_figure(struct dense_sink *sink, double figure);
/* Its length, then its bytes, with a UUID in small letters as NUL and sixteen bytes; absent is
 * empty.  Refused: one that is longer, or no UTF-8. */
void dense_put_text(struct dense_sink *sink, struct text text);

struct dense_source {
	const uint8_t *at;
	size_t left;
	bool is_damaged; /* what was read has no meaning */
};

uint8_t dense_get_byte(struct dense_source *source);
uint32_t dense_get_number(struct dense_source *source);
uint32_t dense_get_optional(struct dense_source *source);
double dense_get_figure(struct dense_source *source);
/* Any bytes where the writer put such ones; written to `text`, into which the answer points. */
struct text dense_get_text(struct dense_source *source, char text[DENSE_TEXT_BYTES]);

#endif
