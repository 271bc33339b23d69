// SPDX-License-Identifier: MPL-2.0
//
// Frames of the protocol between peers: a header of eight bytes and a JSON object. The bytes come
// from other machines: everything is checked before it is used. Thread: any.

#ifndef ROCD_P2P_FRAME_H
#define ROCD_P2P_FRAME_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_VERSION     1
#define FRAME_HEADER_SIZE 8
#define FRAME_MAX_SIZE    (1024 * 1024)
#define FRAME_MAX_DEPTH   16
// Commas and opening brackets in one frame: bounds the memory that a parsed frame can take.
#define FRAME_MAX_ITEMS 32768

enum frame_type {
    FRAME_HELLO = 1,
    FRAME_HELLO_OK = 2,
    FRAME_ERROR = 3,
    FRAME_PING = 4,
    FRAME_PONG = 5,
    FRAME_REQUEST = 6,
    FRAME_REPLY = 7,
    FRAME_SYNC = 8,
    FRAME_SNAPSHOT = 9,
    FRAME_CHANGE = 10,
    FRAME_BYE = 11,
};

struct frame {
    unsigned version;
    unsigned type; // any byte: what is unknown is answered, not refused here
    json_t *body;  // an object; a reference that frame_finish gives back
};

// Returns 0. -EBADMSG: no frame of this protocol, or a body that is no acceptable JSON object.
// -ENOTSUP: a frame of another version; version and type are set, body is NULL (but for ERROR,
// whose body every version can read). *out is untouched after -EBADMSG; otherwise frame_finish is
// due.
int frame_parse(struct frame *out, const void *data, size_t size_bytes);
void frame_finish(struct frame *frame);

// *out is taken with free(). Returns 0, -EMSGSIZE (larger than FRAME_MAX_SIZE) or -ENOMEM.
int frame_encode(unsigned char **out, size_t *size_bytes, enum frame_type type, const json_t *body);

// Fields of a body. The getters return 0, -ENOENT (absent or null) or -EBADMSG (another type, too
// long, out of range).
int frame_get_text(char *out, size_t out_size, const json_t *body, const char *key);
int frame_get_number(uint64_t *out, const json_t *body, const char *key);
// 16 hexadecimal digits in lower case.
#define FRAME_TOKEN_SIZE 17
int frame_get_token(char out[FRAME_TOKEN_SIZE], const json_t *body, const char *key);
void frame_make_token(char out[FRAME_TOKEN_SIZE]);

#endif
