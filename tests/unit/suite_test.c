/* SPDX-License-Identifier: Apache-2.0
 * The msgpack suite (kawanet/msgpack-test-suite): every encoding of every value. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <jansson.h>
#include <msgpack.h>
#include <stdio.h>

#include "proto/wire.h"
#include "tests/unit/sample.h"

/* Checks an exact heap copy. */
static bool
passes_any(const void *bytes, size_t length)
{
	void *copy = exact_copy(bytes, length);
	bool is_ok = wire_check_any(copy, length) == STATUS_OK;

	free(copy);
	return is_ok;
}

static bool
number_is(const msgpack_object *object, const json_t *json)
{
	double number = json_number_value(json);

	if (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
		return json_is_integer(json) && json_integer_value(json) >= 0 &&
		       object->via.u64 == (uint64_t)json_integer_value(json);
	if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
		return json_is_integer(json) &&
		       object->via.i64 == json_integer_value(json);
	return (object->type == MSGPACK_OBJECT_FLOAT32 ||
	           object->type == MSGPACK_OBJECT_FLOAT64) &&
	       !(object->via.f64 < number) && !(object->via.f64 > number);
}

static bool
bignum_is(const msgpack_object *object, const char *digits)
{
	if (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
		return object->via.u64 == strtoull(digits, NULL, 10);
	if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
		return object->via.i64 == strtoll(digits, NULL, 10);
	return (object->type == MSGPACK_OBJECT_FLOAT32 ||
	           object->type == MSGPACK_OBJECT_FLOAT64) &&
	       !(object->via.f64 < strtod(digits, NULL)) &&
	       !(object->via.f64 > strtod(digits, NULL));
}

static bool
run_is(const char *at, size_t length, const void *expected, size_t expected_length)
{
	return length == expected_length &&
	       (length == 0 || memcmp(at, expected, length) == 0);
}

static bool value_is(const msgpack_object *object, const json_t *json);

static bool
array_is(const msgpack_object *object, const json_t *json)
{
	if (object->type != MSGPACK_OBJECT_ARRAY ||
	    object->via.array.size != json_array_size(json))
		return false;
	for (uint32_t i = 0; i < object->via.array.size; i++)
		if (!value_is(&object->via.array.ptr[i], json_array_get(json, i)))
			return false;
	return true;
}

static bool
map_is(const msgpack_object *object, const json_t *json)
{
	char key[64];

	if (object->type != MSGPACK_OBJECT_MAP ||
	    object->via.map.size != json_object_size(json))
		return false;
	for (uint32_t i = 0; i < object->via.map.size; i++) {
		const msgpack_object_kv *pair = &object->via.map.ptr[i];
		struct text name = { pair->key.via.str.ptr, pair->key.via.str.size };

		if (pair->key.type != MSGPACK_OBJECT_STR ||
		    !text_copy(name, key, sizeof key) ||
		    !value_is(&pair->val, json_object_get(json, key)))
			return false;
	}
	return true;
}

static bool
value_is(const msgpack_object *object, const json_t *json)
{
	if (json_is_null(json))
		return object->type == MSGPACK_OBJECT_NIL;
	if (json_is_boolean(json))
		return object->type == MSGPACK_OBJECT_BOOLEAN &&
		       object->via.boolean == json_is_true(json);
	if (json_is_number(json))
		return number_is(object, json);
	if (json_is_string(json))
		return object->type == MSGPACK_OBJECT_STR &&
		       run_is(object->via.str.ptr, object->via.str.size,
		           json_string_value(json), json_string_length(json));
	return json_is_array(json) ? array_is(object, json) : map_is(object, json);
}

static bool
binary_is(const msgpack_object *object, const char *hex)
{
	uint8_t bytes[64];
	size_t length = unhex(hex, bytes, sizeof bytes);

	return object->type == MSGPACK_OBJECT_BIN &&
	       run_is(object->via.bin.ptr, object->via.bin.size, bytes, length);
}

static bool
extension_is(const msgpack_object *object, const json_t *json)
{
	uint8_t bytes[64];
	size_t length =
	    unhex(json_string_value(json_array_get(json, 1)), bytes, sizeof bytes);

	return object->type == MSGPACK_OBJECT_EXT &&
	       object->via.ext.type == json_integer_value(json_array_get(json, 0)) &&
	       run_is(object->via.ext.ptr, object->via.ext.size, bytes, length);
}

static bool
timestamp_is(const msgpack_object *object, const json_t *json)
{
	msgpack_timestamp stamp;

	return msgpack_object_to_timestamp(object, &stamp) &&
	       stamp.tv_sec == json_integer_value(json_array_get(json, 0)) &&
	       stamp.tv_nsec == json_integer_value(json_array_get(json, 1));
}

/* What the suite says of one value: {"number": 1, "msgpack": [...]}. */
static bool
is_as_stated(const msgpack_object *object, const json_t *entry)
{
	const json_t *json;

	if ((json = json_object_get(entry, "bignum")) != NULL)
		return bignum_is(object, json_string_value(json));
	if ((json = json_object_get(entry, "binary")) != NULL)
		return binary_is(object, json_string_value(json));
	if ((json = json_object_get(entry, "ext")) != NULL)
		return extension_is(object, json);
	if ((json = json_object_get(entry, "timestamp")) != NULL)
		return timestamp_is(object, json);
	for (const char *const *name = (const char *const[]){ "nil", "bool", "number",
	         "string", "array", "map", NULL };
	     *name != NULL; name++)
		if ((json = json_object_get(entry, *name)) != NULL)
			return value_is(object, json);
	return false;
}

static void
check_encoding(const char *hex, const json_t *entry)
{
	uint8_t bytes[1024];
	size_t length = unhex(hex, bytes, sizeof bytes), end = 0;
	msgpack_zone *zone = msgpack_zone_new(4096);
	msgpack_object object;

	assert_true(passes_any(bytes, length));
	assert_false(passes_any(bytes, length - 1));
	assert_int_equal(msgpack_unpack((char *)bytes, length, &end, zone, &object),
	    MSGPACK_UNPACK_SUCCESS);
	assert_int_equal(end, length);
	assert_true(is_as_stated(&object, entry));
	msgpack_zone_free(zone);
}

static void
the_msgpack_suite_reads_as_it_states(void **state)
{
	const char *data = getenv("REFERRAL_DATA");
	unsigned encodings = 0;
	char path[512];
	const char *file;
	json_t *suite, *entries, *entry, *hex;
	size_t i, j;

	(void)state;
	snprintf(path, sizeof path, "%s/suite-msgpack/dist/msgpack-test-suite.json",
	    data != NULL ? data : "../shared/data");
	suite = json_load_file(path, 0, NULL);
	if (suite == NULL) {
		print_message("REFERRAL_DATA has no %s\n", path);
		skip();
	}
	json_object_foreach(suite, file, entries) json_array_foreach(entries, i, entry)
	    json_array_foreach(json_object_get(entry, "msgpack"), j, hex)
	{
		check_encoding(json_string_value(hex), entry);
		encodings++;
	}
	assert_int_equal(encodings, 233);
	json_decref(suite);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_msgpack_suite_reads_as_it_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
