// SPDX-License-Identifier: MPL-2.0
#include "model/uri.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// Takes the next segment of a path, "/" included, as a UID. Returns what follows, or NULL.
static const char *take_uid(char uid[UID_SIZE], const char *text)
{
    if (*text++ != '/')
        return NULL;
    size_t size = strcspn(text, "/");
    if (size != UID_SIZE - 1)
        return NULL;
    memcpy(uid, text, size);
    uid[size] = '\0';
    return uid_is_valid(uid) ? text + size : NULL;
}

static const char *take_peer(char uid[UID_SIZE], const char *text, const char *self_uid)
{
    if (self_uid == NULL || strncmp(text, "/self", 5) != 0 || (text[5] != '/' && text[5] != '\0'))
        return take_uid(uid, text);
    snprintf(uid, UID_SIZE, "%s", self_uid);
    return text + 5;
}

int uri_parse(struct resource_uri *out, const char *text, const char *self_uid)
{
    struct resource_uri uri = {0};
    if (strncmp(text, "/streams/", 9) == 0) {
        uri.kind = RESOURCE_STREAM;
        text = take_uid(uri.uid, text + 8);
    } else if (strncmp(text, "/peers/", 7) == 0) {
        text = take_peer(uri.peer_uid, text + 6, self_uid);
        if (text != NULL && *text != '\0') {
            uri.kind = RESOURCE_ENDPOINT;
            text = strncmp(text, "/endpoints/", 11) == 0 ? take_uid(uri.uid, text + 10) : NULL;
        } else {
            uri.kind = RESOURCE_PEER;
            memcpy(uri.uid, uri.peer_uid, UID_SIZE);
        }
    } else {
        return -EINVAL;
    }
    if (text == NULL || *text != '\0')
        return -EINVAL;
    *out = uri;
    return 0;
}

void uri_write(char text[URI_SIZE], const struct resource_uri *uri)
{
    switch (uri->kind) {
    case RESOURCE_PEER:
        uri_peer(text, uri->peer_uid);
        break;
    case RESOURCE_ENDPOINT:
        uri_endpoint(text, uri->peer_uid, uri->uid);
        break;
    case RESOURCE_STREAM:
        uri_stream(text, uri->uid);
        break;
    }
}

void uri_peer(char text[URI_SIZE], const char *peer_uid)
{
    snprintf(text, URI_SIZE, "/peers/%s", peer_uid);
}

void uri_endpoint(char text[URI_SIZE], const char *peer_uid, const char *endpoint_uid)
{
    snprintf(text, URI_SIZE, "/peers/%s/endpoints/%s", peer_uid, endpoint_uid);
}

void uri_stream(char text[URI_SIZE], const char *stream_uid)
{
    snprintf(text, URI_SIZE, "/streams/%s", stream_uid);
}

const char *resource_kind_name(enum resource_kind kind)
{
    switch (kind) {
    case RESOURCE_PEER:
        return "peer";
    case RESOURCE_ENDPOINT:
        return "endpoint";
    case RESOURCE_STREAM:
        break;
    }
    return "stream";
}
