#!/usr/bin/env bash
# Copyright 2026 The carbon_ops.key_manager maintainers
# Licensed under the Apache License, Version 2.0 (see the LICENSE file)
# SPDX-License-Identifier: Apache-2.0

# The image of the hosts of the demo and of the Molecule scenarios. Sourced after common.sh, never run.

HOST_IMAGE_BASE="${CARBON_OPS_BASE_IMAGE:-debian:12}"

# The package sources of this machine, for a base image made here: a mirror or a proxy that this machine needs, the image needs too.
# They stay in the local image and are never written into the repository. The distribution's own files have many names; they are those that
# bring the component main of its release, signed by its own key: keys of others are not in the new image.
machine_apt_sources() { # SUITE
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list; do
        if [ -s "$file" ] && grep -qw -- "$1" "$file" && grep -qw main "$file" \
            && ! grep -i 'signed-by' "$file" | grep -qvE '/(debian|ubuntu)-archive-'; then
            printf '%s\n' "$file"
        fi
    done
}

machine_apt_settings() {
    apt-config dump | grep -iE '^Acquire::(https?|ftp)::(proxy|verify|cainfo)' || true
}

# Sets HOST_IMAGE_BASE to an image that is there: the one named, pulled when a registry answers, or else made from Debian packages.
ensure_base_image() {
    if docker image inspect "$HOST_IMAGE_BASE" >/dev/null 2>&1; then
        return 0
    fi
    local suite local_base
    # shellcheck disable=SC1091  # a file of the operating system
    suite=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
    local_base="carbon-ops-base:$suite"
    if docker image inspect "$local_base" >/dev/null 2>&1; then
        HOST_IMAGE_BASE=$local_base
        return 0
    fi
    say "Pulling the base image $HOST_IMAGE_BASE."
    if timeout 120 docker pull --quiet "$HOST_IMAGE_BASE" >"$CARBON_OPS_CACHE/log/docker-pull.log" 2>&1; then
        return 0
    fi
    say "No registry answers: making a $suite base image from packages with mmdebstrap (about half a minute)."
    apt_install mmdebstrap
    local tar sources
    tar=$(mktemp --suffix=.tar "$CARBON_OPS_CACHE/base-XXXXXX")
    mapfile -t sources < <(machine_apt_sources "$suite")
    [ "${#sources[@]}" -gt 0 ] || die "No package sources found in /etc/apt to make a base image from; name an image in CARBON_OPS_BASE_IMAGE."
    # shellcheck disable=SC2016  # "$1" is for mmdebstrap, which puts the new root there
    run_quietly "$CARBON_OPS_CACHE/log/mmdebstrap.log" mmdebstrap --variant=minbase --include=ca-certificates \
        --essential-hook='mkdir -p "$1"/usr/share/man/man1' \
        --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Check-Valid-Until "false"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        "$suite" "$tar" "${sources[@]}"
    run_quietly "$CARBON_OPS_CACHE/log/docker-import.log" docker import "$tar" "$local_base"
    rm -f "$tar"
    HOST_IMAGE_BASE=$local_base
}

# ensure_host_image REPOSITORY: sets HOST_IMAGE. The tag is a hash of everything the image is made of: unchanged inputs, same image.
ensure_host_image() {
    local repository=$1 context hash
    mkdir -p "$CARBON_OPS_CACHE/log"
    ensure_base_image
    hash=$({
        docker image inspect --format '{{.Id}}' "$HOST_IMAGE_BASE"
        machine_apt_settings
        cat "$repository"/demo/image/*
    } | sha256sum | cut -c1-12)
    HOST_IMAGE="carbon-ops-host:$hash"
    if docker image inspect "$HOST_IMAGE" >/dev/null 2>&1; then
        say "The host image $HOST_IMAGE is there."
        return 0
    fi
    say "Building the host image $HOST_IMAGE (once, about a minute; log in $CARBON_OPS_CACHE/log/image.log)."
    context=$(mktemp -d "$CARBON_OPS_CACHE/image-XXXXXX")
    cp "$repository"/demo/image/* "$context/"
    machine_apt_settings >"$context/apt.conf"
    # The network of this machine, because the default bridge of Docker has no name service of its own.
    run_quietly "$CARBON_OPS_CACHE/log/image.log" docker build --network host --build-arg "BASE_IMAGE=$HOST_IMAGE_BASE" \
        --label "carbon-ops.image=host" --tag "$HOST_IMAGE" "$context"
    rm -rf "$context"
}
