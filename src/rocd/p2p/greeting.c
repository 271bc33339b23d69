// SPDX-License-Identifier: MPL-2.0
#include "p2p/greeting.h"

#include <errno.h>
#include <string.h>

#define BEAT_MIN_MS 10
#define BEAT_MAX_MS 10000

// What is absent keeps what *out holds; "" here.
static bool read_optional_text(char *out, size_t size, const json_t *body, const char *key)
{
    return frame_get_text(out, size, body, key) != -EBADMSG;
}

static bool read_optional_number(uint64_t *out, const json_t *body, const char *key)
{
    return frame_get_number(out, body, key) != -EBADMSG;
}

int greeting_parse(struct greeting *out, const json_t *body)
{
    struct greeting greeting = {0};
    uint64_t port = 0, beat_ms = 1000;
    char trust[16] = "";
    if (frame_get_text(greeting.uid, sizeof(greeting.uid), body, "uid") != 0 ||
        strlen(greeting.uid) != UID_SIZE - 1 || !uid_is_valid(greeting.uid) ||
        frame_get_token(greeting.epoch, body, "epoch") != 0 ||
        frame_get_token(greeting.token, body, "session") != 0)
        return -EBADMSG;
    if (!read_optional_text(greeting.display_name, sizeof(greeting.display_name), body,
                            "display_name") ||
        !read_optional_text(greeting.host_name, sizeof(greeting.host_name), body, "host_name") ||
        !read_optional_text(greeting.version, sizeof(greeting.version), body, "software") ||
        !read_optional_text(trust, sizeof(trust), body, "trust") ||
        !read_optional_number(&port, body, "port") || port > 65535 ||
        !read_optional_number(&beat_ms, body, "heartbeat_ms"))
        return -EBADMSG;
    greeting.port = (unsigned)port;
    greeting.beat_ms = beat_ms < BEAT_MIN_MS   ? BEAT_MIN_MS
                       : beat_ms > BEAT_MAX_MS ? BEAT_MAX_MS
                                               : (int)beat_ms;
    if (role_parse(&greeting.trust, trust) != 0)
        greeting.trust = ROLE_NONE;
    *out = greeting;
    return 0;
}

json_t *greeting_write(const struct p2p *p2p, const char *token)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "uid", p2p->identity.uid, "epoch",
                     p2p->epoch, "session", token, "display_name", p2p->self.display_name,
                     "host_name", p2p->self.host_name, "software", p2p->self.version, "port",
                     (int)p2p->bound_port, "heartbeat_ms", p2p_beat_ms(p2p));
}
