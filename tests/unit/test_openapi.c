// SPDX-License-Identifier: MPL-2.0
//
// The document against the code, in both directions: routes, fields, enums.
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#include "api/handlers.h"
#include "api/schemas.h"
#include "fake_control.h"
#include "model/metrics.h"

#define SELF "aaaaaa-aaaaaa-aaaaaa"

static json_t *document;

static int set_up(void **state)
{
    document = openapi_build();
    assert_non_null(document);
    return 0;
}

static int tear_down(void **state)
{
    json_decref(document);
    return 0;
}

static const json_t *get_operation(const char *pattern, const char *method)
{
    char name[8] = "";
    for (size_t i = 0; method[i] != '\0' && i < sizeof(name) - 1; i++)
        name[i] = (char)tolower((unsigned char)method[i]);
    return json_object_get(json_object_get(json_object_get(document, "paths"), pattern), name);
}

static void test_openapi_has_every_route(void **state)
{
    size_t count;
    const struct route *routes = routes_get(&count);
    for (size_t i = 0; i < count; i++) {
        const json_t *operation =
            get_operation(routes[i].pattern, request_method_name(routes[i].method));
        if (routes[i].operation_id == NULL) {
            assert_null(operation);
            continue;
        }
        assert_non_null(operation);
        assert_string_equal(json_string_value(json_object_get(operation, "operationId")),
                            routes[i].operation_id);
        char status[8];
        snprintf(status, sizeof(status), "%d", routes[i].status);
        assert_non_null(json_object_get(json_object_get(operation, "responses"), status));
        assert_int_equal(json_object_get(operation, "requestBody") != NULL,
                         routes[i].request_schema != NULL);
    }
}

static void test_openapi_has_nothing_but_routes(void **state)
{
    size_t count, internal = 0, operations = 0;
    const struct route *routes = routes_get(&count);
    for (size_t i = 0; i < count; i++)
        internal += routes[i].operation_id == NULL;
    const char *pattern, *method;
    json_t *item, *operation;
    json_object_foreach(json_object_get(document, "paths"), pattern, item)
    {
        json_object_foreach(item, method, operation) operations++;
    }
    assert_int_equal(operations, count - internal);
}

static void check_references(const json_t *node)
{
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_array(node)) {
        json_array_foreach(node, i, value) check_references(value);
        return;
    }
    json_object_foreach((json_t *)node, key, value)
    {
        if (strcmp(key, "$ref") != 0) {
            check_references(value);
            continue;
        }
        const char *ref = json_string_value(value);
        const char *name = strrchr(ref, '/') + 1;
        const json_t *components = json_object_get(document, "components");
        const char *kind = strncmp(ref, "#/components/schemas/", 21) == 0 ? "schemas" : "responses";
        if (json_object_get(json_object_get(components, kind), name) == NULL)
            fail_msg("%s leads nowhere", ref);
    }
}

static void test_openapi_references_lead_somewhere(void **state)
{
    check_references(document);
}

static void test_openapi_operation_ids_are_unique(void **state)
{
    size_t count;
    const struct route *routes = routes_get(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; routes[i].operation_id != NULL && j < i; j++) {
            if (routes[j].operation_id != NULL)
                assert_string_not_equal(routes[i].operation_id, routes[j].operation_id);
        }
    }
}

static const struct property *find_property(const struct schema *schema, const char *name)
{
    for (size_t i = 0; i < schema->property_count; i++) {
        if (strcmp(schema->properties[i].name, name) == 0)
            return &schema->properties[i];
    }
    return NULL;
}

static bool has_word(const char *words, const char *word)
{
    size_t size = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += size) {
        if ((at == words || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
            return true;
    }
    return false;
}

static void check_object(const json_t *object, const char *schema_name);

static void check_value(const json_t *value, const struct property *property)
{
    if (json_is_null(value)) {
        if ((property->flags & PROPERTY_NULLABLE) == 0)
            fail_msg("%s is null", property->name);
        return;
    }
    switch (property->type) {
    case PROPERTY_ENUM:
        if (!has_word(property->detail, json_string_value(value)))
            fail_msg("%s: %s is not in the document", property->name, json_string_value(value));
        break;
    case PROPERTY_STRING:
    case PROPERTY_UID:
    case PROPERTY_TIME:
        assert_true(json_is_string(value));
        break;
    case PROPERTY_NUMBER:
        assert_true(json_is_number(value));
        break;
    case PROPERTY_INTEGER:
        assert_true(json_is_integer(value));
        break;
    case PROPERTY_BOOLEAN:
        assert_true(json_is_boolean(value));
        break;
    case PROPERTY_OBJECT:
        check_object(value, property->detail);
        break;
    case PROPERTY_STRING_LIST:
    case PROPERTY_ENUM_LIST:
        assert_true(json_is_array(value));
        break;
    }
}

// Every field of the code is in the document, with its type.
static void check_object(const json_t *object, const char *schema_name)
{
    const struct schema *schema = schemas_find(schema_name);
    assert_non_null(schema);
    assert_true(json_is_object(object));
    if (schema->alternatives != NULL) {
        const char *type = json_string_value(json_object_get(object, "connection_type"));
        check_object(object,
                     strcmp(type, "endpoint") == 0 ? "EndpointConnection" : "ExternalConnection");
        return;
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        const struct property *property = find_property(schema, key);
        if (property == NULL)
            fail_msg("%s.%s is not in the document", schema_name, key);
        else
            check_value(value, property);
    }
    for (size_t i = 0; i < schema->property_count; i++) {
        if ((schema->properties[i].flags & PROPERTY_REQUIRED) != 0 &&
            json_object_get(object, schema->properties[i].name) == NULL)
            fail_msg("%s.%s is missing in the code", schema_name, schema->properties[i].name);
    }
}

// Every field of the document is in the code.
static void check_complete(const json_t *object, const char *schema_name)
{
    const struct schema *schema = schemas_find(schema_name);
    check_object(object, schema_name);
    for (size_t i = 0; i < schema->property_count; i++) {
        if (json_object_get(object, schema->properties[i].name) == NULL)
            fail_msg("%s.%s is not in the code", schema_name, schema->properties[i].name);
    }
}

static size_t count_words(const char *words)
{
    size_t count = 1;
    for (; *words != '\0'; words++)
        count += *words == ' ';
    return count;
}

static size_t count_enum(const char *schema, const char *property)
{
    return count_words(find_property(schemas_find(schema), property)->detail);
}

static void test_openapi_peer_is_what_the_model_writes(void **state)
{
    struct peer peer = {.uid = SELF, .rtt_ms = -1, .reason = {"refused", "the port is closed"}};
    for (unsigned i = PEER_SELF; i <= PEER_OFFLINE; i++) {
        peer.state = (enum peer_state)i;
        peer.trust = (enum role)i;
        json_t *body = peer_write(&peer);
        check_complete(body, "PeerSpec");
        json_decref(body);
    }
    assert_int_equal(count_enum("PeerSpec", "state"), PEER_OFFLINE + 1);
    assert_int_equal(count_enum("PeerSpec", "trust"), ROLE_ADMIN + 1);
}

static void test_openapi_endpoint_is_what_the_model_writes(void **state)
{
    struct endpoint endpoint = {.uid = SELF, .virtual.kind = VIRTUAL_TONE};
    for (unsigned i = 0; i <= DRIVER_NULL; i++) {
        endpoint.driver = (enum endpoint_driver)i;
        endpoint.type = (enum endpoint_type)(i % 2);
        endpoint.direction = (enum stream_direction)(i % 3);
        endpoint.state = (enum endpoint_state)(i % 4);
        json_t *body = endpoint_write(&endpoint, SELF);
        check_complete(body, "EndpointSpec");
        json_decref(body);
    }
    assert_int_equal(count_enum("EndpointSpec", "driver"), DRIVER_NULL + 1);
    assert_int_equal(count_enum("EndpointSpec", "endpoint_type"), ENDPOINT_STREAMING_DEVICE + 1);
    assert_int_equal(count_enum("EndpointSpec", "stream_direction"), DIRECTION_DUPLEX + 1);
    assert_int_equal(count_enum("EndpointSpec", "state"), ENDPOINT_FAILED + 1);
}

static void test_openapi_virtual_is_what_the_model_writes(void **state)
{
    json_t *all = json_object();
    for (unsigned i = VIRTUAL_SPEAKER; i <= VIRTUAL_NULL_SINK; i++) {
        struct endpoint endpoint = {.uid = SELF, .virtual.kind = (enum virtual_kind)i};
        json_t *body = endpoint_write(&endpoint, SELF);
        json_object_update(all, json_object_get(body, "virtual"));
        check_object(body, "EndpointSpec");
        json_decref(body);
    }
    check_complete(all, "VirtualSpec");
    json_decref(all);
    assert_int_equal(count_enum("VirtualSpec", "kind"), VIRTUAL_NULL_SINK);
}

static void test_openapi_stream_is_what_the_model_writes(void **state)
{
    struct stream stream = {.uid = SELF,
                            .owner_uid = SELF,
                            .created_at = "2020-01-01T00:00:00Z",
                            .destination.type = CONNECTION_EXTERNAL};
    memcpy(stream.source.endpoint.peer_uid, SELF, UID_SIZE);
    memcpy(stream.source.endpoint.uid, SELF, UID_SIZE);
    stream.source.endpoint.kind = RESOURCE_ENDPOINT;
    for (unsigned i = 0; i <= STREAM_FAILED; i++) {
        stream.state = (enum stream_state)i;
        stream.transport.profile = (enum transport_profile)(i % 4);
        stream.transport.fec_scheme = (enum transport_fec)(i % 2);
        json_t *body = stream_write(&stream);
        check_complete(body, "StreamSpec");
        check_complete(json_object_get(body, "transport"), "TransportSpec");
        check_complete(json_object_get(json_object_get(body, "transport"), "fec"), "FecSpec");
        check_complete(json_object_get(body, "source"), "EndpointConnection");
        check_complete(json_object_get(body, "destination"), "ExternalConnection");
        json_decref(body);
    }
    assert_int_equal(count_enum("StreamSpec", "state"), STREAM_FAILED + 1);
    assert_int_equal(count_enum("TransportSpec", "profile"), PROFILE_CUSTOM + 1);
}

static void test_openapi_metrics_are_what_the_model_writes(void **state)
{
    struct half_metrics sender = {0}, receiver = {.is_receiver = true};
    json_t *all = half_metrics_write(&sender);
    json_t *body = half_metrics_write(&receiver);
    json_object_update(all, body);
    check_complete(all, "HalfMetricsSpec");
    json_decref(body);
    json_decref(all);
}

static void test_openapi_error_is_what_the_model_writes(void **state)
{
    for (unsigned i = ERROR_INVALID_ARGS; i <= ERROR_PEER_TIMEOUT; i++) {
        struct api_error error = {.peer_uid = SELF};
        error_set(&error, (enum error_code)i, "volume", "too loud");
        memcpy(error.peer_uid, SELF, UID_SIZE);
        json_t *body = error_write(&error);
        check_complete(body, "ErrorSpec");
        json_decref(body);
    }
    assert_int_equal(count_enum("ErrorSpec", "error_code"), ERROR_PEER_TIMEOUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openapi_has_every_route),
        cmocka_unit_test(test_openapi_has_nothing_but_routes),
        cmocka_unit_test(test_openapi_references_lead_somewhere),
        cmocka_unit_test(test_openapi_operation_ids_are_unique),
        cmocka_unit_test(test_openapi_peer_is_what_the_model_writes),
        cmocka_unit_test(test_openapi_endpoint_is_what_the_model_writes),
        cmocka_unit_test(test_openapi_virtual_is_what_the_model_writes),
        cmocka_unit_test(test_openapi_stream_is_what_the_model_writes),
        cmocka_unit_test(test_openapi_metrics_are_what_the_model_writes),
        cmocka_unit_test(test_openapi_error_is_what_the_model_writes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
