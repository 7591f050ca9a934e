#!/usr/bin/env bash
# Copyright 2026 The carbon_ops.key_manager maintainers
# Licensed under the Apache License, Version 2.0 (see the LICENSE file)
# SPDX-License-Identifier: Apache-2.0

# What scripts/demo and the Molecule scenario share: messages, packages, the virtualenv, Docker. Sourced, never run.

CARBON_OPS_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/carbon-ops"
CARBON_OPS_STARTED=$SECONDS

say() {
    printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"
}

phase() {
    printf '\n%s  [%3ds] %s\n' "$(date +%H:%M:%S)" "$((SECONDS - CARBON_OPS_STARTED))" "$*"
}

die() {
    printf '\nERROR: %s\n' "$*" >&2
    exit 1
}

# run_quietly LOG COMMAND...: the output goes to a file, and its end is shown when the command fails.
run_quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 25 "$log" >&2
        die "'$1' failed; its whole output is in $log."
    fi
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Everything below installs packages or talks to Docker: as an ordinary user the whole script starts again under sudo,
# with the same home and cache, so that nothing is downloaded twice.
become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    have sudo || die "This needs root (packages, Docker), and sudo is not installed. Run it as root."
    say "Root is needed for packages and for Docker: continuing with sudo."
    exec sudo env HOME="$HOME" PATH="$PATH" XDG_CACHE_HOME="${XDG_CACHE_HOME:-}" CARBON_OPS_BASE_IMAGE="${CARBON_OPS_BASE_IMAGE:-}" "$0" "$@"
}

# What an ordinary user started with sudo should belong to that user.
give_back() {
    [ -n "${SUDO_UID:-}" ] || return 0
    local path
    for path in "$@"; do
        [ ! -e "$path" ] || chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$path"
    done
}

apt_install() {
    local wanted=() package
    for package in "$@"; do
        dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || wanted+=("$package")
    done
    [ "${#wanted[@]}" -gt 0 ] || return 0
    say "Installing Debian packages: ${wanted[*]}"
    run_quietly "$CARBON_OPS_CACHE/log/apt-update.log" apt-get update
    run_quietly "$CARBON_OPS_CACHE/log/apt-install.log" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
        apt-get install --yes --no-install-recommends "${wanted[@]}"
}

# A Python that the pinned Ansible accepts and that can make a virtualenv.
find_python() {
    local candidate
    for candidate in /usr/bin/python3 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11; do
        if [ -x "$candidate" ] && "$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

# ensure_venv REQUIREMENTS...: sets VENV to a virtualenv that holds exactly these requirements and puts it first in PATH.
# Its name carries a hash of them, so that a change makes a new one and nothing outside the cache is touched.
ensure_venv() {
    local hash python
    hash=$(cat "$@" | sha256sum | cut -c1-12)
    VENV="$CARBON_OPS_CACHE/venv-$hash"
    if [ ! -e "$VENV/.complete" ]; then
        if ! python=$(find_python); then
            if /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
                apt_install python3-venv
            elif [ -x /usr/bin/python3 ]; then
                apt_install python3.11 python3.11-venv
            else
                apt_install python3 python3-venv
            fi
            python=$(find_python) || die "No Python 3.11 or newer with the venv module was found in /usr/bin."
        fi
        say "Making the virtualenv with pinned Ansible in $VENV (once, about a minute)."
        rm -rf "$VENV"
        "$python" -m venv "$VENV"
        local arguments=() file
        for file in "$@"; do arguments+=(--requirement "$file"); done
        run_quietly "$CARBON_OPS_CACHE/log/pip.log" "$VENV/bin/pip" install --disable-pip-version-check "${arguments[@]}"
        touch "$VENV/.complete"
    fi
    export PATH="$VENV/bin:$PATH"
}

docker_answers() {
    docker info >/dev/null 2>&1
}

# An existing Docker is used as it is. Where none answers, Debian's is installed and started, with systemd or without.
ensure_docker() {
    have docker || apt_install docker.io
    docker_answers && return 0
    have dockerd || apt_install docker.io iptables
    docker_answers && return 0
    local daemon="" log="$CARBON_OPS_CACHE/log/dockerd.log" second
    if [ -d /run/systemd/system ]; then
        say "Starting the Docker service."
        systemctl start docker.service || die "The Docker service does not start: see 'journalctl -u docker.service'."
    else
        say "There is no systemd on this machine: starting dockerd in the background, its log is $log."
        mkdir -p "$(dirname "$log")"
        setsid dockerd >"$log" 2>&1 </dev/null &
        daemon=$!
        disown "$daemon"
    fi
    for second in $(seq 60); do
        docker_answers && return 0
        if [ -n "$daemon" ] && ! kill -0 "$daemon" 2>/dev/null; then
            tail -n 5 "$log" >&2
            die "dockerd does not run on this machine: its last words are above, all of them in $log."
        fi
        [ "$((second % 10))" -ne 0 ] || say "Waiting for Docker ($second s)."
        sleep 1
    done
    die "Docker does not answer after 60 seconds: see 'journalctl -u docker.service', or $log on a machine without systemd."
}
