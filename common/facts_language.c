/* SPDX-License-Identifier: Apache-2.0
 * ISO 639-2 and BCP 47. */
#include "common/facts_language.h"

/* ISO 639-2, both forms, to 639-1: "ukruk " says ukr is uk. */
static const char SHORTER[] =
    "aaraa abkab afraf akaak albsq amham araar argan armhy asmas avaav aveae aymay "
    "azeaz bakba bambm baqeu belbe benbn bihbh bisbi bodbo bosbs brebr bulbg burmy "
    "catca cescs chach chece chizh chucu chvcv corkw cosco crecr cymcy czecs danda "
    "deude divdv dutnl dzodz ellel engen epoeo estet euseu eweee faofo fasfa fijfj "
    "finfi frafr frefr fryfy fulff geoka gerde glagd glega glggl glvgv greel grngn "
    "gujgu hatht hauha hebhe herhz hinhi hmoho hrvhr hunhu hyehy iboig iceis idoio "
    "iiiii ikuiu ileie inaia indid ipkik islis itait javjv jpnja kalkl kankn kasks "
    "katka kaukr kazkk khmkm kikki kinrw kirky komkv konkg korko kuakj kurku laolo "
    "latla lavlv limli linln litlt ltzlb lublu luglg macmk mahmh malml maomi marmr "
    "mayms mkdmk mlgmg mltmt monmn mrimi msams myamy nauna navnv nblnr ndend ndong "
    "nepne nldnl nnonn nobnb norno nyany ocioc ojioj orior ormom ossos panpa perfa "
    "plipi polpl porpt pusps quequ rohrm ronro rumro runrn rusru sagsg sansa sinsi "
    "slksk slosk slvsl smese smosm snasn sndsd somso sotst spaes sqisq srdsc srpsr "
    "sswss sunsu swasw swesv tahty tamta tattt telte tgktg tgltl thath tibbo tirti "
    "tonto tsntn tsots tuktk turtr twitw uigug ukruk urdur uzbuz venve vievi volvo "
    "welcy wlnwa wolwo xhoxh yidyi yoryo zhaza zhozh zulzu ";

#define LONG_BYTES 3
#define SHORT_BYTES 2
#define PAIR_BYTES (LONG_BYTES + SHORT_BYTES + 1)

static bool
is_letter(char byte)
{
	return byte >= 'a' && byte <= 'z';
}

/* How many letters the code begins with; 0: it is none. */
static uint32_t
count_letters(const char *code, uint32_t length)
{
	uint32_t letters = 0;

	while (letters < length && is_letter(code[letters]))
		letters++;
	if (letters < SHORT_BYTES || letters > LONG_BYTES ||
	    (letters < length && code[letters] != '-'))
		return 0;
	for (uint32_t i = letters; i < length; i++)
		if (code[i] != '-' && !is_letter(code[i]) &&
		    !(code[i] >= '0' && code[i] <= '9'))
			return 0;
	return letters;
}

struct text
facts_language(char *code, uint32_t length)
{
	uint32_t letters = count_letters(code, length);

	if (letters == 0)
		return TEXT_ABSENT;
	for (const char *pair = SHORTER; letters == LONG_BYTES && *pair != '\0';
	     pair += PAIR_BYTES)
		if (memcmp(pair, code, LONG_BYTES) == 0) {
			memcpy(code + 1, pair + LONG_BYTES, SHORT_BYTES);
			return (struct text){ code + 1, length - 1 };
		}
	return (struct text){ code, length };
}
