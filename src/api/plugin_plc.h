// SPDX-License-Identifier: MPL-2.0
//
// A user's plugin for concealment in the terms of the audio room. Thread: any.

#ifndef ROC_API_PLUGIN_PLC_H
#define ROC_API_PLUGIN_PLC_H

#include "audio/concealment.h"
#include "roc/plugin.h"

// 0, or -EINVAL when a callback is missing.
int plugin_plc_check(const roc_plugin_plc *plugin);
// *plugin is borrowed for as long as *out is used.
void plugin_plc_init(struct concealment_plugin *out, roc_plugin_plc *plugin);

#endif
