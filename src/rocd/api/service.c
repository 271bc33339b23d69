// SPDX-License-Identifier: MPL-2.0
//
// What is asked of the daemon itself. That the control loop works shows in the answer.
#include "api/handlers.h"

void service_health(struct call *call)
{
    struct api *api = call->api;
    if (api->store == NULL || store_check(api->store) != 0) {
        call_fail_with(call, ERROR_UNAVAILABLE,
                       "The store does not answer: changes would be lost; see the log.");
        return;
    }
    if (api->media == NULL || media_check(api->media) != 0) {
        call_fail_with(call, ERROR_UNAVAILABLE,
                       "The part that moves sound does not answer; see the log.");
        return;
    }
    json_t *body = json_pack("{s:s, s:s, s:s}", "status", "ok", "peer_uid", api->self_uid,
                             "version", ROCD_VERSION);
    if (body != NULL)
        call_reply(call, 200, body);
    else
        call_fail_with(call, ERROR_INTERNAL, "Out of memory.");
    json_decref(body);
}

void service_openapi(struct call *call)
{
    call_reply(call, 200, call->api->openapi);
}

// The HTTP door serves this path by itself, so the question came through the other one.
void service_events(struct call *call)
{
    call_fail_with(call, ERROR_UNSATISFIABLE,
                   "Events are a stream of HTTP; peers are told of changes by replication.");
}
