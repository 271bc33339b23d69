// SPDX-License-Identifier: MPL-2.0
//
// How a request body applies to a resource.

#ifndef ROCD_MODEL_PARSE_MODE_H
#define ROCD_MODEL_PARSE_MODE_H

enum parse_mode {
    PARSE_CREATE,  // POST: what is absent gets its default
    PARSE_REPLACE, // PUT: likewise, except what identifies the resource
    PARSE_MERGE,   // PATCH (JSON Merge Patch): what is absent stays, null resets to the default
    PARSE_STORED,  // from our own store: every field, no read-only check
};

#endif
