// SPDX-License-Identifier: MPL-2.0

#include "stream/interleaver.h"

#include <errno.h>
#include <stdlib.h>

#include "base/random.h"

struct interleaver {
    unsigned block_length;
    packet_output_fn output;
    void *output_arg;
    unsigned *order; // places in the block, in the order in which they leave
    struct {
        unsigned filled; // places 0..filled-1 of this block have come
        unsigned left;   // of order, those that have left
        struct packet **place;
    } rt;
};

static void draw_order(struct interleaver *interleaver)
{
    uint64_t seed;
    random_fill(&seed, sizeof(seed));
    struct random random;
    random_init(&random, seed);
    unsigned *order = interleaver->order;
    for (unsigned i = 0; i < interleaver->block_length; i++) {
        unsigned other = random_below(&random, i + 1);
        order[i] = order[other];
        order[other] = i;
    }
}

int interleaver_create(struct interleaver **out, unsigned block_length, packet_output_fn output,
                       void *output_arg)
{
    if (block_length == 0 || !output)
        return -EINVAL;

    struct interleaver *interleaver = calloc(1, sizeof(*interleaver));
    if (!interleaver)
        return -ENOMEM;
    interleaver->block_length = block_length;
    interleaver->output = output;
    interleaver->output_arg = output_arg;
    interleaver->order = calloc(block_length, sizeof(*interleaver->order));
    interleaver->rt.place = calloc(block_length, sizeof(struct packet *));
    if (!interleaver->order || !interleaver->rt.place)
        goto fail;
    draw_order(interleaver);
    *out = interleaver;
    return 0;

fail:
    interleaver_destroy(interleaver);
    return -ENOMEM;
}

void interleaver_destroy(struct interleaver *interleaver)
{
    if (!interleaver)
        return;
    for (unsigned i = 0; interleaver->rt.place && i < interleaver->block_length; i++)
        packet_unref(interleaver->rt.place[i]);
    free(interleaver->rt.place);
    free(interleaver->order);
    free(interleaver);
}

static void emit_those_whose_turn_it_is(struct interleaver *interleaver)
{
    while (interleaver->rt.left < interleaver->rt.filled) {
        unsigned place = interleaver->order[interleaver->rt.left];
        if (place >= interleaver->rt.filled)
            return;
        struct packet *packet = interleaver->rt.place[place];
        interleaver->rt.place[place] = NULL;
        interleaver->rt.left++;
        if (packet)
            interleaver->output(packet, interleaver->output_arg);
    }
}

void interleaver_push(struct interleaver *interleaver, struct packet *packet)
{
    interleaver->rt.place[interleaver->rt.filled++] = packet;
    emit_those_whose_turn_it_is(interleaver);
    // When the last place is filled nothing is left to wait for, so a block never overlaps the
    // next.
    if (interleaver->rt.filled == interleaver->block_length) {
        interleaver->rt.filled = 0;
        interleaver->rt.left = 0;
    }
}
