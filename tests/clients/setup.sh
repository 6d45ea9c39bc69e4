#!/usr/bin/env bash
# Installs the official Python and JavaScript clients the scenario suites use, and Schemathesis, outside the checkout.
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
    [ -f "$home/$1.stamp" ] && [ "$(cat "$home/$1.stamp")" = "$2" ]
}

# setup_venv PART: a virtual environment of PART/requirements.txt.
setup_venv() {
    need python3 "install Python 3.11 or later with the venv module"
    local stamp
    stamp=$(python3 --version; sha256sum <"$here/$1/requirements.txt")
    installed "$1" "$stamp" && [ -x "$home/$1/bin/python" ] && return
    rm -rf "${home:?}/$1" "$home/$1.stamp"
    python3 -m venv "$home/$1" >&2
    "$home/$1/bin/pip" install --quiet --no-deps --requirement "$here/$1/requirements.txt" >&2
    "$home/$1/bin/pip" check >&2
    printf '%s\n' "$stamp" >"$home/$1.stamp"
}

setup_js() {
    need node "install Node.js 20 or later"
    need npm "install npm, which comes with Node.js"
    local stamp
    stamp=$(node --version; cat "$here/js/package.json" "$here/js/package-lock.json" | sha256sum)
    installed js "$stamp" && [ -d "$home/js/node_modules" ] && return
    rm -rf "$home/js" "$home/js.stamp"
    mkdir -p "$home/js"
    cp "$here/js/package.json" "$here/js/package-lock.json" "$home/js/"
    (cd "$home/js" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
    printf '%s\n' "$stamp" >"$home/js.stamp"
}

setup_venv python
setup_venv schemathesis
setup_js
echo "$home"
