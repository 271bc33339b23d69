// SPDX-License-Identifier: MPL-2.0

#include "api/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/endpoint_request.h"
#include "net/address.h"

static struct slot_entry **find(struct slot_entry **place, roc_slot number)
{
    while (*place != NULL && (*place)->number != number)
        place = &(*place)->next;
    return place;
}

void slots_finish(struct slots *slots)
{
    while (slots->first != NULL) {
        struct slot_entry *entry = slots->first;
        slots->first = entry->next;
        free(entry);
    }
}

int slots_open(struct slots *slots, roc_slot number, struct slot_entry **out,
               struct api_error *error)
{
    struct slot_entry **place = find(&slots->first, number);
    if (*place == NULL) {
        *place = calloc(1, sizeof(**place));
        if (*place == NULL)
            return api_fail(error, -ENOMEM, "out of memory for slot %llu", number);
        (*place)->number = number;
    }
    *out = *place;
    return 0;
}

int slots_check(const struct slots *slots, roc_slot number, struct api_error *error)
{
    const struct slot_entry *entry = slots->first;
    while (entry != NULL && entry->number != number)
        entry = entry->next;
    if (entry == NULL)
        return api_fail(error, -ENOENT, "there is no slot %llu", number);
    return slot_entry_check(entry, error) != 0 ? -ENOENT : 0;
}

int slots_remove(struct slots *slots, roc_slot number, struct api_error *error)
{
    struct slot_entry **place = find(&slots->first, number);
    struct slot_entry *entry = *place;
    if (entry == NULL)
        return api_fail(error, -ENOENT, "there is no slot %llu", number);
    *place = entry->next;
    free(entry);
    return 0;
}

struct slot_interface *slot_entry_interface(struct slot_entry *entry, roc_interface iface)
{
    switch (iface) {
    case ROC_INTERFACE_CONSOLIDATED:
        break;
    case ROC_INTERFACE_AUDIO_SOURCE:
        return &entry->interfaces[1];
    case ROC_INTERFACE_AUDIO_REPAIR:
        return &entry->interfaces[2];
    case ROC_INTERFACE_AUDIO_CONTROL:
        return &entry->interfaces[3];
    }
    return &entry->interfaces[0];
}

int slot_entry_check(const struct slot_entry *entry, struct api_error *error)
{
    if (!entry->is_broken)
        return 0;
    return api_fail(error, -EPIPE,
                    "slot %llu is broken by an earlier failure; unlink it before using it again",
                    entry->number);
}

int slot_entry_configure(struct slot_entry *entry, roc_interface iface,
                         const struct udp_config *config, struct api_error *error)
{
    struct slot_interface *interface = slot_entry_interface(entry, iface);
    if (interface->is_active)
        return api_fail(error, -EBUSY,
                        "the %s interface of slot %llu is in use already; configure it before",
                        interface_name(iface), entry->number);
    interface->config = *config;
    interface->is_configured = true;
    return 0;
}

// `text` has `size` bytes, which a careless caller may have filled without a NUL.
static int parse_ip(struct net_address *out, const char *text, size_t size, const char *field,
                    struct api_error *error)
{
    if (text[0] == '\0')
        return 0;
    if (strnlen(text, size) == size || net_address_parse(out, text, 0) != 0)
        return api_fail(error, -EINVAL,
                        "%s '%.*s' is no literal IP address; use e.g. 192.168.0.2 or fe80::1",
                        field, (int)size, text);
    return 0;
}

int interface_config_parse(struct udp_config *out, const roc_interface_config *config,
                           struct api_error *error)
{
    struct udp_config parsed = {.reuse_address = config->reuse_address != 0};
    int code = parse_ip(&parsed.bind, config->outgoing_address, sizeof(config->outgoing_address),
                        "outgoing_address", error);
    if (code == 0)
        code = parse_ip(&parsed.multicast_interface, config->multicast_group,
                        sizeof(config->multicast_group), "multicast_group", error);
    if (code == 0)
        *out = parsed;
    return code;
}
