/* SPDX-License-Identifier: MPL-2.0 */
/**
 * \file roc/version.h
 * \brief Version of the C API.
 *
 * The numbers are those of the Roc Toolkit API that this library is source-compatible with.
 */
#ifndef ROC_VERSION_H_
#define ROC_VERSION_H_

#include "roc/platform.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ROC_VERSION_MAJOR 0
#define ROC_VERSION_MINOR 4
#define ROC_VERSION_PATCH 0

/** One number for a version, usable in \#if: a later version has a larger code. */
#define ROC_VERSION_CODE(major, minor, patch) ((major)*1000000 + (minor)*1000 + (patch))

/** The version of these headers. */
#define ROC_VERSION ROC_VERSION_CODE(ROC_VERSION_MAJOR, ROC_VERSION_MINOR, ROC_VERSION_PATCH)

typedef struct roc_version {
    unsigned int major;
    unsigned int minor;
    unsigned int patch;
    unsigned int code; /**< as ROC_VERSION_CODE() makes it */
} roc_version;

/**
 * Gives the version of the library that runs, which a shared library may update without the
 * program being compiled again. NULL is ignored.
 *
 * Thread: any.
 */
ROC_API void roc_version_load(roc_version *version);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
