// SPDX-License-Identifier: MPL-2.0

#include "api/context.h"
#include "base/log.h"
#include "roc/network_ext.h"

int roc_context_configure_network(roc_context *context, const roc_network_config *config)
{
    if (context == NULL || config == NULL) {
        log_error("api", "roc_context_configure_network: context or config is NULL");
        return -1;
    }
    const struct udp_traffic traffic = {
        .dscp = config->dscp,
        .multicast_hops = config->multicast_hops,
    };
    if (network_set_traffic(context_get_network(context), &traffic) != 0) {
        log_error("api",
                  "roc_context_configure_network: dscp is %d and multicast_hops %u; use a dscp of "
                  "-1..63 and hops of 0..255",
                  config->dscp, config->multicast_hops);
        return -1;
    }
    return 0;
}
