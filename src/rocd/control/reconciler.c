// SPDX-License-Identifier: MPL-2.0
#include "control/reconciler.h"

#include <string.h>

#include "control/control_internal.h"
#include "model/log.h"

#define BACKOFF_MIN_MS 250
#define BACKOFF_MAX_MS 5000
#define SOON_MS        250
#define RENEW_MAX_MS   1000

enum outcome {
    OUTCOME_DISABLED,
    OUTCOME_PEER_OFFLINE,
    OUTCOME_PEER_SILENT,
    OUTCOME_REFUSED,
    OUTCOME_NO_PACKETS_YET,
    OUTCOME_FLOWING,
    OUTCOME_LOSSY,
    OUTCOME_NO_PACKETS,
    OUTCOME_DEVICE_FAILED,
};

enum pace { PACE_NEVER, PACE_BACKOFF, PACE_SOON, PACE_RENEWAL };

// The table of the header. A reason of NULL comes with the outcome itself.
static const struct rule {
    enum stream_state state;
    const char *code, *text;
    enum pace pace;
} rules[] = {
    [OUTCOME_DISABLED] = {STREAM_IDLE, "", "", PACE_NEVER},
    [OUTCOME_PEER_OFFLINE] = {STREAM_CONNECTING, "peer_offline",
                              "The other peer is offline; the stream goes on when it is back.",
                              PACE_BACKOFF},
    [OUTCOME_PEER_SILENT] = {STREAM_CONNECTING, NULL, NULL, PACE_BACKOFF},
    [OUTCOME_REFUSED] = {STREAM_FAILED, NULL, NULL, PACE_BACKOFF},
    [OUTCOME_NO_PACKETS_YET] = {STREAM_CONNECTING, "no_packets",
                                "No packet has arrived yet. If this stays, a firewall may block "
                                "the media port.",
                                PACE_SOON},
    [OUTCOME_FLOWING] = {STREAM_ACTIVE, "", "", PACE_RENEWAL},
    [OUTCOME_LOSSY] = {STREAM_DEGRADED, "packet_loss",
                       "Packets were lost beyond repair in the last seconds.", PACE_RENEWAL},
    [OUTCOME_NO_PACKETS] = {STREAM_DEGRADED, "no_packets",
                            "No packet has arrived for some seconds.", PACE_RENEWAL},
    [OUTCOME_DEVICE_FAILED] = {STREAM_FAILED, NULL, NULL, PACE_RENEWAL},
};

static unsigned min_ms(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned next_pause(struct owned_stream *owned)
{
    unsigned pause_ms = owned->backoff_ms > 0 ? owned->backoff_ms : BACKOFF_MIN_MS;
    owned->backoff_ms = min_ms(2 * pause_ms, BACKOFF_MAX_MS);
    return pause_ms;
}

static void plan_next(struct owned_stream *owned, enum pace pace)
{
    unsigned quarter_ms = owned->control->lease_ms / 4;
    uint64_t now_ms = control_now_ms();
    if (pace != PACE_BACKOFF)
        owned->backoff_ms = 0;
    switch (pace) {
    case PACE_NEVER:
        owned->due_ms = NEVER_MS;
        break;
    case PACE_BACKOFF:
        owned->due_ms = now_ms + next_pause(owned);
        break;
    case PACE_SOON:
        owned->due_ms = now_ms + min_ms(SOON_MS, quarter_ms);
        break;
    case PACE_RENEWAL:
        owned->due_ms = now_ms + min_ms(RENEW_MAX_MS, quarter_ms);
        break;
    }
    control_schedule(owned->control);
}

static void log_change(const struct stream *spec, const struct stream *before)
{
    if (spec->state == before->state && strcmp(spec->reason.code, before->reason.code) == 0)
        return;
    rocd_log(ROCD_LOG_INFO, "control", "stream %s is %s%s%s", spec->uid,
             stream_state_name(spec->state), spec->reason.text[0] != '\0' ? ": " : "",
             spec->reason.text);
}

static void conclude(struct owned_stream *owned, enum outcome outcome,
                     const struct state_reason *reason)
{
    const struct rule *rule = &rules[outcome];
    struct stream before = owned->spec;
    owned->spec.state = rule->state;
    state_reason_set(&owned->spec.reason, rule->code ? rule->code : reason->code,
                     rule->text ? rule->text : reason->text);
    log_change(&owned->spec, &before);
    plan_next(owned, rule->pace);
    if (owned->is_committed)
        (void)streams_publish(owned);
    endpoints_publish(owned->control, false);
}

static void conclude_error(struct owned_stream *owned, const struct api_error *error)
{
    struct state_reason reason = {0};
    state_reason_set(&reason, error_code_name(error->code), error->text);
    bool is_from_peer = error->peer_uid[0] != '\0';
    if (is_from_peer && error->code == ERROR_UNAVAILABLE)
        conclude(owned, OUTCOME_PEER_OFFLINE, &reason);
    else if (is_from_peer && (error->code == ERROR_PEER_TIMEOUT || error->code == ERROR_PEER))
        conclude(owned, OUTCOME_PEER_SILENT, &reason);
    else
        conclude(owned, OUTCOME_REFUSED, &reason);
}

// The endpoint of this peer at one end of the stream, with its state; false when there is none.
static bool query_end(struct control *control, const struct connection *connection,
                      struct endpoint *out)
{
    if (connection->type != CONNECTION_ENDPOINT ||
        strcmp(connection->endpoint.peer_uid, control->self_uid) != 0)
        return false;
    const struct local_endpoint *local = endpoints_find(control, connection->endpoint.uid);
    if (local)
        endpoints_query(control, local, out);
    return local != NULL;
}

static enum outcome judge_reception(struct owned_stream *owned, bool has_finished)
{
    uint64_t now_ms = control_now_ms();
    const struct half_metrics *metrics = &owned->report.metrics;
    reception_update(&owned->reception, metrics->packets_received, metrics->frames_concealed,
                     now_ms);
    switch (reception_get(&owned->reception, now_ms)) {
    case RECEPTION_NOTHING_YET:
        return OUTCOME_NO_PACKETS_YET;
    case RECEPTION_LOSSY:
        return OUTCOME_LOSSY;
    case RECEPTION_SILENT:
        return has_finished ? OUTCOME_FLOWING : OUTCOME_NO_PACKETS;
    case RECEPTION_GOOD:
        break;
    }
    return OUTCOME_FLOWING;
}

static enum outcome judge(struct owned_stream *owned, struct state_reason *reason)
{
    struct control *control = owned->control;
    const struct stream *spec = &owned->spec;
    struct endpoint source = {0}, destination = {0};
    bool has_source = query_end(control, &spec->source, &source);
    bool has_destination = query_end(control, &spec->destination, &destination);
    if (has_source && source.state == ENDPOINT_FAILED)
        *reason = source.reason;
    else if (has_destination && destination.state == ENDPOINT_FAILED)
        *reason = destination.reason;
    else if (owned->report.failure.code[0] != '\0')
        *reason = owned->report.failure;
    if (reason->code[0] != '\0')
        return OUTCOME_DEVICE_FAILED;

    bool has_reports =
        spec->source.type == CONNECTION_EXTERNAL || setup_get_peer(control, spec)[0] != '\0';
    return has_reports ? judge_reception(owned, has_source && source.virtual.finished)
                       : OUTCOME_FLOWING;
}

void reconciler_conclude(struct owned_stream *owned, const struct api_error *error)
{
    if (error) {
        conclude_error(owned, error);
        return;
    }
    struct state_reason reason = {0};
    enum outcome outcome = judge(owned, &reason);
    conclude(owned, outcome, &reason);
}

void reconciler_rest(struct owned_stream *owned)
{
    owned->reception = (struct reception){0};
    conclude(owned, OUTCOME_DISABLED, NULL);
}

static void on_reconciled(struct owned_stream *owned, const struct api_error *error)
{
    reconciler_conclude(owned, error);
    if (owned->transaction.is_waiting)
        transaction_resume(owned);
}

static void reconcile(struct owned_stream *owned)
{
    struct control *control = owned->control;
    const char *peer_uid = setup_get_peer(control, &owned->spec);
    owned->due_ms = NEVER_MS;
    if (peer_uid[0] != '\0' && !control_is_online(control, peer_uid)) {
        conclude(owned, OUTCOME_PEER_OFFLINE, NULL);
        return;
    }
    setup_start(owned, &owned->spec, on_reconciled);
}

static bool is_ready(const struct owned_stream *owned)
{
    return owned->is_committed && owned->spec.enabled && !owned->call &&
           owned->transaction.kind == TRANSACTION_NONE;
}

uint64_t reconciler_due_ms(const struct control *control)
{
    uint64_t due_ms = NEVER_MS;
    for (const struct owned_stream *owned = control->streams; owned; owned = owned->next) {
        if (is_ready(owned) && owned->due_ms < due_ms)
            due_ms = owned->due_ms;
    }
    return due_ms;
}

void reconciler_run(struct control *control, uint64_t now_ms)
{
    for (struct owned_stream *owned = control->streams, *next; owned; owned = next) {
        next = owned->next;
        if (is_ready(owned) && owned->due_ms <= now_ms)
            reconcile(owned);
    }
}

void reconciler_kick(struct owned_stream *owned)
{
    owned->due_ms = control_now_ms();
    control_schedule(owned->control);
}

void reconciler_note_peers(struct control *control)
{
    for (struct owned_stream *owned = control->streams; owned; owned = owned->next) {
        const char *peer_uid = setup_get_peer(control, &owned->spec);
        bool is_online = peer_uid[0] != '\0' && control_is_online(control, peer_uid);
        if (is_online == owned->peer_was_online)
            continue;
        owned->peer_was_online = is_online;
        owned->backoff_ms = 0;
        // What was asked before the session broke may stay unanswered for long.
        if (is_online && owned->transaction.kind == TRANSACTION_NONE)
            peer_call_forget(&owned->call);
        reconciler_kick(owned);
    }
}
