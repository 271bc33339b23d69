// SPDX-License-Identifier: MPL-2.0
//
// What another peer may send about a half: a request, and a report.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "control/half_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const self_uid = "aaaaaa-bbbbbb-cccccc";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *body = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    struct api_error error = {0};
    struct half_request request;
    struct half_report report;
    if (half_request_parse(&request, body, self_uid, &error) == 0) {
        // What was accepted can be sent, and is accepted again.
        json_t *again = half_request_write(&request, self_uid);
        if (!again || half_request_parse(&request, again, self_uid, &error) != 0)
            abort();
        json_decref(again);
    }
    if (half_report_parse(&report, body, &error) == 0) {
        json_t *again = half_report_write(&report, &(struct half_request){0}, self_uid);
        if (!again)
            abort();
        json_decref(again);
    }
    json_decref(body);
    return 0;
}
