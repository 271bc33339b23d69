// SPDX-License-Identifier: MPL-2.0
//
// Frames of peers: what is taken must come out of the encoder as something that is taken again.
#include <stdint.h>
#include <stdlib.h>

#include "p2p/frame.h"
#include "p2p/greeting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame frame = {0}, again;
    struct greeting greeting;
    uint64_t number;
    unsigned char *bytes;
    size_t length;
    if (frame_parse(&frame, data, size) != 0) {
        frame_finish(&frame); // an error of another version has a body, too
        return 0;
    }
    greeting_parse(&greeting, frame.body);
    frame_get_number(&number, frame.body, "n");
    if (frame_encode(&bytes, &length, (enum frame_type)frame.type, frame.body) == 0) {
        if (frame_parse(&again, bytes, length) != 0 || again.type != frame.type ||
            !json_equal(again.body, frame.body))
            abort();
        frame_finish(&again);
        free(bytes);
    }
    frame_finish(&frame);
    return 0;
}
