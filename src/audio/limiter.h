// SPDX-License-Identifier: MPL-2.0
//
// Keeps a mix within -1..1 by turning it down instead of cutting its tops off: clipping a sum of
// two loud tones makes others that nobody played. As long as nothing leaves the range, samples pass
// bit by bit. What would leave it lowers the gain of all channels at once, just enough; the gain
// stays for 100 ms after the last time that it was needed and is back at 1 within 200 ms more.
//
// Plain value: the state is one gain and one count. Thread: rt.

#ifndef ROC_AUDIO_LIMITER_H
#define ROC_AUDIO_LIMITER_H

#include <stddef.h>

struct limiter {
    unsigned channels;
    float gain, rise;  // rise in a frame
    size_t hold, held; // frames that the gain stays; that it has stayed
};

// At least one channel and 1 Hz.
void limiter_init(struct limiter *limiter, unsigned channels, unsigned rate_hz);
// In place. A NaN becomes 0; infinite samples become 1 and do not turn the rest down.
void limiter_push(struct limiter *limiter, float *samples, size_t frames);

#endif
