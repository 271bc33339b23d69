// SPDX-License-Identifier: MPL-2.0
//
// The sentence that goes with an error on its way to the user's door: what was wrong, with which
// value, and what to do. Whoever owns the door logs or keeps it. Thread: any but rt.

#ifndef ROC_API_API_ERROR_H
#define ROC_API_API_ERROR_H

struct api_error {
    char text[256]; // "" until something failed
};

// Writes the sentence, cut where it is too long, and returns `code`.
int api_fail(struct api_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
