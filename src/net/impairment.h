// SPDX-License-Identifier: MPL-2.0
//
// An impaired link: what a bad network does to datagrams on their way out, seeded so that it
// repeats. Part of the product, for demonstrations and tests.

#ifndef ROC_NET_IMPAIRMENT_H
#define ROC_NET_IMPAIRMENT_H

#include <stdint.h>

// All zero: the link is perfect. Probabilities are 0..1.
struct impairment_config {
    double loss;
    double duplicate;
    double reorder; // this share is held back by reorder_delay_ns
    int64_t reorder_delay_ns;
    int64_t delay_ns;  // constant part
    int64_t jitter_ns; // uniform 0..jitter on top
    uint64_t seed;     // 0 = random
};

#endif
