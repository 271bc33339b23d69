// SPDX-License-Identifier: MPL-2.0
//
// What the owner of a stream and the peer of the other half say to each other:
//
//   PUT /peers/{peer}/halves/{stream}    half_request -> half_report
//   GET /peers/{peer}/halves/{stream}                 -> half_report
//   DELETE /peers/{peer}/halves/{stream}              -> 204
//
// Unknown fields are ignored: the other side may be newer. Thread: any.

#ifndef ROCD_CONTROL_HALF_MESSAGE_H
#define ROCD_CONTROL_HALF_MESSAGE_H

#include "model/metrics.h"
#include "model/stream.h"

#define LEASE_MIN_MS 100
#define LEASE_MAX_MS 600000

struct half_request {
    bool is_receiver;
    char endpoint_uid[UID_SIZE]; // of the peer that is asked
    struct transport transport;
    struct media_address address; // of the receiver, where the half is a sender
    double volume;
    bool muted;
    unsigned lease_ms;
};

// peer_uid: whom it is for. A new reference, NULL when out of memory.
json_t *half_request_write(const struct half_request *request, const char *peer_uid);
// Returns 0 or -1 with *error set.
int half_request_parse(struct half_request *request, const json_t *body, const char *self_uid,
                       struct api_error *error);

struct half_report {
    struct media_address address;
    struct state_reason failure; // of the device; code "" = it works
    struct half_metrics metrics; // in a parsed report only what the owner's decisions need
};

json_t *half_report_write(const struct half_report *report, const struct half_request *request,
                          const char *self_uid);
// Returns 0 or -1 with *error set (peer_error).
int half_report_parse(struct half_report *report, const json_t *body, struct api_error *error);

#endif
