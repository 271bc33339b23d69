// SPDX-License-Identifier: MPL-2.0

#include "stream/fec_block.h"

#include <errno.h>
#include <stdlib.h>

#include "fec/rs8m.h"
#include "stream/interleaver.h"

static int check(const struct fec_block_config *config)
{
    const unsigned max = fecframe_max_block_length(config->scheme);
    if (config->symbol_size == 0 || config->source_packets < 1 || config->source_packets > max ||
        config->repair_packets > max - config->source_packets)
        return -EINVAL;
    if (config->scheme != FEC_LDPC)
        return 0;
    if (config->repair_packets < LDPC_MIN_REPAIR)
        return -EINVAL;
    return config->source_packets + config->repair_packets > LDPC_MAX_SYMBOLS ? -ENOTSUP : 0;
}

static int create_code(struct fec_block *block, struct ldpc_cache *cache)
{
    block->code.source_symbols = calloc(block->k, sizeof(*block->code.source_symbols));
    block->code.repair_symbols = calloc(block->r, sizeof(*block->code.repair_symbols));
    block->code.spare_symbol = malloc(block->code.symbol_size);
    if (!block->code.source_symbols || !block->code.repair_symbols || !block->code.spare_symbol)
        return -ENOMEM;
    if (block->code.scheme == FEC_LDPC)
        return ldpc_cache_get(cache, &block->code.ldpc, block->k, block->r);
    return rs8m_encoder_create(&block->code.rs8m, block->k, block->r);
}

static int fill(struct fec_block *block, const struct fec_block_config *config)
{
    // One more, because none is not a size that every calloc knows.
    block->sources = calloc(block->k, sizeof(struct packet *));
    block->repairs = calloc(block->r + 1, sizeof(struct packet *));
    if (!block->sources || !block->repairs)
        return -ENOMEM;
    int error = 0;
    if (block->r > 0)
        error = create_code(block, config->ldpc_cache);
    if (error || !config->interleaving)
        return error;
    return interleaver_create(&block->interleaver, block->k + block->r, config->output,
                              config->output_arg);
}

int fec_block_create(struct fec_block **out, const struct fec_block_config *config)
{
    int error = check(config);
    if (error)
        return error;

    struct fec_block *block = calloc(1, sizeof(*block));
    if (!block)
        return -ENOMEM;
    block->k = config->source_packets;
    block->r = config->repair_packets;
    block->code.scheme = config->scheme;
    block->code.symbol_size = config->symbol_size;
    error = fill(block, config);
    if (error)
        goto fail;
    *out = block;
    return 0;

fail:
    fec_block_destroy(block);
    return error;
}

void fec_block_destroy(struct fec_block *block)
{
    if (!block)
        return;
    if (block->sources)
        fec_block_clear(block);
    interleaver_destroy(block->interleaver);
    rs8m_encoder_destroy(block->code.rs8m);
    ldpc_matrix_unref(block->code.ldpc);
    free(block->code.source_symbols);
    free(block->code.repair_symbols);
    free(block->code.spare_symbol);
    free(block->sources);
    free(block->repairs);
    free(block);
}

// Symbols are made in their packets: a symbol behind a header of 6 or 8 bytes is not aligned, but
// that was measured to be as fast as an aligned one, and a copy is saved.
void fec_block_encode(struct fec_block *block)
{
    for (unsigned i = 0; i < block->k; i++)
        block->code.source_symbols[i] = block->sources[i]->data;
    for (unsigned i = 0; i < block->r; i++) {
        struct packet *packet = block->repairs[i];
        block->code.repair_symbols[i] =
            packet ? packet->data + packet->symbol_offset : block->code.spare_symbol;
    }
    if (block->code.scheme == FEC_LDPC)
        ldpc_encode(block->code.ldpc, block->code.source_symbols, block->code.repair_symbols,
                    block->code.symbol_size);
    else
        rs8m_encode(block->code.rs8m, block->code.source_symbols, block->code.repair_symbols,
                    block->code.symbol_size);
}

void fec_block_clear(struct fec_block *block)
{
    for (unsigned i = 0; i < block->k; i++) {
        packet_unref(block->sources[i]);
        block->sources[i] = NULL;
    }
}
