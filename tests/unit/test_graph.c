// SPDX-License-Identifier: MPL-2.0
//
// The graph with ports of memory and a clock that the test turns.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "device/device.h"
#include "graph/graph.h"
#include "realtime_trap.h"
#include "sound_files.h"

#define MS         INT64_C(1000000)
#define MAX_FRAMES 600000

struct memory_port {
    unsigned channels;
    float level;  // of a source: every sample; 0 for noise
    size_t limit; // of a source: frames that it has, or a sink: that fit, per step
    size_t ready; // frames that a source with a pace of its own has
    uint64_t position;
    unsigned calls; // of read or write
    unsigned starts, first_starts;
    int by_clock;
    float *samples; // that a sink got
};

static unsigned destroyed;

static float source_sample(const struct memory_port *port, uint64_t position)
{
    return port->level != 0 ? port->level : (float)noise_sample(position) / 32768;
}

static size_t read_memory(void *self, float *samples, size_t frames)
{
    struct memory_port *port = self;
    port->calls++;
    if (frames > port->limit)
        frames = port->limit;
    port->limit -= port->limit == SIZE_MAX ? 0 : frames;
    port->ready -= frames < port->ready ? frames : port->ready;
    for (size_t i = 0; i < frames * port->channels; i++)
        samples[i] = source_sample(port, port->position * port->channels + i);
    port->position += frames;
    return frames;
}

static size_t get_ready(void *self, int64_t now_ns)
{
    return ((struct memory_port *)self)->ready;
}

static void set_paced(void *self, bool by_clock)
{
    ((struct memory_port *)self)->by_clock = by_clock;
}

static void start(void *self, bool is_first)
{
    struct memory_port *port = self;
    port->starts++;
    port->first_starts += is_first;
}

static size_t write_memory(void *self, const float *samples, size_t frames)
{
    struct memory_port *port = self;
    port->calls++;
    if (frames > port->limit)
        frames = port->limit;
    port->limit -= port->limit == SIZE_MAX ? 0 : frames;
    if (port->position + frames > MAX_FRAMES)
        abort();
    memcpy(port->samples + port->position * port->channels, samples,
           frames * port->channels * sizeof(float));
    port->position += frames;
    return frames;
}

static size_t get_writable(void *self)
{
    return ((struct memory_port *)self)->limit;
}

static void destroy(void *self)
{
    struct memory_port *port = self;
    destroyed++;
    free(port->samples);
    free(port);
}

static const struct port_ops source_ops = {.read = read_memory, .start = start, .destroy = destroy};
static const struct port_ops paced_source_ops = {
    .read = read_memory, .ready = get_ready, .set_paced = set_paced, .destroy = destroy};
static const struct port_ops sink_ops = {.write = write_memory, .destroy = destroy};
static const struct port_ops clockless_sink_ops = {
    .write = write_memory, .writable = get_writable, .destroy = destroy};

struct fixture {
    struct graph *graph;
    int64_t now_ns;
};

static int setup(void **state)
{
    static struct fixture fixture;
    const struct graph_config config = {.manual = true};
    destroyed = 0;
    fixture.now_ns = 123456789;
    *state = &fixture;
    return graph_create(&fixture.graph, &config);
}

static int teardown(void **state)
{
    graph_destroy(((struct fixture *)*state)->graph);
    return 0;
}

static struct memory_port *add_port(struct graph *graph, const struct port_ops *ops,
                                    unsigned rate_hz, unsigned channels, uint64_t *id)
{
    struct memory_port *port = calloc(1, sizeof(*port));
    port->channels = channels;
    port->limit = SIZE_MAX;
    if (ops->write != NULL)
        port->samples = calloc((size_t)MAX_FRAMES * channels, sizeof(float));
    const struct port_config config = {.ops = ops,
                                       .self = port,
                                       .is_source = ops->read != NULL,
                                       .rate_hz = rate_hz,
                                       .channels = channels};
    assert_int_equal(graph_add_port(graph, &config, id), 0);
    return port;
}

static uint64_t add_link(struct graph *graph, uint64_t source, uint64_t sink)
{
    const struct graph_link_config config = {.gain = 1};
    uint64_t id = 0;
    assert_int_equal(graph_link(graph, source, sink, &config, &id), 0);
    assert_int_not_equal(id, 0);
    return id;
}

static void run_for(struct fixture *fixture, int64_t duration_ns, int64_t step_ns)
{
    const int64_t end_ns = fixture->now_ns + duration_ns;
    graph_tick(fixture->graph, fixture->now_ns);
    while (fixture->now_ns < end_ns) {
        fixture->now_ns += step_ns;
        graph_tick(fixture->graph, fixture->now_ns);
    }
}

static void assert_is_noise(const struct memory_port *sink)
{
    for (uint64_t i = 0; i < sink->position * sink->channels; i++)
        if (sink->samples[i] != (float)noise_sample(i) / 32768)
            fail_msg("sample %d differs", (int)i);
}

static void test_graph_follows_clock_without_drift(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b, c, d;
    add_port(f->graph, &source_ops, 44100, 2, &a);
    struct memory_port *sink = add_port(f->graph, &sink_ops, 44100, 2, &b);
    add_port(f->graph, &source_ops, 48000, 1, &c);
    struct memory_port *other = add_port(f->graph, &sink_ops, 48000, 1, &d);
    add_link(f->graph, a, b);
    add_link(f->graph, c, d);
    // Ticks that come irregularly, and not as often as periods.
    run_for(f, 10000 * MS, 7 * MS);
    f->now_ns += 5 * MS;
    graph_tick(f->graph, f->now_ns);
    const int64_t passed_ns = (f->now_ns - 123456789) / (5 * MS) * (5 * MS);
    assert_int_equal(sink->position, passed_ns * 441 / 10000000);
    assert_int_equal(other->position, passed_ns * 48 / 1000000);
    assert_is_noise(sink);
    assert_is_noise(other);
}

static void test_graph_passes_samples_unchanged_at_gain_1(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b;
    struct memory_port *source = add_port(f->graph, &source_ops, 44100, 2, &a);
    struct memory_port *sink = add_port(f->graph, &sink_ops, 44100, 2, &b);
    source->level = 1.75f;
    add_link(f->graph, a, b);
    run_for(f, 50 * MS, 5 * MS);
    assert_int_equal(sink->position, 2205);
    for (size_t i = 0; i < 4410; i++)
        assert_true(sink->samples[i] == 1.75f);
}

static void test_graph_makes_up_for_a_stall_of_a_second_at_most(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b;
    add_port(f->graph, &source_ops, 48000, 1, &a);
    struct memory_port *sink = add_port(f->graph, &sink_ops, 48000, 1, &b);
    add_link(f->graph, a, b);
    run_for(f, 100 * MS, 5 * MS);
    assert_int_equal(sink->position, 4800);
    run_for(f, 600 * MS, 600 * MS);
    assert_int_equal(sink->position, 4800 + 28800);
    run_for(f, 5000 * MS, 5000 * MS);
    assert_int_equal(sink->position, 4800 + 28800 + 48000);
    run_for(f, 10 * MS, 5 * MS);
    assert_int_equal(sink->position, 4800 + 28800 + 48000 + 480);
    assert_is_noise(sink);
}

static void test_graph_skips_nothing_of_a_source_that_is_late(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b, c;
    struct memory_port *source = add_port(f->graph, &source_ops, 48000, 1, &a);
    struct memory_port *sink = add_port(f->graph, &sink_ops, 48000, 1, &b);
    struct memory_port *recorder = add_port(f->graph, &clockless_sink_ops, 48000, 1, &c);
    add_link(f->graph, a, b);
    add_link(f->graph, a, c);
    source->limit = 1000;
    run_for(f, 100 * MS, 5 * MS);
    assert_int_equal(sink->position, 1000);
    source->limit = SIZE_MAX;
    run_for(f, 5 * MS, 5 * MS);
    assert_int_equal(sink->position, 105 * 48);
    // More than a second late: the past is given up, but not a frame.
    source->limit = 0;
    run_for(f, 3000 * MS, 5 * MS);
    source->limit = SIZE_MAX;
    run_for(f, 5 * MS, 5 * MS);
    assert_int_equal(sink->position, 105 * 48 + 48000);
    assert_int_equal(recorder->position, sink->position);
    assert_is_noise(sink);
    assert_is_noise(recorder);
}

static void test_graph_recorder_follows_source_with_a_pace(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b, c;
    struct memory_port *source = add_port(f->graph, &paced_source_ops, 48000, 2, &a);
    struct memory_port *sink = add_port(f->graph, &clockless_sink_ops, 48000, 2, &b);
    struct memory_port *other = add_port(f->graph, &clockless_sink_ops, 48000, 2, &c);
    add_link(f->graph, a, b);
    add_link(f->graph, a, c);
    run_for(f, 1000 * MS, 5 * MS);
    assert_int_equal(sink->position, 0);
    assert_int_equal(source->by_clock, 0);
    source->ready = 10000;
    run_for(f, 5 * MS, 5 * MS);
    assert_int_equal(sink->position, 10000);
    // The recorder with the least room decides, and nothing is lost.
    source->ready = 1000;
    other->limit = 300;
    run_for(f, 20 * MS, 5 * MS);
    assert_int_equal(sink->position, 10300);
    other->limit = SIZE_MAX;
    run_for(f, 5 * MS, 5 * MS);
    assert_int_equal(sink->position, 11000);
    assert_int_equal(other->position, 11000);
    assert_is_noise(sink);
    assert_is_noise(other);
}

static void test_graph_recorder_of_a_player_is_clocked_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b;
    add_port(f->graph, &source_ops, 48000, 1, &a);
    struct memory_port *sink = add_port(f->graph, &clockless_sink_ops, 48000, 1, &b);
    add_link(f->graph, a, b);
    sink->limit = 100;
    run_for(f, 100 * MS, 5 * MS);
    assert_int_equal(sink->position, 100);
    sink->limit = SIZE_MAX;
    run_for(f, 5 * MS, 5 * MS);
    assert_int_equal(sink->position, 105 * 48);
    assert_is_noise(sink);
}

static void test_graph_reads_shared_source_once_a_step(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b, c;
    struct memory_port *source = add_port(f->graph, &paced_source_ops, 48000, 1, &a);
    struct memory_port *clocked = add_port(f->graph, &sink_ops, 48000, 1, &b);
    struct memory_port *recorder = add_port(f->graph, &clockless_sink_ops, 48000, 1, &c);
    add_link(f->graph, a, b);
    add_link(f->graph, a, c);
    run_for(f, 500 * MS, 5 * MS);
    assert_int_equal(source->calls, 100);
    assert_int_equal(source->by_clock, 1);
    assert_int_equal(clocked->position, 24000);
    assert_int_equal(recorder->position, 24000);
    assert_is_noise(clocked);
    assert_is_noise(recorder);
}

static void test_graph_counts_what_a_sink_did_not_take(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b;
    add_port(f->graph, &source_ops, 48000, 1, &a);
    struct memory_port *sink = add_port(f->graph, &sink_ops, 48000, 1, &b);
    add_link(f->graph, a, b);
    sink->limit = 1000;
    run_for(f, 100 * MS, 5 * MS);
    struct graph_port_metrics metrics;
    assert_int_equal(graph_get_metrics(f->graph, b, &metrics), 0);
    assert_int_equal(metrics.frames, 1000);
    assert_int_equal(metrics.dropped_frames, 3800);
    assert_int_equal(metrics.links, 1);
}

static void test_graph_mixes_and_clips(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b, c;
    struct memory_port *one = add_port(f->graph, &source_ops, 48000, 1, &a);
    struct memory_port *two = add_port(f->graph, &source_ops, 48000, 2, &b);
    struct memory_port *sink = add_port(f->graph, &sink_ops, 48000, 2, &c);
    one->level = 0.25f;
    two->level = 0.5f;
    add_link(f->graph, a, c);
    const uint64_t link = add_link(f->graph, b, c);
    run_for(f, 5 * MS, 5 * MS);
    // Mono goes to both sides.
    for (size_t i = 0; i < 480; i++)
        assert_true(sink->samples[i] == 0.75f);
    one->level = 0.75f;
    two->level = 0.75f;
    run_for(f, 5 * MS, 5 * MS);
    for (size_t i = 480; i < 960; i++)
        assert_true(sink->samples[i] == 1.0f);
    // One of several that is late gives silence; the other goes on.
    two->limit = 100;
    run_for(f, 5 * MS, 5 * MS);
    assert_int_equal(sink->position, 720);
    assert_true(sink->samples[2 * 579] == 1.0f);
    assert_true(sink->samples[2 * 580] == 0.75f);
    struct graph_port_metrics metrics;
    graph_get_metrics(f->graph, c, &metrics);
    assert_true(metrics.peak == 1.0f);
    assert_int_equal(graph_unlink(f->graph, link), 0);
    run_for(f, 5 * MS, 5 * MS);
    assert_true(sink->samples[2 * 800] == 0.75f);
    graph_get_metrics(f->graph, c, &metrics);
    assert_true(metrics.peak == 0.75f);
    graph_get_metrics(f->graph, c, &metrics);
    assert_true(metrics.peak == 0.0f);
}

static void test_graph_gain_moves_in_a_short_ramp(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b;
    struct memory_port *source = add_port(f->graph, &source_ops, 48000, 1, &a);
    struct memory_port *sink = add_port(f->graph, &sink_ops, 48000, 1, &b);
    source->level = 0.5f;
    const uint64_t link = add_link(f->graph, a, b);
    run_for(f, 10 * MS, 5 * MS);
    const struct graph_link_config muted = {.gain = 1, .is_muted = true};
    assert_int_equal(graph_set_link(f->graph, link, &muted), 0);
    run_for(f, 20 * MS, 5 * MS);
    assert_true(sink->samples[479] == 0.5f);
    for (size_t i = 480; i < 480 + 241; i++) {
        assert_true(sink->samples[i] < sink->samples[i - 1]);
        assert_true(sink->samples[i] > sink->samples[i - 1] - 0.01f);
    }
    for (size_t i = 480 + 241; i < sink->position; i++)
        assert_true(sink->samples[i] == 0);

    const struct graph_link_config open = {.gain = 1};
    assert_int_equal(graph_set_link(f->graph, link, &open), 0);
    run_for(f, 20 * MS, 5 * MS);
    // Back at exactly 1: the very samples pass.
    source->level = 0;
    const uint64_t from = sink->position;
    const uint64_t at = source->position;
    run_for(f, 20 * MS, 5 * MS);
    for (uint64_t i = 0; i < 960; i++)
        assert_true(sink->samples[from + i] == (float)noise_sample(at + i) / 32768);
}

static void test_graph_first_gain_of_a_link_needs_no_ramp(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b, id;
    struct memory_port *source = add_port(f->graph, &source_ops, 48000, 1, &a);
    struct memory_port *sink = add_port(f->graph, &sink_ops, 48000, 1, &b);
    source->level = 0.5f;
    const struct graph_link_config config = {.gain = 0.5f};
    assert_int_equal(graph_link(f->graph, a, b, &config, &id), 0);
    run_for(f, 5 * MS, 5 * MS);
    assert_int_equal(sink->position, 240);
    for (size_t i = 0; i < 240; i++)
        assert_true(sink->samples[i] == 0.25f);
}

static void test_graph_reads_unlinked_source_with_a_pace_by_clock(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b;
    struct memory_port *network = add_port(f->graph, &paced_source_ops, 48000, 1, &a);
    struct memory_port *player = add_port(f->graph, &source_ops, 48000, 1, &b);
    run_for(f, 1000 * MS, 5 * MS);
    assert_int_equal(network->position, 48000);
    assert_int_equal(network->by_clock, 1);
    assert_int_equal(player->position, 0);
}

static void test_graph_tells_a_source_when_it_begins_to_be_heard(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b, c;
    struct memory_port *source = add_port(f->graph, &source_ops, 48000, 1, &a);
    add_port(f->graph, &sink_ops, 48000, 1, &b);
    add_port(f->graph, &sink_ops, 48000, 1, &c);
    const uint64_t first = add_link(f->graph, a, b);
    assert_int_equal(source->first_starts, 1);
    const uint64_t second = add_link(f->graph, a, c);
    assert_int_equal(source->first_starts, 1);
    assert_int_equal(source->starts, 2);
    run_for(f, 10 * MS, 5 * MS);
    assert_int_equal(graph_unlink(f->graph, first), 0);
    assert_int_equal(graph_unlink(f->graph, second), 0);
    const uint64_t position = source->position;
    run_for(f, 10 * MS, 5 * MS);
    assert_int_equal(source->position, position);
    add_link(f->graph, a, b);
    assert_int_equal(source->first_starts, 2);
}

static void test_graph_refuses_misuse(void **state)
{
    struct fixture *f = *state;
    uint64_t source, sink, fast, id = 0;
    add_port(f->graph, &source_ops, 44100, 1, &source);
    add_port(f->graph, &sink_ops, 44100, 1, &sink);
    add_port(f->graph, &sink_ops, 48000, 1, &fast);
    const struct graph_link_config config = {.gain = 1};
    const struct graph_link_config bad = {.gain = NAN};
    assert_int_equal(graph_link(f->graph, source, 999, &config, &id), -ENOENT);
    assert_int_equal(graph_link(f->graph, 0, sink, &config, &id), -ENOENT);
    assert_int_equal(graph_link(f->graph, sink, source, &config, &id), -EINVAL);
    assert_int_equal(graph_link(f->graph, source, source, &config, &id), -EINVAL);
    assert_int_equal(graph_link(f->graph, source, sink, &bad, &id), -EINVAL);
    assert_int_equal(graph_link(f->graph, source, fast, &config, &id), -ENOTSUP);
    assert_int_equal(id, 0);
    assert_int_equal(graph_link(f->graph, source, sink, &config, &id), 0);
    const uint64_t link = id;
    assert_int_equal(graph_link(f->graph, source, sink, &config, &id), -EEXIST);
    assert_int_equal(graph_set_link(f->graph, link, &bad), -EINVAL);
    assert_int_equal(graph_set_link(f->graph, 999, &config), -ENOENT);
    assert_int_equal(graph_unlink(f->graph, 999), -ENOENT);
    // Numbers of ports are no numbers of links.
    assert_int_equal(graph_unlink(f->graph, source), -ENOENT);
    assert_int_equal(graph_remove_port(f->graph, link), -ENOENT);

    assert_int_equal(graph_remove_port(f->graph, sink), 0);
    assert_int_equal(destroyed, 1);
    assert_int_equal(graph_remove_port(f->graph, sink), -ENOENT);
    assert_int_equal(graph_unlink(f->graph, link), -ENOENT);
    assert_null(graph_get_port(f->graph, sink));
    struct graph_port_metrics metrics;
    assert_int_equal(graph_get_metrics(f->graph, sink, &metrics), -ENOENT);
    assert_int_equal(graph_get_metrics(f->graph, source, &metrics), 0);
    assert_int_equal(metrics.links, 0);
    run_for(f, 10 * MS, 5 * MS);
}

static void test_graph_takes_ports_also_on_failure(void **state)
{
    struct fixture *f = *state;
    uint64_t id = 77;
    const struct port_config config = {
        .ops = &source_ops, .self = calloc(1, sizeof(struct memory_port)), .is_source = true};
    assert_int_equal(graph_add_port(f->graph, &config, &id), -EINVAL);
    assert_int_equal(destroyed, 1);
    assert_int_equal(id, 77);
    struct graph *graph = NULL;
    const struct graph_config bad[] = {
        {.period_ns = 1}, {.period_ns = -5}, {.period_ns = 1000 * MS}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(graph_create(&graph, &bad[i]), -EINVAL);
    assert_null(graph);
    graph_destroy(NULL);
}

static void test_graph_step_takes_no_lock_and_no_memory(void **state)
{
    struct fixture *f = *state;
    uint64_t a, b, c, d;
    if (!REALTIME_TRAP_WORKS)
        skip();
    add_port(f->graph, &source_ops, 48000, 1, &a);
    add_port(f->graph, &paced_source_ops, 48000, 2, &b);
    add_port(f->graph, &sink_ops, 48000, 2, &c);
    add_port(f->graph, &clockless_sink_ops, 48000, 1, &d);
    add_link(f->graph, a, c);
    add_link(f->graph, b, c);
    const uint64_t link = add_link(f->graph, b, d);
    run_for(f, 5 * MS, 5 * MS);
    const struct graph_link_config config = {.gain = 0.3f};
    graph_set_link(f->graph, link, &config);
    realtime_trap_start();
    run_for(f, 700 * MS, 5 * MS);
    run_for(f, 700 * MS, 700 * MS);
    assert_int_equal(realtime_trap_stop(), 0);
}

static void test_graph_step_with_files_takes_no_lock_and_no_memory(void **state)
{
    struct fixture *f = *state;
    struct temp_dir dir;
    struct device *player, *recorder;
    uint64_t a, b;
    if (!REALTIME_TRAP_WORKS)
        skip();
    temp_dir_init(&dir);
    write_noise(temp_path(&dir, "in.wav"), SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, 2, 20000);
    const struct device_config in = {.kind = DEVICE_FILE_PLAYER, .path = temp_path(&dir, "in.wav")};
    assert_int_equal(device_open(&player, &in, NULL), 0);
    const struct device_config out = {.kind = DEVICE_FILE_RECORDER,
                                      .path = temp_path(&dir, "out.wav")};
    assert_int_equal(device_open(&recorder, &out, NULL), 0);
    const struct port_config source = port_of_device(player);
    const struct port_config sink = port_of_device(recorder);
    assert_int_equal(graph_add_port(f->graph, &source, &a), 0);
    assert_int_equal(graph_add_port(f->graph, &sink, &b), 0);
    add_link(f->graph, a, b);
    unsigned hits = 0;
    for (int i = 0; i < 2000 && device_get_state(player).run != DEVICE_FINISHED; i++) {
        realtime_trap_start();
        run_for(f, 5 * MS, 5 * MS);
        hits += realtime_trap_stop();
        sleep_ms(1);
    }
    assert_int_equal(hits, 0);
    assert_int_equal(device_get_state(player).run, DEVICE_FINISHED);
    assert_int_equal(graph_remove_port(f->graph, b), 0);
    SF_INFO info;
    int16_t *samples = read_samples(temp_path(&dir, "out.wav"), &info);
    assert_true(info.frames >= 20000);
    for (size_t i = 0; i < 40000; i++)
        if (samples[i] != noise_sample(i))
            fail_msg("sample %d differs", (int)i);
    free(samples);
    static const char *const names[] = {"in.wav", "out.wav", NULL};
    temp_dir_finish(&dir, names);
}

// With the real thread and clock: plans change under it, and sound goes on.
static void test_graph_thread_takes_new_plans(void **state)
{
    struct graph *graph = NULL;
    const struct graph_config config = {.period_ns = 1 * MS};
    assert_int_equal(graph_create(&graph, &config), 0);
    uint64_t a, b, c;
    struct graph_port_metrics metrics;
    add_port(graph, &source_ops, 8000, 1, &a);
    add_port(graph, &sink_ops, 8000, 1, &b);
    add_port(graph, &sink_ops, 8000, 2, &c);
    add_link(graph, a, b);
    for (int i = 0; i < 100; i++) {
        const uint64_t link = add_link(graph, a, c);
        assert_int_equal(graph_unlink(graph, link), 0);
    }
    const uint64_t link = add_link(graph, a, c);
    WAIT_UNTIL(graph_get_metrics(graph, c, &metrics) == 0 && metrics.frames > 80);
    assert_true(metrics.frames > 80);
    assert_int_equal(graph_unlink(graph, link), 0);
    assert_int_equal(graph_get_metrics(graph, c, &metrics), 0);
    const uint64_t frames = metrics.frames;
    sleep_ms(10);
    assert_int_equal(graph_get_metrics(graph, c, &metrics), 0);
    assert_int_equal(metrics.frames, frames);
    assert_int_equal(graph_remove_port(graph, a), 0);
    graph_destroy(graph);
    assert_int_equal(destroyed, 3);
}

#define graph_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        graph_test(test_graph_follows_clock_without_drift),
        graph_test(test_graph_passes_samples_unchanged_at_gain_1),
        graph_test(test_graph_makes_up_for_a_stall_of_a_second_at_most),
        graph_test(test_graph_skips_nothing_of_a_source_that_is_late),
        graph_test(test_graph_recorder_follows_source_with_a_pace),
        graph_test(test_graph_recorder_of_a_player_is_clocked_and_loses_nothing),
        graph_test(test_graph_reads_shared_source_once_a_step),
        graph_test(test_graph_counts_what_a_sink_did_not_take),
        graph_test(test_graph_mixes_and_clips),
        graph_test(test_graph_gain_moves_in_a_short_ramp),
        graph_test(test_graph_first_gain_of_a_link_needs_no_ramp),
        graph_test(test_graph_reads_unlinked_source_with_a_pace_by_clock),
        graph_test(test_graph_tells_a_source_when_it_begins_to_be_heard),
        graph_test(test_graph_refuses_misuse),
        graph_test(test_graph_takes_ports_also_on_failure),
        graph_test(test_graph_step_takes_no_lock_and_no_memory),
        graph_test(test_graph_step_with_files_takes_no_lock_and_no_memory),
        graph_test(test_graph_thread_takes_new_plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
