// SPDX-License-Identifier: MPL-2.0
#include "control/reception.h"

void reception_update(struct reception *reception, unsigned long long packets,
                      unsigned long long concealed, uint64_t now_ms)
{
    if (packets < reception->packets || concealed < reception->concealed)
        *reception = (struct reception){0};
    if (packets > reception->packets)
        reception->packets_ms = now_ms;
    // What was concealed before the first look may be long ago.
    if (reception->has_report && concealed > reception->concealed)
        reception->concealed_ms = now_ms;
    reception->packets = packets;
    reception->concealed = concealed;
    reception->has_report = true;
}

enum reception_state reception_get(const struct reception *reception, uint64_t now_ms)
{
    if (!reception->has_report || reception->packets == 0)
        return RECEPTION_NOTHING_YET;
    if (now_ms - reception->packets_ms > RECEPTION_WINDOW_MS)
        return RECEPTION_SILENT;
    if (reception->concealed_ms != 0 && now_ms - reception->concealed_ms <= RECEPTION_WINDOW_MS)
        return RECEPTION_LOSSY;
    return RECEPTION_GOOD;
}
