// SPDX-License-Identifier: MPL-2.0

#include "roc/version.h"

void roc_version_load(roc_version *version)
{
    if (version == NULL)
        return;
    version->major = ROC_VERSION_MAJOR;
    version->minor = ROC_VERSION_MINOR;
    version->patch = ROC_VERSION_PATCH;
    version->code = ROC_VERSION;
}
