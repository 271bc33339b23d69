// SPDX-License-Identifier: MPL-2.0

#include "stream/rtcp_identity.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"

uint32_t rtcp_random_ssrc(void)
{
    uint32_t ssrc;
    do
        ssrc = random_u32();
    while (ssrc == 0);
    return ssrc;
}

// Version 4, variant 1 (RFC 4122 section 4.4).
static void draw_uuid(char text[RTCP_CNAME_TEXT_SIZE])
{
    uint8_t b[16];
    random_fill(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    snprintf(text, RTCP_CNAME_TEXT_SIZE,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
}

void rtcp_identity_init(struct rtcp_identity *identity, uint32_t ssrc)
{
    *identity = (struct rtcp_identity){.ssrc = ssrc != 0 ? ssrc : rtcp_random_ssrc()};
    draw_uuid(identity->cname);
}

bool rtcp_identity_push(struct rtcp_identity *identity, const struct rtcp_cname *cname,
                        int64_t now_ns)
{
    if (cname->ssrc != identity->ssrc)
        return false;
    const bool is_ours = cname->length == RTCP_CNAME_TEXT_SIZE - 1 &&
                         memcmp(cname->text, identity->cname, cname->length) == 0;
    const bool may_collide = identity->last_collision_ns == 0 ||
                             now_ns - identity->last_collision_ns >= RTCP_COLLISION_INTERVAL_NS;
    if (!is_ours && cname->length > 0 && may_collide) {
        identity->has_collision = true;
        identity->last_collision_ns = now_ns;
    }
    return true;
}

bool rtcp_identity_is_own(struct rtcp_identity *identity, struct rtcp_reader reader, int64_t now_ns)
{
    struct rtcp_packet packet;
    bool is_own = false;
    while (rtcp_reader_next(&reader, &packet)) {
        struct rtcp_cname cname;
        for (unsigned i = 0; rtcp_parse_cname(&packet, i, &cname) == 0; i++)
            is_own |= rtcp_identity_push(identity, &cname, now_ns);
    }
    return is_own;
}

struct rtcp_cname rtcp_identity_cname(const struct rtcp_identity *identity)
{
    return (struct rtcp_cname){
        .ssrc = identity->ssrc,
        .text = (const uint8_t *)identity->cname,
        .length = RTCP_CNAME_TEXT_SIZE - 1,
    };
}
