#!/usr/bin/env bash
# Copyright 2026 The carbon_ops.key_manager maintainers
# Licensed under the Apache License, Version 2.0 (see the LICENSE file)
# SPDX-License-Identifier: Apache-2.0

# usage: sanity.sh [ARGUMENTS OF ansible-test sanity]
# Runs on what Galaxy gets: the collection's archive, built and unpacked in a folder that is named after it. The ansible-test is the
# first in PATH, and so is its Python.

set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/lib/common.sh
. "$REPOSITORY/scripts/lib/common.sh"

# A home of its own: ansible-test keeps its virtualenvs there, and the stand-in below must not meet other projects.
HOME_OF_TESTS="$CARBON_OPS_CACHE/ansible-test"
mkdir -p "$HOME_OF_TESTS/.ansible/test/cache" "$HOME_OF_TESTS/.config"
if [ -d "$HOME/.config/pip" ]; then ln -sfn "$HOME/.config/pip" "$HOME_OF_TESTS/.config/pip"; fi

# ansible-test downloads get-pip.py, each release of it its own version (ansible-core 2.15, 2.16 and 2.17, 2.18 and 2.19, 2.20 and
# later). The pip that Python itself carries does as well.
for version in 21_3_1 23_1_2 24_2 25_2; do
    printf 'import ensurepip\nensurepip.bootstrap(default_pip=True)\n' >"$HOME_OF_TESTS/.ansible/test/cache/get_pip_$version.py"
done

COPY=$(mktemp -d "${TMPDIR:-/tmp}/carbon-ops-sanity-XXXXXX")
trap 'rm -rf "$COPY"' EXIT
COLLECTION="$COPY/ansible_collections/carbon_ops/key_manager"
mkdir -p "$COPY/checkout" "$COLLECTION"
cd "$REPOSITORY"
git ls-files --cached --others --exclude-standard -z |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    xargs --null cp --no-dereference --parents --target-directory "$COPY/checkout"
(cd "$COPY/checkout" && ansible-galaxy collection build --output-path "$COPY" >/dev/null)
tar --extract --gzip --file "$COPY"/carbon_ops-key_manager-*.tar.gz --directory "$COLLECTION"
cd "$COLLECTION"
PYTHON=$(python3 -c 'import sys; print("{0}.{1}".format(*sys.version_info))')
HOME="$HOME_OF_TESTS" ansible-test sanity --python "$PYTHON" --color no "$@"
