// SPDX-License-Identifier: MPL-2.0
//
// A request to another peer about a half there. The reply may come before the call that sends it
// returns, or after the one who asked is gone: then nobody is told. Thread: loop.

#ifndef ROCD_CONTROL_PEER_CALL_H
#define ROCD_CONTROL_PEER_CALL_H

#include "model/request.h"

struct control;
struct peer_call;

struct peer_call_list {
    struct peer_call *first;
};

typedef void (*peer_call_fn)(const struct reply *reply, void *arg);

struct peer_call_config {
    struct peer_call_list *list;
    const struct peer_port *peers; // NULL: answered 503
    const char *self_uid, *peer_uid, *stream_uid;
    enum request_method method;
    json_t *body;    // taken; may be NULL
    peer_call_fn fn; // may be NULL: nobody waits for the reply
    void *arg;
};

// *slot (may be NULL) is set while the call is under way and cleared before fn is called.
void peer_call_start(struct peer_call **slot, const struct peer_call_config *config);
// The reply will not be told. *slot may be NULL.
void peer_call_forget(struct peer_call **slot);
// Answers all that are still waiting with 503 and forgets them.
void peer_call_fail_all(struct peer_call_list *list);

#endif
