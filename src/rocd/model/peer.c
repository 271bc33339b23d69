// SPDX-License-Identifier: MPL-2.0
#include "model/peer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "model/field.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const role_names[] = {"none", "viewer", "operator", "admin"};
static const char *const state_names[] = {"self", "connecting", "online", "offline"};

static const char *const field_names[] = {
    "peer_uri", "peer_uid", "display_name", "host_name",   "addresses",
    "is_self",  "state",    "reason",       "trust",       "roles",
    "version",  "rtt_ms",   "last_seen",    "fingerprint", NULL};
// The rest of what is read-only changes by itself, so that nobody can send it back unchanged.
static const char *const fixed_names[] = {"peer_uri", "peer_uid", "is_self", "fingerprint"};

const char *role_name(enum role role)
{
    return role_names[role];
}

int role_parse(enum role *out, const char *name)
{
    for (size_t i = 0; i < COUNT(role_names); i++) {
        if (strcmp(name, role_names[i]) == 0) {
            *out = (enum role)i;
            return 0;
        }
    }
    return -EINVAL;
}

static int read_addresses(struct peer *peer, const struct fields *fields)
{
    const json_t *list = field_get(fields, "addresses");
    size_t count = 0;
    if (list == NULL)
        return 0;
    if (!json_is_array(list) || json_array_size(list) > PEER_MAX_ADDRESSES)
        return field_fail(fields, ERROR_INVALID_ARGS, "addresses",
                          "addresses must be an array of at most %d texts.", PEER_MAX_ADDRESSES);
    memset(peer->addresses, 0, sizeof(peer->addresses));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *address = json_array_get(list, i);
        const char *text = json_string_value(address);
        if (text == NULL || strlen(text) != json_string_length(address) ||
            strlen(text) >= sizeof(peer->addresses[0]))
            return field_fail(fields, ERROR_INVALID_ARGS, "addresses",
                              "An address must be a text HOST:PORT of at most %zu bytes.",
                              sizeof(peer->addresses[0]) - 1);
        if (text[0] != '\0')
            snprintf(peer->addresses[count++], sizeof(peer->addresses[0]), "%s", text);
    }
    return 0;
}

// What only our own store and the peer itself may say.
static int read_stored(struct peer *peer, const struct fields *fields)
{
    unsigned state = peer->state;
    if (field_string(fields, "peer_uid", peer->uid, sizeof(peer->uid)) != 0 ||
        field_name(fields, "host_name", peer->host_name, sizeof(peer->host_name)) != 0 ||
        read_addresses(peer, fields) != 0 ||
        field_enum(fields, "state", &state, state_names, COUNT(state_names)) != 0 ||
        state_reason_parse(&peer->reason, field_get(fields, "reason"), fields->error) != 0 ||
        field_name(fields, "version", peer->version, sizeof(peer->version)) != 0 ||
        field_number(fields, "rtt_ms", &peer->rtt_ms, 0, 1e9) != 0 ||
        field_name(fields, "last_seen", peer->last_seen, sizeof(peer->last_seen)) != 0 ||
        field_name(fields, "fingerprint", peer->fingerprint, sizeof(peer->fingerprint)) != 0)
        return -1;
    if (!uid_is_valid(peer->uid))
        return field_fail(fields, ERROR_INVALID_ARGS, "peer_uid", "\"%s\" is no UID.", peer->uid);
    peer->state = (enum peer_state)state;
    return 0;
}

static int check_read_only(const struct peer *peer, const struct fields *fields)
{
    int result = 0;
    json_t *shown = peer_write(peer);
    for (size_t i = 0; result == 0 && i < COUNT(fixed_names); i++)
        result =
            field_check_unchanged(fields, fixed_names[i], json_object_get(shown, fixed_names[i]));
    json_decref(shown);
    return result;
}

int peer_parse(struct peer *peer, const json_t *body, enum parse_mode mode, struct api_error *error)
{
    struct fields fields = {body, "", error};
    struct peer parsed = *peer;
    if (fields_check_object(&fields, "The peer") != 0 ||
        (mode != PARSE_STORED && fields_check_names(&fields, field_names) != 0))
        return -1;

    if (mode == PARSE_CREATE || mode == PARSE_STORED) {
        memset(&parsed, 0, sizeof(parsed));
        memcpy(parsed.uid, peer->uid, sizeof(parsed.uid));
        parsed.state = PEER_OFFLINE;
        parsed.rtt_ms = -1;
    }
    // A peer names itself; without a name of its own here it keeps that one.
    unsigned trust = mode == PARSE_MERGE && json_object_get(body, "trust") == NULL
                         ? (unsigned)peer->trust
                         : (unsigned)ROLE_NONE;
    if (parsed.state == PEER_SELF)
        trust = (unsigned)peer->trust;
    if (field_name(&fields, "display_name", parsed.display_name, sizeof(parsed.display_name)) !=
            0 ||
        field_enum(&fields, "trust", &trust, role_names, COUNT(role_names)) != 0)
        return -1;
    parsed.trust = (enum role)trust;
    if (mode == PARSE_STORED ? read_stored(&parsed, &fields) : check_read_only(&parsed, &fields))
        return -1;
    if (mode != PARSE_STORED && parsed.state == PEER_SELF && parsed.trust != peer->trust)
        return field_fail(&fields, ERROR_CONFLICT, "trust",
                          "trust says what another peer may do here; for this peer itself it stays "
                          "%s.",
                          role_names[peer->trust]);
    *peer = parsed;
    return 0;
}

static json_t *write_addresses(const struct peer *peer)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < PEER_MAX_ADDRESSES; i++) {
        if (peer->addresses[i][0] != '\0' &&
            json_array_append_new(list, json_string(peer->addresses[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *peer_write(const struct peer *peer)
{
    char uri[URI_SIZE];
    uri_peer(uri, peer->uid);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:b, s:s, s:o, s:s, s:[], s:s, s:o, s:o, s:s}",
                     "peer_uri", uri, "peer_uid", peer->uid, "display_name", peer->display_name,
                     "host_name", peer->host_name, "addresses", write_addresses(peer), "is_self",
                     peer->state == PEER_SELF, "state", state_names[peer->state], "reason",
                     state_reason_write(&peer->reason), "trust", role_names[peer->trust], "roles",
                     "version", peer->version, "rtt_ms",
                     peer->rtt_ms < 0 ? json_null() : json_real(peer->rtt_ms), "last_seen",
                     peer->last_seen[0] != '\0' ? json_string(peer->last_seen) : json_null(),
                     "fingerprint", peer->fingerprint);
}
