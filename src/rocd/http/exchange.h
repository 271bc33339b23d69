// SPDX-License-Identifier: MPL-2.0
//
// One request on its way: collected from the connection, checked, handed to the API; the connection
// is suspended until the reply comes. Thread: loop.

#ifndef ROCD_HTTP_EXCHANGE_H
#define ROCD_HTTP_EXCHANGE_H

#include "http/server.h"

// Callbacks of the daemon; arg is the struct http.
enum MHD_Result exchange_handle(void *arg, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload_data,
                                size_t *upload_data_size, void **context);
void exchange_finish(void *arg, struct MHD_Connection *connection, void **context,
                     enum MHD_RequestTerminationCode code);
// Lets the daemon close those that wait for a reply. A reply that comes later goes nowhere.
void exchanges_resume(struct http *http);

#endif
