/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/platform.h
 * \brief What depends on compiler and platform.
 */
#ifndef ROC_PLATFORM_H_
#define ROC_PLATFORM_H_

#include <stddef.h>

#if defined(__GNUC__)
/** Marks a function that the library exports; everything else in it is hidden. */
#    define ROC_API __attribute__((visibility("default")))
#else
#    error "this compiler is not supported: ROC_API needs a visibility attribute"
#endif

#endif
