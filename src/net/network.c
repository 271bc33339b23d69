// SPDX-License-Identifier: MPL-2.0
//
// The loop of the network thread. Other threads change what it owns only by commands, which it
// runs between two rounds; so it needs no lock while it works.

#include "net/network.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/thread.h"
#include "net/receive_batch.h"
#include "net/udp_open.h"
#include "net/udp_socket.h"
#include "net/wake.h"

#define MAX_EVENTS        64
#define TICK_NS           20000000
#define COMMAND_RETRY_NS  5000000
#define CLOSE_DEADLINE_NS 1000000000
#define REFRESH_NS        1000000000
#define MAX_SLEEP_NS      60000000000

// A command lives on the stack of the thread that waits for it. It is called again in later rounds
// until it returns true.
struct command {
    bool (*run)(struct network *network, void *arg);
    void *arg;
    bool is_done;
    struct command *next;
};

struct ticker {
    void (*fn)(void *arg);
    void *arg;
};

struct network {
    struct impairment_config impairment;
    bool is_impaired;
    _Atomic(struct udp_traffic) traffic;
    atomic_uint opened_count;
    int epoll_fd;
    struct wake wake;
    struct thread *thread;

    pthread_mutex_t mutex;
    pthread_cond_t done_condition;
    struct command *commands; // guarded by mutex, oldest first
    atomic_bool has_commands;

    // The network thread's.
    bool is_stopping;
    struct receive_batch *batch;
    struct udp_socket **sockets;
    size_t socket_count;
    struct ticker *tickers;
    size_t ticker_count;
    int64_t next_tick_ns;
    int64_t next_refresh_ns;
};

// Set on a network thread, to know it again.
static _Thread_local struct network *running_network;

// Commands

static void post_and_wait(struct network *network, struct command *command)
{
    pthread_mutex_lock(&network->mutex);
    struct command **end = &network->commands;
    while (*end != NULL)
        end = &(*end)->next;
    *end = command;
    atomic_store_explicit(&network->has_commands, true, memory_order_relaxed);
    wake_signal(&network->wake);
    while (!command->is_done)
        pthread_cond_wait(&network->done_condition, &network->mutex);
    pthread_mutex_unlock(&network->mutex);
}

// The list as it is now; later ones wait for the next round.
static struct command *take_commands(struct network *network)
{
    pthread_mutex_lock(&network->mutex);
    struct command *commands = network->commands;
    network->commands = NULL;
    atomic_store_explicit(&network->has_commands, false, memory_order_relaxed);
    pthread_mutex_unlock(&network->mutex);
    return commands;
}

static void finish_command(struct network *network, struct command *command)
{
    // The waiter's stack holds the command: it may be gone as soon as the mutex is free.
    pthread_mutex_lock(&network->mutex);
    command->is_done = true;
    pthread_cond_broadcast(&network->done_condition);
    pthread_mutex_unlock(&network->mutex);
}

static void put_back(struct network *network, struct command *command)
{
    pthread_mutex_lock(&network->mutex);
    command->next = network->commands;
    network->commands = command;
    pthread_mutex_unlock(&network->mutex);
}

// Runs the commands that were there at the start. Returns true when one must be called again.
static bool run_commands(struct network *network, bool was_retry)
{
    if (!was_retry && !atomic_load_explicit(&network->has_commands, memory_order_relaxed))
        return false;
    bool must_retry = false;
    struct command *next;
    for (struct command *command = take_commands(network); command != NULL; command = next) {
        next = command->next;
        command->next = NULL;
        if (command->run(network, command->arg)) {
            finish_command(network, command);
        } else {
            put_back(network, command);
            must_retry = true;
        }
    }
    return must_retry;
}

// The rounds of the thread

static void run_tickers(struct network *network)
{
    const int64_t now_ns = clock_monotonic_ns();
    if (network->ticker_count == 0 || now_ns < network->next_tick_ns)
        return;
    network->next_tick_ns = now_ns + TICK_NS;
    for (size_t i = 0; i < network->ticker_count; i++)
        network->tickers[i].fn(network->tickers[i].arg);
}

static void refresh_sockets(struct network *network)
{
    const int64_t now_ns = clock_monotonic_ns();
    if (now_ns < network->next_refresh_ns)
        return;
    network->next_refresh_ns = now_ns + REFRESH_NS;
    for (size_t i = 0; i < network->socket_count; i++)
        udp_socket_refresh(network->sockets[i]);
}

static void watch(struct network *network, struct udp_socket *socket)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = socket};
    if (udp_socket_is_blocked(socket))
        event.events |= EPOLLOUT;
    epoll_ctl(network->epoll_fd, EPOLL_CTL_MOD, udp_socket_fd(socket), &event);
}

static void send_all(struct network *network)
{
    for (size_t i = 0; i < network->socket_count; i++) {
        struct udp_socket *socket = network->sockets[i];
        if (udp_socket_is_blocked(socket))
            continue;
        udp_socket_send(socket);
        if (udp_socket_is_blocked(socket))
            watch(network, socket);
    }
}

static void handle_event(struct network *network, const struct epoll_event *event)
{
    struct udp_socket *socket = event->data.ptr;
    if (event->events & EPOLLERR)
        udp_socket_clear_error(socket);
    if (event->events & EPOLLIN)
        udp_socket_receive(socket, network->batch);
    if ((event->events & (EPOLLOUT | EPOLLERR)) && udp_socket_is_blocked(socket)) {
        udp_socket_unblock(socket);
        watch(network, socket);
    }
}

// How long the thread may sleep.
static int64_t sleep_time_ns(const struct network *network, bool must_retry)
{
    if (atomic_load_explicit(&network->has_commands, memory_order_relaxed))
        return 0;
    int64_t due_ns = INT64_MAX;
    for (size_t i = 0; i < network->socket_count; i++) {
        if (udp_socket_is_sendable(network->sockets[i]))
            return 0;
        const int64_t next_ns = udp_socket_next_send_ns(network->sockets[i]);
        due_ns = next_ns < due_ns ? next_ns : due_ns;
    }
    if (network->ticker_count > 0 && network->next_tick_ns < due_ns)
        due_ns = network->next_tick_ns;
    if (network->socket_count > 0 && network->next_refresh_ns < due_ns)
        due_ns = network->next_refresh_ns;
    const int64_t now_ns = clock_monotonic_ns();
    if (must_retry && due_ns > now_ns + COMMAND_RETRY_NS)
        due_ns = now_ns + COMMAND_RETRY_NS;
    if (due_ns <= now_ns)
        return 0;
    return due_ns - now_ns < MAX_SLEEP_NS ? due_ns - now_ns : MAX_SLEEP_NS;
}

static int sleep_until_event(const struct network *network, struct epoll_event *events,
                             int64_t wait_ns)
{
    const struct timespec wait = {.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};
    const int n = epoll_pwait2(network->epoll_fd, events, MAX_EVENTS, &wait, NULL);
    if (n >= 0 || errno == EINTR)
        return n;
    // Kernels before 5.11 know milliseconds only. Rounded up: a sleep that ends just before the
    // moment would be followed by a busy one.
    return epoll_wait(network->epoll_fd, events, MAX_EVENTS, (int)((wait_ns + 999999) / 1000000));
}

static void run_round(struct network *network, bool *must_retry)
{
    struct epoll_event events[MAX_EVENTS];
    wake_prepare_sleep(&network->wake);
    const int n = sleep_until_event(network, events, sleep_time_ns(network, *must_retry));
    bool is_woken = false;
    for (int i = 0; i < n; i++)
        is_woken |= events[i].data.ptr == NULL;
    wake_resume(&network->wake, is_woken);

    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr != NULL)
            handle_event(network, &events[i]);
    }
    run_tickers(network);
    refresh_sockets(network);
    send_all(network);
    *must_retry = run_commands(network, *must_retry);
}

static void run_thread(void *arg)
{
    struct network *network = arg;
    running_network = network;
    bool must_retry = false;
    while (!network->is_stopping)
        run_round(network, &must_retry);
}

// Life

static bool stop(struct network *network, void *arg)
{
    network->is_stopping = true;
    return true;
}

static int init_epoll(struct network *network)
{
    network->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (network->epoll_fd < 0)
        return -errno;
    const int error = wake_init(&network->wake);
    if (error != 0)
        return error;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(network->epoll_fd, EPOLL_CTL_ADD, network->wake.fd, &event) < 0)
        return -errno;
    return 0;
}

// A seed of the link that was left to chance is drawn once, and each socket's link differs from it
// by its number.
static int init_impairment(struct network *network, const struct impairment_config *config)
{
    network->impairment = *config;
    network->is_impaired = impairment_config_is_set(config);
    if (network->impairment.seed == 0)
        random_fill(&network->impairment.seed, sizeof(network->impairment.seed));
    struct impairment *probe = NULL;
    const int error = impairment_create(&probe, config, 1);
    impairment_destroy(probe);
    return error;
}

int network_create(struct network **out, const struct network_config *config)
{
    if (config == NULL || config->pool == NULL || !udp_traffic_is_valid(&config->traffic))
        return -EINVAL;
    struct network *network = calloc(1, sizeof(*network));
    if (network == NULL)
        return -ENOMEM;
    network->epoll_fd = -1;
    network->wake.fd = -1;
    atomic_init(&network->traffic, config->traffic);
    pthread_mutex_init(&network->mutex, NULL);
    pthread_cond_init(&network->done_condition, NULL);
    int error = init_impairment(network, &config->impairment);
    if (error == 0)
        error = receive_batch_create(&network->batch, config->pool);
    if (error == 0)
        error = init_epoll(network);
    if (error == 0) {
        const struct thread_config thread = {.name = "roc-net", .realtime = true};
        error = thread_create(&network->thread, &thread, run_thread, network);
    }
    if (error != 0)
        goto fail;
    *out = network;
    return 0;

fail:
    network_destroy(network);
    return error;
}

void network_destroy(struct network *network)
{
    if (network == NULL)
        return;
    if (network->thread != NULL) {
        struct command command = {.run = stop};
        post_and_wait(network, &command);
        thread_destroy(network->thread);
    }
    if (network->socket_count > 0)
        log_error("net", "network thread stopped with %zu sockets open", network->socket_count);
    receive_batch_destroy(network->batch);
    wake_finish(&network->wake);
    if (network->epoll_fd >= 0)
        close(network->epoll_fd);
    pthread_cond_destroy(&network->done_condition);
    pthread_mutex_destroy(&network->mutex);
    free(network->sockets);
    free(network->tickers);
    free(network);
}

// Sockets

struct open_request {
    struct udp_socket *socket;
    int error;
};

static int add_socket(struct network *network, struct udp_socket *socket)
{
    struct udp_socket **grown =
        realloc(network->sockets, (network->socket_count + 1) * sizeof(void *));
    if (grown == NULL)
        return -ENOMEM;
    network->sockets = grown;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = socket};
    if (epoll_ctl(network->epoll_fd, EPOLL_CTL_ADD, udp_socket_fd(socket), &event) < 0)
        return -errno;
    network->sockets[network->socket_count++] = socket;
    receive_batch_refill(network->batch);
    return 0;
}

static bool open_in_thread(struct network *network, void *arg)
{
    struct open_request *request = arg;
    request->error = add_socket(network, request->socket);
    return true;
}

int network_open_socket(struct network *network, const struct udp_config *config,
                        struct udp_socket **out)
{
    struct impairment_config impairment = network->impairment;
    impairment.seed += atomic_fetch_add_explicit(&network->opened_count, 1, memory_order_relaxed);
    const struct udp_traffic traffic = atomic_load(&network->traffic);
    struct udp_config own = *config;
    if (own.traffic.dscp == 0)
        own.traffic.dscp = traffic.dscp;
    if (own.traffic.multicast_hops == 0)
        own.traffic.multicast_hops = traffic.multicast_hops;
    struct udp_socket *socket = NULL;
    int error =
        udp_socket_create(&socket, &own, &network->wake, network->is_impaired ? &impairment : NULL);
    if (error != 0)
        return error;
    struct open_request request = {.socket = socket};
    struct command command = {.run = open_in_thread, .arg = &request};
    post_and_wait(network, &command);
    if (request.error != 0) {
        udp_socket_destroy(socket);
        return request.error;
    }
    *out = socket;
    return 0;
}

int network_set_traffic(struct network *network, const struct udp_traffic *traffic)
{
    if (!udp_traffic_is_valid(traffic))
        return -EINVAL;
    atomic_store(&network->traffic, *traffic);
    return 0;
}

struct udp_traffic network_get_traffic(const struct network *network)
{
    return atomic_load(&network->traffic);
}

struct close_request {
    struct udp_socket *socket;
    int64_t deadline_ns; // 0 before the first try
};

static void remove_socket(struct network *network, struct udp_socket *socket)
{
    epoll_ctl(network->epoll_fd, EPOLL_CTL_DEL, udp_socket_fd(socket), NULL);
    for (size_t i = 0; i < network->socket_count; i++) {
        if (network->sockets[i] == socket) {
            network->sockets[i] = network->sockets[--network->socket_count];
            break;
        }
    }
    if (network->socket_count == 0)
        receive_batch_release(network->batch);
}

// Goes on while the kernel is full, but not for ever: an interface that is stuck must not hold up
// whoever closes.
static bool close_in_thread(struct network *network, void *arg)
{
    struct close_request *request = arg;
    const int64_t now_ns = clock_monotonic_ns();
    if (request->deadline_ns == 0) {
        request->deadline_ns = now_ns + CLOSE_DEADLINE_NS;
        udp_socket_hurry(request->socket);
    }
    udp_socket_send(request->socket);
    if (udp_socket_is_blocked(request->socket))
        watch(network, request->socket);
    if (!udp_socket_is_drained(request->socket) && now_ns < request->deadline_ns)
        return false;
    remove_socket(network, request->socket);
    return true;
}

void network_close_socket(struct network *network, struct udp_socket *socket)
{
    if (socket == NULL)
        return;
    struct close_request request = {.socket = socket};
    struct command command = {.run = close_in_thread, .arg = &request};
    post_and_wait(network, &command);
    udp_socket_destroy(socket);
}

// Calls and tickers

struct call {
    void (*fn)(void *arg);
    void *arg;
    int error;
};

static bool call_in_thread(struct network *network, void *arg)
{
    struct call *call = arg;
    call->fn(call->arg);
    return true;
}

void network_run(struct network *network, void (*fn)(void *arg), void *arg)
{
    if (running_network == network) {
        fn(arg);
        return;
    }
    struct call call = {.fn = fn, .arg = arg};
    struct command command = {.run = call_in_thread, .arg = &call};
    post_and_wait(network, &command);
}

static bool add_ticker_in_thread(struct network *network, void *arg)
{
    struct call *call = arg;
    struct ticker *grown = realloc(network->tickers, (network->ticker_count + 1) * sizeof(*grown));
    if (grown == NULL) {
        call->error = -ENOMEM;
        return true;
    }
    network->tickers = grown;
    if (network->ticker_count == 0)
        network->next_tick_ns = clock_monotonic_ns() + TICK_NS;
    network->tickers[network->ticker_count++] = (struct ticker){call->fn, call->arg};
    return true;
}

int network_add_ticker(struct network *network, void (*fn)(void *arg), void *arg)
{
    struct call call = {.fn = fn, .arg = arg};
    struct command command = {.run = add_ticker_in_thread, .arg = &call};
    post_and_wait(network, &command);
    return call.error;
}

static bool remove_ticker_in_thread(struct network *network, void *arg)
{
    const struct call *call = arg;
    for (size_t i = 0; i < network->ticker_count; i++) {
        if (network->tickers[i].fn == call->fn && network->tickers[i].arg == call->arg) {
            network->tickers[i] = network->tickers[--network->ticker_count];
            break;
        }
    }
    return true;
}

void network_remove_ticker(struct network *network, void (*fn)(void *arg), void *arg)
{
    struct call call = {.fn = fn, .arg = arg};
    struct command command = {.run = remove_ticker_in_thread, .arg = &call};
    post_and_wait(network, &command);
}
