// SPDX-License-Identifier: MPL-2.0
#include "control/half_message.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_LEASE_MS 10000

static int set_new(json_t *object, const char *name, json_t *value)
{
    return value ? json_object_set_new(object, name, value) : -1;
}

json_t *half_request_write(const struct half_request *request, const char *peer_uid)
{
    char uri[URI_SIZE];
    uri_endpoint(uri, peer_uid, request->endpoint_uid);
    json_t *body =
        json_pack("{s:s, s:s, s:f, s:b, s:i}", "role", request->is_receiver ? "receiver" : "sender",
                  "endpoint_uri", uri, "volume", request->volume, "muted", (int)request->muted,
                  "lease_ms", (int)request->lease_ms);
    if (!body || set_new(body, "transport", transport_write(&request->transport)) != 0)
        goto fail;
    if (!request->is_receiver &&
        set_new(body, "address", media_address_write(&request->address)) != 0)
        goto fail;
    return body;

fail:
    json_decref(body);
    return NULL;
}

static int parse_role(struct half_request *request, const json_t *body, struct api_error *error)
{
    const char *role = json_string_value(json_object_get(body, "role"));
    if (!role || (strcmp(role, "receiver") != 0 && strcmp(role, "sender") != 0))
        return error_set(error, ERROR_INVALID_ARGS, "role",
                         "The role of a half is \"receiver\" or \"sender\".");
    request->is_receiver = strcmp(role, "receiver") == 0;
    return 0;
}

static int parse_endpoint(struct half_request *request, const json_t *body, const char *self_uid,
                          struct api_error *error)
{
    const char *text = json_string_value(json_object_get(body, "endpoint_uri"));
    struct resource_uri uri;
    if (!text || uri_parse(&uri, text, self_uid) != 0 || uri.kind != RESOURCE_ENDPOINT)
        return error_set(error, ERROR_INVALID_ARGS, "endpoint_uri",
                         "endpoint_uri must name an endpoint: /peers/PEER/endpoints/ENDPOINT.");
    if (strcmp(uri.peer_uid, self_uid) != 0)
        return error_set(error, ERROR_UNSATISFIABLE, "endpoint_uri",
                         "%.80s is not an endpoint of this peer.", text);
    snprintf(request->endpoint_uid, sizeof(request->endpoint_uid), "%s", uri.uid);
    return 0;
}

static int parse_gain(struct half_request *request, const json_t *body, struct api_error *error)
{
    const json_t *volume = json_object_get(body, "volume");
    const json_t *muted = json_object_get(body, "muted");
    request->volume = volume ? json_number_value(volume) : 1;
    request->muted = json_is_true(muted);
    // Written so that what is not a number fails, too.
    if ((volume && !json_is_number(volume)) || !(request->volume >= 0 && request->volume <= 1))
        return error_set(error, ERROR_INVALID_ARGS, "volume", "volume must be from 0 to 1.");
    if (muted && !json_is_boolean(muted))
        return error_set(error, ERROR_INVALID_ARGS, "muted", "muted must be true or false.");
    return 0;
}

static int parse_lease(struct half_request *request, const json_t *body, struct api_error *error)
{
    const json_t *lease = json_object_get(body, "lease_ms");
    json_int_t value = lease ? json_integer_value(lease) : DEFAULT_LEASE_MS;
    if ((lease && !json_is_integer(lease)) || value < LEASE_MIN_MS || value > LEASE_MAX_MS)
        return error_set(error, ERROR_INVALID_ARGS, "lease_ms", "lease_ms must be from %d to %d.",
                         LEASE_MIN_MS, LEASE_MAX_MS);
    request->lease_ms = (unsigned)value;
    return 0;
}

static int parse_address(struct half_request *request, const json_t *body, struct api_error *error)
{
    if (request->is_receiver)
        return 0;
    const json_t *address = json_object_get(body, "address");
    if (!json_is_object(address))
        return error_set(error, ERROR_INVALID_ARGS, "address",
                         "A sender needs the address of its receiver.");
    if (media_address_parse(&request->address, address, error) != 0)
        return -1;
    if (request->address.media_uri[0] == '\0' || !media_address_has_port(&request->address))
        return error_set(error, ERROR_INVALID_ARGS, "address",
                         "The address of the receiver has no media URI, or port 0.");
    return 0;
}

int half_request_parse(struct half_request *request, const json_t *body, const char *self_uid,
                       struct api_error *error)
{
    struct half_request parsed = {0};
    if (!json_is_object(body))
        return error_set(error, ERROR_INVALID_ARGS, NULL, "The half must be a JSON object.");
    if (parse_role(&parsed, body, error) != 0 ||
        parse_endpoint(&parsed, body, self_uid, error) != 0 ||
        parse_gain(&parsed, body, error) != 0 || parse_lease(&parsed, body, error) != 0 ||
        parse_address(&parsed, body, error) != 0 ||
        transport_parse(&parsed.transport, json_object_get(body, "transport"), PARSE_CREATE,
                        error) != 0)
        return -1;
    *request = parsed;
    return 0;
}

static const char *name_state(const struct half_report *report)
{
    if (report->failure.code[0] != '\0')
        return "failed";
    if (report->metrics.is_receiver && report->metrics.packets_received == 0)
        return "connecting";
    return "active";
}

json_t *half_report_write(const struct half_report *report, const struct half_request *request,
                          const char *self_uid)
{
    char uri[URI_SIZE];
    uri_endpoint(uri, self_uid, request->endpoint_uid);
    json_t *body =
        json_pack("{s:s, s:s, s:s}", "role", request->is_receiver ? "receiver" : "sender",
                  "endpoint_uri", uri, "state", name_state(report));
    if (!body || set_new(body, "address", media_address_write(&report->address)) != 0 ||
        set_new(body, "reason", state_reason_write(&report->failure)) != 0 ||
        set_new(body, "metrics", half_metrics_write(&report->metrics)) != 0) {
        json_decref(body);
        return NULL;
    }
    return body;
}

static unsigned long long get_count(const json_t *metrics, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(metrics, name));
    return value > 0 ? (unsigned long long)value : 0;
}

static void parse_failure(struct half_report *report, const json_t *body)
{
    const char *state = json_string_value(json_object_get(body, "state"));
    if (!state || strcmp(state, "failed") != 0)
        return;
    const json_t *reason = json_object_get(body, "reason");
    const char *code = json_string_value(json_object_get(reason, "code"));
    const char *text = json_string_value(json_object_get(reason, "text"));
    state_reason_set(&report->failure, code && code[0] != '\0' ? code : "device_failed",
                     text ? text : "A device of the other peer has failed.");
}

int half_report_parse(struct half_report *report, const json_t *body, struct api_error *error)
{
    struct half_report parsed = {0};
    struct api_error cause = {0};
    const json_t *address = json_object_get(body, "address");
    if (!json_is_object(address) || media_address_parse(&parsed.address, address, &cause) != 0 ||
        parsed.address.media_uri[0] == '\0' || !media_address_has_port(&parsed.address))
        return error_set(error, ERROR_PEER, NULL, "The peer's reply has no usable address. %.200s",
                         cause.text);
    parse_failure(&parsed, body);
    const json_t *metrics = json_object_get(body, "metrics");
    parsed.metrics.packets_received = get_count(metrics, "packets_received");
    parsed.metrics.frames_concealed = get_count(metrics, "frames_concealed");
    *report = parsed;
    return 0;
}
