// SPDX-License-Identifier: MPL-2.0
//
// Numbers of connections in the words of the public API. Thread: any.

#ifndef ROC_API_CONNECTION_METRICS_H
#define ROC_API_CONNECTION_METRICS_H

#include "roc/metrics_ext.h"
#include "stream/receive_session.h"
#include "stream/send_reporter.h"

roc_connection_metrics_ext connection_metrics_of_receiver(const struct send_connection *connection);
roc_connection_metrics_ext connection_metrics_of_sender(
    const struct receive_session_metrics *session);

#endif
