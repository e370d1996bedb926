#!/usr/bin/env bash
# Run once by Gradescope when the image is built: a Python that is new enough, and backproof in an environment of its own.
set -euo pipefail
HERE=${AUTOGRADER:-/autograder}

python_found() {
    for name in python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

if ! PYTHON=$(python_found); then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install -y python3.11 python3.11-venv
    PYTHON=$(python_found)
fi
if ! "$PYTHON" -m venv "$HERE/venv" 2>/dev/null; then
    # Debian's Python comes without ensurepip unless python3-venv is installed.
    apt-get update
    apt-get install -y python3-venv "$(basename "$("$PYTHON" -c 'import sys; print(f"python3.{sys.version_info[1]}")')")-venv"
    "$PYTHON" -m venv --clear "$HERE/venv"
fi

WHEELS=$HERE/source/wheels
# With every dependency among the wheels no network is needed; else pip fetches what is missing.
"$HERE/venv/bin/python" -m pip install --no-index --find-links "$WHEELS" "$WHEELS"/backproof-*.whl ||
    "$HERE/venv/bin/python" -m pip install --find-links "$WHEELS" "$WHEELS"/backproof-*.whl
