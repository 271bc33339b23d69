// SPDX-License-Identifier: MPL-2.0
//
// Who we are in RTCP: an SSRC, which changes when somebody else has the same one, and a CNAME,
// which never changes. Also how the reports of a slot leave and what they are told about time.
//
// Plain values; belong to the network thread.

#ifndef ROC_STREAM_RTCP_IDENTITY_H
#define ROC_STREAM_RTCP_IDENTITY_H

#include "wire/rtcp.h"

// A random UUID as text, with its end.
#define RTCP_CNAME_TEXT_SIZE 37
// Whoever sent no report for so long does not take part any more.
#define RTCP_TIMEOUT_NS 5000000000
// SSRCs do not collide twice within this by chance.
#define RTCP_COLLISION_INTERVAL_NS 10000000000

struct rtcp_identity {
    uint32_t ssrc;
    char cname[RTCP_CNAME_TEXT_SIZE];
    bool has_collision; // somebody else has our SSRC
    int64_t last_collision_ns;
};

// Never 0.
uint32_t rtcp_random_ssrc(void);
// ssrc: 0 draws one.
void rtcp_identity_init(struct rtcp_identity *identity, uint32_t ssrc);
// What a CNAME item of somebody says about us. Returns true when it is our own SSRC: then the
// compound is our own that came back, or of somebody whose SSRC is ours, which is noted.
bool rtcp_identity_push(struct rtcp_identity *identity, const struct rtcp_cname *cname,
                        int64_t now_ns);
// True when some CNAME item of the compound is about our own SSRC: none of it is to be used.
bool rtcp_identity_is_own(struct rtcp_identity *identity, struct rtcp_reader reader,
                          int64_t now_ns);
struct rtcp_cname rtcp_identity_cname(const struct rtcp_identity *identity);

#endif
