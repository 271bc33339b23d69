// SPDX-License-Identifier: MPL-2.0
//
// The OpenAPI 3.1 document, made from the table of routes and the tables of schemas.
#include <stdio.h>
#include <string.h>

#include "api/handlers.h"
#include "api/schemas.h"

#define REF_SIZE 64

static json_t *write_ref(const char *schema)
{
    char ref[REF_SIZE];
    snprintf(ref, sizeof(ref), "#/components/schemas/%s", schema);
    return json_pack("{s:s}", "$ref", ref);
}

// Adds the words of a list that is separated by spaces.
static json_t *write_words(const char *words)
{
    json_t *list = json_array();
    while (list != NULL && *words != '\0') {
        size_t size = strcspn(words, " ");
        json_array_append_new(list, json_stringn(words, size));
        words += size;
        words += strspn(words, " ");
    }
    return list;
}

static json_t *write_reference(const struct property *property)
{
    if ((property->flags & PROPERTY_NULLABLE) == 0)
        return json_pack("{s:[o]}", "allOf", write_ref(property->detail));
    return json_pack("{s:[o, {s:s}]}", "oneOf", write_ref(property->detail), "type", "null");
}

static json_t *write_type(const struct property *property)
{
    switch (property->type) {
    case PROPERTY_UID:
        return json_pack("{s:s, s:s}", "type", "string", "pattern",
                         "^[a-z0-9]{6}-[a-z0-9]{6}-[a-z0-9]{6}$");
    case PROPERTY_TIME:
        return json_pack("{s:s, s:s}", "type", "string", "format", "date-time");
    case PROPERTY_NUMBER:
        return json_pack("{s:s}", "type", "number");
    case PROPERTY_INTEGER:
        return json_pack("{s:s}", "type", "integer");
    case PROPERTY_BOOLEAN:
        return json_pack("{s:s}", "type", "boolean");
    case PROPERTY_ENUM:
        return json_pack("{s:s, s:o}", "type", "string", "enum", write_words(property->detail));
    case PROPERTY_OBJECT:
        return write_reference(property);
    case PROPERTY_STRING_LIST:
        return json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type", "string");
    case PROPERTY_ENUM_LIST:
        return json_pack("{s:s, s:{s:s, s:o}}", "type", "array", "items", "type", "string", "enum",
                         write_words(property->detail));
    case PROPERTY_STRING:
        break;
    }
    return json_pack("{s:s}", "type", "string");
}

static json_t *write_property(const struct property *property)
{
    json_t *out = write_type(property);
    if ((property->flags & PROPERTY_NULLABLE) != 0 && property->type != PROPERTY_OBJECT)
        json_object_set_new(out, "type",
                            json_pack("[o, s]", json_incref(json_object_get(out, "type")), "null"));
    if ((property->flags & PROPERTY_READ_ONLY) != 0)
        json_object_set_new(out, "readOnly", json_true());
    if (property->description != NULL)
        json_object_set_new(out, "description", json_string(property->description));
    if (property->minimum < property->maximum) {
        json_object_set_new(out, "minimum", json_real(property->minimum));
        json_object_set_new(out, "maximum", json_real(property->maximum));
    }
    return out;
}

static json_t *write_alternatives(const struct schema *schema)
{
    json_t *names = write_words(schema->alternatives);
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(names); i++)
        json_array_append_new(list, write_ref(json_string_value(json_array_get(names, i))));
    json_decref(names);
    return list;
}

// What a PATCH takes is what can be written, and nothing of it must be there.
static json_t *write_schema(const struct schema *schema, bool is_patch)
{
    if (schema->alternatives != NULL)
        return json_pack("{s:s, s:o}", "description", schema->description, "oneOf",
                         write_alternatives(schema));
    json_t *properties = json_object();
    json_t *required = json_array();
    for (size_t i = 0; i < schema->property_count; i++) {
        const struct property *property = &schema->properties[i];
        if (is_patch && (property->flags & PROPERTY_READ_ONLY) != 0)
            continue;
        json_object_set_new(properties, property->name, write_property(property));
        if (!is_patch && (property->flags & PROPERTY_REQUIRED) != 0)
            json_array_append_new(required, json_string(property->name));
    }
    return json_pack("{s:s, s:s, s:o, s:o}", "type", "object", "description", schema->description,
                     "properties", properties, "required", required);
}

static void write_patch_name(char out[32], const char *schema)
{
    snprintf(out, 32, "%sPatch", schema);
}

static json_t *write_schemas(void)
{
    size_t count;
    const struct schema *schemas = schemas_get(&count);
    json_t *out = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(out, schemas[i].name, write_schema(&schemas[i], false));

    const struct route *routes = routes_get(&count);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        if (routes[i].method != METHOD_PATCH)
            continue;
        write_patch_name(name, routes[i].request_schema);
        json_object_set_new(out, name, write_schema(schemas_find(routes[i].request_schema), true));
    }
    return out;
}

static json_t *write_request_body(const struct route *route)
{
    char patch[32];
    const char *schema = route->request_schema;
    if (route->method == METHOD_PATCH) {
        write_patch_name(patch, schema);
        schema = patch;
    }
    return json_pack("{s:b, s:{s:{s:o}}}", "required", route->method != METHOD_PUT, "content",
                     "application/json", "schema", write_ref(schema));
}

static json_t *write_headers(const struct route *route)
{
    json_t *headers = json_object();
    if (route->status == 201)
        json_object_set_new(headers, "Location",
                            json_pack("{s:s, s:{s:s}}", "description", "Path of the new resource",
                                      "schema", "type", "string"));
    if (route->method != METHOD_POST && !route->is_list && strchr(route->pattern, '}') != NULL &&
        route->pattern[strlen(route->pattern) - 1] == '}')
        json_object_set_new(headers, "ETag",
                            json_pack("{s:s, s:{s:s}}", "description",
                                      "Tag of these settings, for If-Match", "schema", "type",
                                      "string"));
    return headers;
}

static json_t *write_success(const struct route *route)
{
    if (route->handler == service_events)
        return json_pack("{s:s, s:{s:{s:{s:s}}}}", "description", "A stream that does not end",
                         "content", "text/event-stream", "schema", "type", "string");
    if (route->response_schema == NULL)
        return json_pack("{s:s}", "description", "Done");
    json_t *schema = write_ref(route->response_schema);
    if (route->is_list)
        schema = json_pack("{s:s, s:o}", "type", "array", "items", schema);
    return json_pack("{s:s, s:o, s:{s:{s:o}}}", "description", "Success", "headers",
                     write_headers(route), "content", "application/json", "schema", schema);
}

static json_t *write_responses(const struct route *route)
{
    char status[8];
    snprintf(status, sizeof(status), "%d", route->status);
    return json_pack("{s:o, s:{s:s}}", status, write_success(route), "default", "$ref",
                     "#/components/responses/Error");
}

static json_t *write_parameter(const char *place, const char *name, const char *description)
{
    return json_pack("{s:s, s:s, s:b, s:s, s:{s:s}}", "name", name, "in", place, "required",
                     strcmp(place, "path") == 0, "description", description, "schema", "type",
                     "string");
}

static void add_path_parameters(json_t *list, const char *pattern)
{
    while ((pattern = strchr(pattern, '{')) != NULL) {
        char name[32];
        size_t size = strcspn(++pattern, "}");
        snprintf(name, sizeof(name), "%.*s", (int)size, pattern);
        json_array_append_new(
            list,
            write_parameter("path", name,
                            strcmp(name, "peer_uid") == 0 ? "UID of the peer, or `self`" : "UID"));
    }
}

static json_t *write_parameters(const struct route *route)
{
    json_t *list = json_array();
    add_path_parameters(list, route->pattern);
    if (route->handler == service_events) {
        json_array_append_new(list, write_parameter("query", "types",
                                                    "Event names or families, separated by commas: "
                                                    "`stream_*,peer_added`. Without it: all"));
        json_array_append_new(
            list, write_parameter("query", "since", "Id of the last event that was seen"));
        json_array_append_new(list, write_parameter("header", "Last-Event-ID", "The same"));
    }
    if (strchr(route->pattern, '{') != NULL && route->method != METHOD_GET &&
        route->method != METHOD_POST)
        json_array_append_new(list, write_parameter("header", "If-Match",
                                                    "Refuse (412) when the ETag is another one"));
    return list;
}

static json_t *write_operation(const struct route *route)
{
    json_t *operation =
        json_pack("{s:s, s:[s], s:s, s:o, s:o, s:s}", "operationId", route->operation_id, "tags",
                  route->tag, "summary", route->summary, "parameters", write_parameters(route),
                  "responses", write_responses(route), "x-required-role", role_name(route->role));
    if (route->request_schema != NULL)
        json_object_set_new(operation, "requestBody", write_request_body(route));
    return operation;
}

static void write_method(char out[8], enum request_method method)
{
    const char *name = request_method_name(method);
    size_t i = 0;
    for (; name[i] != '\0' && i < 7; i++)
        out[i] = (char)(name[i] | 0x20);
    out[i] = '\0';
}

static json_t *write_paths(void)
{
    size_t count;
    const struct route *routes = routes_get(&count);
    json_t *paths = json_object();
    for (size_t i = 0; i < count; i++) {
        char method[8];
        if (routes[i].operation_id == NULL)
            continue;
        json_t *item = json_object_get(paths, routes[i].pattern);
        if (item == NULL) {
            item = json_object();
            json_object_set_new(paths, routes[i].pattern, item);
        }
        write_method(method, routes[i].method);
        json_object_set_new(item, method, write_operation(&routes[i]));
    }
    return paths;
}

json_t *openapi_build(void)
{
    json_t *error =
        json_pack("{s:s, s:{s:{s:o}}}", "description", "Not carried out; nothing was changed",
                  "content", "application/json", "schema", write_ref("ErrorSpec"));
    return json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:o, s:{s:o, s:{s:o}}}", "openapi",
                     "3.1.0", "info", "title", "rocd", "version", ROCD_VERSION, "description",
                     "Audio devices and streams of a network of peers.", "license", "name",
                     "MPL-2.0", "identifier", "MPL-2.0", "paths", write_paths(), "components",
                     "schemas", write_schemas(), "responses", "Error", error);
}
