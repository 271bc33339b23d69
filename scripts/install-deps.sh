#!/bin/sh
# SPDX-License-Identifier: MPL-2.0
#
# install-deps.sh NEED...  installs the Debian packages of scripts/packages.txt that are missing.
# NEED: build, test, lint. Says nothing and asks for nothing when all are there.
set -eu

list=$(dirname "$0")/packages.txt

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "This is not a Debian system: please install what $list names, then go on." >&2
    exit 0
fi

missing=
for need in "$@"; do
    for package in $(awk -v need="$need" '$1 == need { print $2 }' "$list"); do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
        [ "$status" = installed ] || case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
    done
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    sudo=
elif command -v sudo >/dev/null; then
    sudo=sudo
else
    echo "These packages are missing and only root can install them:$missing" >&2
    echo "Become root, or install sudo, or run: apt-get install$missing" >&2
    exit 1
fi

echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # a list of words
if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "apt-get could not install them; the lines above say why." >&2
    exit 1
fi
