// SPDX-License-Identifier: MPL-2.0
//
// HOST:PORT and [IPV6]:PORT in settings. Thread: any.

#ifndef ROCD_MAIN_ADDRESS_H
#define ROCD_MAIN_ADDRESS_H

#include <stdbool.h>

#include "main/settings.h"

// The name `localhost` becomes 127.0.0.1. Returns 0 or -EINVAL, with *out untouched.
int address_parse(struct settings_address *out, const char *text);
// The host alone: a name, an IPv4 address, an IPv6 address with or without brackets.
int address_parse_host(char host[SETTINGS_HOST_SIZE], const char *text);
bool address_is_literal(const char *host);
// 127.0.0.0/8 or ::1.
bool address_is_loopback(const char *host);

#endif
