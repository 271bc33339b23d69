// SPDX-License-Identifier: MPL-2.0
#include "p2p/port.h"

#include <string.h>

#include "p2p/link.h"
#include "p2p/remote.h"
#include "p2p/requests.h"
#include "p2p/session.h"

static void port_request(void *impl, const char *peer_uid, const struct request *request,
                         reply_fn fn, void *arg)
{
    requests_send(impl, peer_uid, request, fn, arg);
}

static json_t *get_entry(const struct p2p *p2p, const char *peer_uid)
{
    char uri[URI_SIZE];
    uri_peer(uri, peer_uid);
    const struct registry_entry *entry = registry_get(p2p->config.registry, uri);
    return entry != NULL ? json_incref(entry->body) : NULL;
}

static struct link *find_link(const struct p2p *p2p, const char *uid)
{
    struct link *link = p2p->links;
    while (link != NULL && strcmp(link_get_uid(link), uid) != 0)
        link = link_get_next(link);
    return link;
}

static int port_add_address(void *impl, const char *address, json_t **out, struct api_error *error)
{
    struct p2p *p2p = impl;
    struct link *link;
    if (link_add(&link, p2p, address, error) != 0)
        return -1;
    json_t *document = json_pack("{s:s}", "address", link_get_address(link));
    int rc = store_put(p2p->config.store, "peer", link_get_uid(link), document, error);
    json_decref(document);
    if (rc != 0) {
        link_remove(link);
        return -1;
    }
    const struct remote *remote = link_get_remote(link);
    json_t *entry = get_entry(p2p, remote != NULL ? remote->view.uid : link_get_uid(link));
    if (entry == NULL) // the address was found to be this peer's own
        entry = get_entry(p2p, p2p->identity.uid);
    if (entry == NULL)
        return error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
    *out = entry;
    return 0;
}

static int update_self(struct p2p *p2p, const struct peer *changed, struct api_error *error)
{
    json_t *document = json_pack("{s:s}", "value", changed->display_name);
    int rc = store_put(p2p->config.store, "setting", "display_name", document, error);
    json_decref(document);
    if (rc != 0)
        return -1;
    p2p->self = *changed;
    remote_publish_view(p2p, &p2p->self);
    for (struct session *at = p2p->sessions; at != NULL; at = at->next)
        session_ping(at, p2p_now_ms(), p2p->self.display_name);
    return 0;
}

static int update_remote(struct remote *remote, const struct peer *changed, struct api_error *error)
{
    if (strcmp(changed->display_name, remote->view.display_name) != 0)
        return error_set(error, ERROR_CONFLICT, "display_name",
                         "A peer names itself: change display_name at %s, by its own /peers/self.",
                         remote->view.display_name);
    return changed->trust == remote->view.trust ? 0
                                                : remote_set_trust(remote, changed->trust, error);
}

static int port_update(void *impl, const char *peer_uid, const json_t *body, enum parse_mode mode,
                       json_t **out, struct api_error *error)
{
    struct p2p *p2p = impl;
    bool is_self = strcmp(peer_uid, p2p->identity.uid) == 0;
    struct remote *remote = is_self ? NULL : remote_find(p2p, peer_uid);
    if (!is_self && remote == NULL)
        return find_link(p2p, peer_uid) != NULL
                   ? error_set(error, ERROR_CONFLICT, NULL,
                               "Nobody has answered at this address yet, so there is nothing to "
                               "set.")
                   : error_set(error, ERROR_NOT_FOUND, NULL, "There is no peer %s.", peer_uid);
    struct peer changed = is_self ? p2p->self : remote->view;
    if (peer_parse(&changed, body, mode, error) != 0)
        return -1;
    int rc = is_self ? update_self(p2p, &changed, error) : update_remote(remote, &changed, error);
    if (rc != 0)
        return -1;
    *out = get_entry(p2p, peer_uid);
    return *out != NULL ? 0 : error_set(error, ERROR_INTERNAL, NULL, "Out of memory.");
}

static int port_remove(void *impl, const char *peer_uid, struct api_error *error)
{
    struct p2p *p2p = impl;
    if (strcmp(peer_uid, p2p->identity.uid) == 0)
        return error_set(error, ERROR_CONFLICT, NULL, "A peer cannot remove itself.");
    struct remote *remote = remote_find(p2p, peer_uid);
    if (store_delete(p2p->config.store, "peer", peer_uid, error) != 0)
        return -1;
    for (struct link *link = p2p->links, *next; link != NULL; link = next) {
        next = link_get_next(link);
        if ((remote != NULL && link_get_remote(link) == remote) ||
            strcmp(link_get_uid(link), peer_uid) == 0)
            link_remove(link);
    }
    if (remote != NULL)
        remote_forget(remote);
    return 0;
}

static const char *port_get_host(void *impl, const char *peer_uid)
{
    const struct remote *remote = remote_find(impl, peer_uid);
    const struct session *session = remote != NULL ? session_choose(remote) : NULL;
    return session != NULL ? session->host : NULL;
}

void port_init(struct p2p *p2p)
{
    p2p->port = (struct peer_port){
        .impl = p2p,
        .request = port_request,
        .add_address = port_add_address,
        .update = port_update,
        .remove = port_remove,
        .get_host = port_get_host,
    };
}
