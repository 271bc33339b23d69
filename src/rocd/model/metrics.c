// SPDX-License-Identifier: MPL-2.0
#include "model/metrics.h"

#include <math.h>
#include <stddef.h>

enum half { SENDER = 1, RECEIVER = 2, BOTH = SENDER | RECEIVER };
enum value_type { COUNT, SMALL_COUNT, NUMBER };

#define FIELD(name, type, half)                                \
    {                                                          \
#        name, offsetof(struct half_metrics, name), type, half \
    }

static const struct {
    const char *name;
    size_t offset;
    enum value_type type;
    enum half half;
} fields[] = {
    FIELD(packets_sent, COUNT, SENDER),
    FIELD(repair_packets_sent, COUNT, SENDER),
    FIELD(bytes_sent, COUNT, SENDER),
    FIELD(packets_received, COUNT, RECEIVER),
    FIELD(repair_packets_received, COUNT, RECEIVER),
    FIELD(bytes_received, COUNT, RECEIVER),
    FIELD(packets_expected, COUNT, RECEIVER),
    FIELD(packets_lost, COUNT, RECEIVER),
    FIELD(packets_recovered, COUNT, RECEIVER),
    FIELD(packets_late, COUNT, RECEIVER),
    FIELD(packets_duplicate, COUNT, RECEIVER),
    FIELD(packets_rejected, COUNT, RECEIVER),
    FIELD(frames, COUNT, BOTH),
    FIELD(frames_concealed, COUNT, RECEIVER),
    FIELD(frames_dropped, COUNT, BOTH),
    FIELD(sessions, SMALL_COUNT, RECEIVER),
    FIELD(restarts, SMALL_COUNT, BOTH),
    FIELD(queue_latency_ms, NUMBER, RECEIVER),
    FIELD(target_latency_ms, NUMBER, RECEIVER),
    FIELD(jitter_ms, NUMBER, RECEIVER),
    FIELD(rtt_ms, NUMBER, BOTH),
    FIELD(e2e_latency_ms, NUMBER, BOTH),
    FIELD(remote_packets_lost, COUNT, SENDER),
    FIELD(remote_loss, NUMBER, SENDER),
    FIELD(level_db, NUMBER, BOTH),
};

static json_t *write_value(const void *value, enum value_type type)
{
    switch (type) {
    case COUNT:
        return json_integer((json_int_t) * (const unsigned long long *)value);
    case SMALL_COUNT:
        return json_integer(*(const unsigned *)value);
    case NUMBER:
        break;
    }
    // JSON knows no infinity: what is not a number is unknown.
    double number = *(const double *)value;
    return isfinite(number) ? json_real(number) : json_null();
}

json_t *half_metrics_write(const struct half_metrics *metrics)
{
    enum half half = metrics->is_receiver ? RECEIVER : SENDER;
    json_t *body = json_object();
    for (size_t i = 0; body != NULL && i < sizeof(fields) / sizeof(fields[0]); i++) {
        const void *value = (const char *)metrics + fields[i].offset;
        if ((fields[i].half & half) == 0)
            continue;
        if (json_object_set_new(body, fields[i].name, write_value(value, fields[i].type)) != 0) {
            json_decref(body);
            return NULL;
        }
    }
    return body;
}
