// SPDX-License-Identifier: MPL-2.0
//
// Compound packets that Roc Toolkit 0.4 sent: the report of a sender and the one of its receiver.

#ifndef ROC_TESTS_RTCP_EXAMPLES_H
#define ROC_TESTS_RTCP_EXAMPLES_H

#include <stddef.h>
#include <stdint.h>

#define RTCP_EXAMPLE_SENDER_SIZE   100
#define RTCP_EXAMPLE_RECEIVER_SIZE 176

static const uint32_t rtcp_example_sender[RTCP_EXAMPLE_SENDER_SIZE / 4] = {
    0x80c80006, 0x3ffa9003, 0xeeaa9501, 0x8e50827d, 0xa5e23eb1, 0x00000028, 0x00008a20,
    0x80cf0005, 0x3ffa9003, 0x05000003, 0x8c4a5d88, 0x95015bfe, 0x000030ab, 0x81ca000b,
    0x3ffa9003, 0x01243065, 0x32323531, 0x63372d30, 0x3836312d, 0x34303831, 0x2d393036,
    0x322d6164, 0x33363830, 0x37356563, 0x30370000,
};

static const uint32_t rtcp_example_receiver[RTCP_EXAMPLE_RECEIVER_SIZE / 4] = {
    0x81c90007, 0x8c4a5d88, 0x3ffa9003, 0x00000000, 0x00000566, 0x00000000, 0x9501c18b, 0x00000000,
    0x80cf0017, 0x8c4a5d88, 0x04000002, 0xeeaa9501, 0xc266afea, 0x0e000007, 0x3ffa9003, 0x00000516,
    0x00000566, 0x00000566, 0x00000000, 0x00000000, 0x00000000, 0x10400006, 0x3ffa9003, 0x00000290,
    0x00000290, 0x00000290, 0x00000000, 0x32e92529, 0xdc400003, 0x3ffa9003, 0x000030fc, 0x000000db,
    0x81ca000b, 0x8c4a5d88, 0x01246631, 0x64633965, 0x64612d65, 0x3634332d, 0x34646235, 0x2d613066,
    0x322d6163, 0x38373930, 0x66336239, 0x39650000,
};

static inline void rtcp_example_bytes(uint8_t *bytes, const uint32_t *words, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(words[i / 4] >> (24 - 8 * (i % 4)));
}

#endif
