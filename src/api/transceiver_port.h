// SPDX-License-Identifier: MPL-2.0
//
// Making a port from what the user asks for.

#ifndef ROC_API_TRANSCEIVER_PORT_H
#define ROC_API_TRANSCEIVER_PORT_H

#include "api/transceiver.h"

// Opens the device, sender or receiver of a port, fills `port` but for its number, and gives what
// the graph takes. Sets the sentence on failure. Thread: any.
int transceiver_port_init(roc_transceiver *transceiver, struct transceiver_port *port,
                          const roc_port_config *config, struct port_config *node);

#endif
