#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
#
# Layout, licence lines, headers that stand alone, and clang-tidy over the whole tree. Quiet when clean.
set -u
cd "$(dirname "$0")/.."
failed=0

fail() {
    echo "lint: $*" >&2
    failed=1
}

sources=$(git ls-files '*.c' '*.h')

# shellcheck disable=SC2086 # a list of files without spaces
clang-format --dry-run -Werror $sources || fail "run clang-format -i on the files above"

for file in $(git ls-files '*.c' '*.h' '*.py' '*.sh' '*meson.build' meson_options.txt Makefile .ci/run); do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MPL-2.0' || fail "$file: no SPDX line in its first three lines"
done

# Every header compiles by itself; the public ones as C++, too.
flags="-std=gnu11 -D_GNU_SOURCE -DTEST_VECTORS_DIR=\"\" -Wall -Wextra -Wno-unused-parameter -Werror -fsyntax-only -Iinclude -Isrc -Isrc/rocd $(pkg-config --cflags jansson libuv libmicrohttpd libzmq sqlite3)"
for header in $(git ls-files '*.h'); do
    # shellcheck disable=SC2086
    echo "#include \"$PWD/$header\"" | gcc $flags -x c - || fail "$header does not compile by itself"
done
for header in $(git ls-files 'include/*.h'); do
    echo "#include \"$PWD/$header\"" | clang++ -std=c++11 -Wall -Wextra -Werror -fsyntax-only -Iinclude -x c++ - ||
        fail "$header does not compile as C++"
done

# The whole tree with clang's warnings, then clang-tidy on the same commands.
if [ ! -f build-lint/build.ninja ]; then
    CC=clang meson setup build-lint -Db_lundef=false >build-lint.log 2>&1 || { cat build-lint.log; fail "meson setup"; }
    rm -f build-lint.log
fi
ninja -C build-lint --quiet all meson-test-prereq || fail "clang gives the warnings above"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2016
git ls-files 'src/*.c' | xargs -P "$(nproc)" -n 1 clang-tidy -p build-lint --quiet >"$log" 2>/dev/null ||
    { grep -E 'warning:|error:' "$log" | sort -u | head -n 60; fail "clang-tidy finds the lines above"; }

[ "$failed" = 0 ] && echo "lint: clean"
exit "$failed"
