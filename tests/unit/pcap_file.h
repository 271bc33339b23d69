// SPDX-License-Identifier: MPL-2.0
//
// Reads the UDP datagrams of a capture: classic pcap, little-endian, Ethernet, IPv4. Just enough
// for the captures in tests/vectors.

#ifndef ROC_TESTS_PCAP_FILE_H
#define ROC_TESTS_PCAP_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PCAP_FILE_HEADER   24
#define PCAP_RECORD_HEADER 16
#define ETHERNET_HEADER    14
#define UDP_HEADER         8

struct pcap_datagram {
    const uint8_t *data; // in the file's bytes
    size_t size;
    uint32_t source_ip;
    uint16_t source_port, destination_port;
    int64_t time_ns;
};

struct pcap_file {
    uint8_t *bytes;
    size_t size;
    struct pcap_datagram *datagrams;
    size_t count;
};

// The whole file, for the caller to free; fails the test when it cannot be read.
static inline uint8_t *read_test_file(const char *name, size_t *size)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", TEST_VECTORS_DIR, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long length = ftell(file);
    assert_true(length > 0);
    rewind(file);
    uint8_t *bytes = malloc((size_t)length);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)length, file), (size_t)length);
    fclose(file);
    *size = (size_t)length;
    return bytes;
}

static inline uint32_t pcap_u32le(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint16_t pcap_u16be(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline void pcap_add(struct pcap_file *file, const uint8_t *frame, size_t size,
                            int64_t time_ns)
{
    const uint8_t *ip = frame + ETHERNET_HEADER;
    assert_true(size >= ETHERNET_HEADER + 20 + UDP_HEADER);
    assert_int_equal(pcap_u16be(frame + 12), 0x0800);
    size_t ip_header = (size_t)(ip[0] & 15) * 4;
    if (ip[9] != 17) {
        return;
    }
    const uint8_t *udp = ip + ip_header;
    size_t length = pcap_u16be(udp + 4);
    assert_true(length >= UDP_HEADER && ETHERNET_HEADER + ip_header + length <= size);
    file->datagrams[file->count++] = (struct pcap_datagram){
        .data = udp + UDP_HEADER,
        .size = length - UDP_HEADER,
        .source_ip = (uint32_t)pcap_u16be(ip + 12) << 16 | pcap_u16be(ip + 14),
        .source_port = pcap_u16be(udp),
        .destination_port = pcap_u16be(udp + 2),
        .time_ns = time_ns,
    };
}

static inline struct pcap_file pcap_file_open(const char *name)
{
    struct pcap_file file = {0};
    file.bytes = read_test_file(name, &file.size);
    assert_true(file.size > PCAP_FILE_HEADER);
    assert_int_equal(pcap_u32le(file.bytes), 0xa1b2c3d4);
    file.datagrams = calloc(file.size / PCAP_RECORD_HEADER, sizeof(*file.datagrams));
    assert_non_null(file.datagrams);
    size_t at = PCAP_FILE_HEADER;
    while (at + PCAP_RECORD_HEADER <= file.size) {
        const uint8_t *record = file.bytes + at;
        size_t size = pcap_u32le(record + 8);
        at += PCAP_RECORD_HEADER;
        assert_true(size <= file.size - at);
        pcap_add(&file, file.bytes + at, size,
                 (int64_t)pcap_u32le(record) * 1000000000 + (int64_t)pcap_u32le(record + 4) * 1000);
        at += size;
    }
    return file;
}

static inline void pcap_file_close(struct pcap_file *file)
{
    free(file->datagrams);
    free(file->bytes);
}

#endif
