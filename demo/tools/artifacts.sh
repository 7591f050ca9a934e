#!/usr/bin/env bash
# Copyright 2026 The carbon_ops.key_manager maintainers
# Licensed under the Apache License, Version 2.0 (see the LICENSE file)
# SPDX-License-Identifier: Apache-2.0

# What the demo and the Molecule scenarios install: product archives, JDBC driver, passwords. Sourced after common.sh, never run.

KERNEL_CHECKSUM=fa0993ae2d4658a47fee1d60b989d902fc93d86af6ae0ab3ef19ce063876a643
MARIADB_DRIVER_CHECKSUM=f60e4b282f1f4bdb74f0a26436ba7078a5e480b6f6702f6a7b45d9ba5e604a24
MYSQL_DRIVER_CHECKSUM=d77962877d010777cff997015da90ee689f0f4bb76848340e1488f2b83332af5

# prepare_artifacts REPOSITORY FOLDER: afterwards FOLDER holds artifacts.yml (paths and checksums) and secrets.yml (passwords).
# Call ensure_host_image first: the Java that compiles is the one of the hosts.
prepare_artifacts() {
    local repository=$1 folder=$2 downloads="$CARBON_OPS_CACHE/downloads" work="$CARBON_OPS_CACHE/build" fetched
    # What was fetched for this list is there, until somebody removes a file: the checksums below would tell.
    fetched="$downloads/.fetched-$(cat "$repository/demo/artifacts.yml" "$repository/demo/key_manager/jars.yml" | sha256sum | cut -c1-12)"
    if [ ! -e "$fetched" ]; then
        say "Downloading the Carbon kernel 4.7.1 (127 MB), the bundles of the Key Manager (28 MB) and the JDBC drivers."
        run_quietly "$CARBON_OPS_CACHE/log/artifacts.log" \
            ansible-playbook "$repository/demo/artifacts.yml" -i localhost, --forks 8 -e "demo_cache=$downloads"
        touch "$fetched"
    fi
    mkdir -p "$work"
    run_quietly "$CARBON_OPS_CACHE/log/products.log" env "PYTHONPATH=$repository" python3 -m demo.tools.build_products \
        --kernel "$downloads/wso2carbon-core-4.7.1.zip" --kernel-checksum "$KERNEL_CHECKSUM" \
        --driver database_driver "$downloads/mariadb-java-client-3.4.1.jar" "$MARIADB_DRIVER_CHECKSUM" \
        --driver mysql_driver "$downloads/mysql-connector-j-8.4.0.jar" "$MYSQL_DRIVER_CHECKSUM" \
        --files "$repository/demo" --jars "$downloads/jars" --work "$work" \
        --java "docker run --rm --network none --volume $work:$work $HOST_IMAGE java" \
        --output "$CARBON_OPS_CACHE/products" --vars "$folder/artifacts.yml"
    PYTHONPATH="$repository" python3 -m demo.tools.make_secrets "$folder/secrets.yml"
    say "Product archives and passwords are ready."
}
