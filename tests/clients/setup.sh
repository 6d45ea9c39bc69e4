#!/usr/bin/env bash
# Installs the official Python and JavaScript clients the scenario suites use, outside the checkout: release 1.18, and below
# `newest` the newest one. And Schemathesis, which asks the admin API what its description allows.
#
# Prints the folder on standard output; everything else goes to standard error. Safe to run at any time: nothing is done
# when the pinned versions are already there, and a half-finished installation is never taken for a finished one.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${POINTSMAN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/pointsman}/clients
mkdir -p "$home"

# Two test binaries may ask at the same moment; the second waits and then finds everything in place.
exec 9>"$home/.lock"
flock 9

need() {
    command -v "$1" >/dev/null || { echo "setup.sh: $1 is missing: $2" >&2; exit 69; }
}

# installed PART STAMP: whether this part was completed from these very inputs.
installed() {
    [ -f "$1.stamp" ] && [ "$(cat "$1.stamp")" = "$2" ]
}

# setup_python PINS PART
setup_python() {
    local pins=$1 part=$2
    need python3 "install Python 3.11 or later with the venv module"
    local stamp
    stamp=$(python3 --version; sha256sum <"$pins/requirements.txt")
    installed "$part" "$stamp" && [ -x "$part/bin/python" ] && return
    rm -rf "$part" "$part.stamp"
    python3 -m venv "$part" >&2
    "$part/bin/pip" install --quiet --no-deps --requirement "$pins/requirements.txt" >&2
    "$part/bin/pip" check >&2
    printf '%s\n' "$stamp" >"$part.stamp"
}

# setup_js PINS PART
setup_js() {
    local pins=$1 part=$2
    need node "install Node.js 20 or later"
    need npm "install npm, which comes with Node.js"
    local stamp
    stamp=$(node --version; cat "$pins/package.json" "$pins/package-lock.json" | sha256sum)
    installed "$part" "$stamp" && [ -d "$part/node_modules" ] && return
    rm -rf "$part" "$part.stamp"
    mkdir -p "$part"
    cp "$pins/package.json" "$pins/package-lock.json" "$part/"
    (cd "$part" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
    printf '%s\n' "$stamp" >"$part.stamp"
}

mkdir -p "$home/newest"
setup_python "$here/python" "$home/python"
setup_js "$here/js" "$home/js"
setup_python "$here/newest/python" "$home/newest/python"
setup_js "$here/newest/js" "$home/newest/js"
setup_python "$here/schemathesis" "$home/schemathesis"
echo "$home"
