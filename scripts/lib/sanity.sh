#!/usr/bin/env bash
# Copyright 2026 The carbon_ops.key_manager maintainers
# Licensed under the Apache License, Version 2.0 (see the LICENSE file)
# SPDX-License-Identifier: Apache-2.0

# usage: sanity.sh [ARGUMENTS OF ansible-test sanity]
# ansible-test wants the collection in a folder that is named after it, and does not follow links, so it gets a copy.

set -euo pipefail

REPOSITORY=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=scripts/lib/common.sh
. "$REPOSITORY/scripts/lib/common.sh"

# A home of its own: ansible-test keeps its virtualenvs there, and the stand-in below must not meet other projects.
HOME_OF_TESTS="$CARBON_OPS_CACHE/ansible-test"
mkdir -p "$HOME_OF_TESTS/.ansible/test/cache" "$HOME_OF_TESTS/.config"
if [ -d "$HOME/.config/pip" ]; then ln -sfn "$HOME/.config/pip" "$HOME_OF_TESTS/.config/pip"; fi

# ansible-test downloads get-pip.py, each release of it its own version. The pip that Python itself carries does as well.
for version in 24_2 23_1_2; do
    printf 'import ensurepip\nensurepip.bootstrap(default_pip=True)\n' >"$HOME_OF_TESTS/.ansible/test/cache/get_pip_$version.py"
done

COPY=$(mktemp -d "${TMPDIR:-/tmp}/carbon-ops-sanity-XXXXXX")
trap 'rm -rf "$COPY"' EXIT
COLLECTION="$COPY/ansible_collections/carbon_ops/key_manager"
mkdir -p "$COLLECTION"
cd "$REPOSITORY"
# What the collection's archive holds (build_ignore of galaxy.yml). Demo and tests have data with the traits of the products in them,
# ISO-8859-1 and typographic quotes among them; their code is checked by ruff.
git ls-files --cached --others --exclude-standard -z |
    grep --null-data --invert-match --extended-regexp '^(\.config|collections|demo|molecule|tests)/' |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    xargs --null cp --parents --target-directory "$COLLECTION"
cd "$COLLECTION"
PYTHON=$(python3 -c 'import sys; print("{0}.{1}".format(*sys.version_info))')
HOME="$HOME_OF_TESTS" ansible-test sanity --python "$PYTHON" --color no "$@"
