#!/usr/bin/env bash
# Copyright 2026 The carbon_ops.key_manager maintainers
# Licensed under the Apache License, Version 2.0 (see the LICENSE file)
# SPDX-License-Identifier: Apache-2.0

# What the demo and the Molecule scenarios install: product archives, JDBC driver, passwords. Sourced after common.sh, never run.

KERNEL_CHECKSUM=fa0993ae2d4658a47fee1d60b989d902fc93d86af6ae0ab3ef19ce063876a643
DRIVER_CHECKSUM=f60e4b282f1f4bdb74f0a26436ba7078a5e480b6f6702f6a7b45d9ba5e604a24

# prepare_artifacts REPOSITORY FOLDER: afterwards FOLDER holds artifacts.yml (paths and checksums) and secrets.yml (passwords).
prepare_artifacts() {
    local repository=$1 folder=$2
    local kernel="$CARBON_OPS_CACHE/downloads/wso2carbon-core-4.7.1.zip" driver="$CARBON_OPS_CACHE/downloads/mariadb-java-client-3.4.1.jar"
    if [ ! -s "$kernel" ] || [ ! -s "$driver" ]; then
        say "Downloading the Carbon kernel 4.7.1 (127 MB) and the JDBC driver."
        run_quietly "$CARBON_OPS_CACHE/log/artifacts.log" \
            ansible-playbook "$repository/demo/artifacts.yml" -i localhost, -e "demo_cache=$CARBON_OPS_CACHE/downloads"
    fi
    python3 "$repository/scripts/lib/build_products.py" --kernel "$kernel" --kernel-checksum "$KERNEL_CHECKSUM" \
        --driver "$driver" --driver-checksum "$DRIVER_CHECKSUM" --files "$repository/demo/product_files" \
        --output "$CARBON_OPS_CACHE/products" --vars "$folder/artifacts.yml"
    python3 "$repository/scripts/lib/make_secrets.py" "$folder/secrets.yml"
    say "Product archives and passwords are ready."
}
