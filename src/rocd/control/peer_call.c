// SPDX-License-Identifier: MPL-2.0
#include "control/peer_call.h"

#include <stdio.h>
#include <stdlib.h>

struct peer_call {
    struct peer_call *next;
    struct peer_call_list *list; // NULL = forgotten: the reply goes nowhere
    struct peer_call **slot;
    peer_call_fn fn;
    void *arg;
};

static void leave_list(struct peer_call *call)
{
    if (!call->list)
        return;
    struct peer_call **place = &call->list->first;
    while (*place != call)
        place = &(*place)->next;
    *place = call->next;
    call->list = NULL;
}

// After this the call belongs to nobody but the reply that may still come.
static void tell(struct peer_call *call, const struct reply *reply)
{
    peer_call_fn fn = call->fn;
    void *arg = call->arg;
    leave_list(call);
    if (call->slot)
        *call->slot = NULL;
    if (fn)
        fn(reply, arg);
}

static void on_reply(const struct reply *reply, void *arg)
{
    struct peer_call *call = arg;
    if (call->list)
        tell(call, reply);
    free(call);
}

static void refuse(peer_call_fn fn, void *arg, enum error_code code, const char *text)
{
    struct api_error error = {0};
    (void)error_set(&error, code, NULL, "%s", text);
    if (fn)
        reply_error(fn, arg, &error);
}

void peer_call_start(struct peer_call **slot, const struct peer_call_config *config)
{
    struct peer_call *call = config->peers ? calloc(1, sizeof(*call)) : NULL;
    if (!call) {
        json_decref(config->body);
        refuse(config->fn, config->arg, config->peers ? ERROR_INTERNAL : ERROR_UNAVAILABLE,
               config->peers ? "Out of memory." : "This daemon has no connection to other peers.");
        return;
    }
    *call = (struct peer_call){.next = config->list->first,
                               .list = config->list,
                               .slot = slot,
                               .fn = config->fn,
                               .arg = config->arg};
    config->list->first = call;
    if (slot)
        *slot = call;
    char path[96];
    snprintf(path, sizeof(path), "/peers/%s/halves/%s", config->peer_uid, config->stream_uid);
    struct request request = {.method = config->method,
                              .path = path,
                              .body = config->body,
                              .principal = {.role = ROLE_ADMIN}};
    snprintf(request.principal.peer_uid, sizeof(request.principal.peer_uid), "%s",
             config->self_uid);
    json_t *body = config->body;
    config->peers->request(config->peers->impl, config->peer_uid, &request, on_reply, call);
    json_decref(body);
}

void peer_call_forget(struct peer_call **slot)
{
    if (!*slot)
        return;
    leave_list(*slot);
    *slot = NULL;
}

void peer_call_fail_all(struct peer_call_list *list)
{
    struct api_error error = {0};
    (void)error_set(&error, ERROR_UNAVAILABLE, NULL, "The daemon is stopping.");
    struct reply reply = {.status = error_http_status(error.code), .body = error_write(&error)};
    // What is told may start calls; they are told as well.
    while (list->first)
        tell(list->first, &reply);
    json_decref((json_t *)reply.body);
}
