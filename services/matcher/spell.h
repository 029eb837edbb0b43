/* SPDX-License-Identifier: Apache-2.0
 * Folded words by letter, by sound and without their ending.  Pure. */
#ifndef MATCHER_SPELL_H
#define MATCHER_SPELL_H

#include "proto/text.h"

/* Bytes of a folded word that count: as many as a question has (messages.def). */
#define SPELL_WORD_MAX 200
/* Sounds of a word that count. */
#define SPELL_SOUNDS_MAX 40

/* A folded word with one byte for each character, so that equal words are equal and a
 * beginning is a beginning; characters beyond Latin, Cyrillic and Arabic may share a byte.
 * Returns how many. */
uint32_t spell_letters(struct text word, uint8_t letters[SPELL_WORD_MAX]);

/* How a folded word sounds, roughly and alike for Latin and Cyrillic: Київ, Киев, Kyiv and
 * Kiev are one, so are притулок, prytulok and pritulok.  It joins KMU resolution 55 (2010),
 * the usual Russian schemes (zh, kh, ts, ch, sh, shch, yu, ya) and what speakers of both
 * languages hear: е э є ё и ы і ї й e i j y are one sound, silent before a, o and u; г ґ х g h
 * kh are one; в v w are one; з ж z zh are one; тс ц ts tz are one; doubled sounds are single.  Other scripts keep
 * their letters.  Returns how many. */
uint32_t spell_sounds(struct text word, uint8_t sounds[SPELL_SOUNDS_MAX]);

/* Bytes of a folded word without its ending: the longest of those that Ukrainian, Russian
 * and English words take (spell.c lists them), where at least 2 characters stay, of English
 * ones 3; all of them else. */
uint32_t spell_stem(struct text word);

/* The sounds of a stem with the other of two vowels that Ukrainian changes when a syllable closes:
 * набір, набору; ніч, ночі.  Returns how many, 0 where no such vowel stands before its last
 * consonants. */
uint32_t spell_alternate(struct text sounds, uint8_t other[SPELL_SOUNDS_MAX]);

/* Characters of a folded word. */
uint32_t spell_count(struct text word);

/* What was meant by text typed with the keyboard switched to the other language (ghbnekjr is
 * притулок).  Returns bytes written, at most 2 for each of the text's; what does not fit is
 * left out. */
size_t spell_switch(struct text typed, char *buffer, size_t size);

#endif
