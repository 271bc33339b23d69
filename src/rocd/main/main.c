// SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

int main(void)
{
    printf("rocd %s\n", ROCD_VERSION);
    return 0;
}
