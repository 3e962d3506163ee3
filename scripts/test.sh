#!/usr/bin/env bash
# Sets the machine up, builds everything and runs every test.
# Arguments go on to `swift test`: scripts/test.sh --filter VARedDistTests
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh

# Open MPI refuses root unless told twice; containers usually are root.
if [ "$(id -u)" -eq 0 ]; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# Rank tests start up to 8 processes each: two at once on a small machine would only wait for one
# another, so tests run one after another.
exec swift test -c release -Xswiftc -enable-testing --disable-xctest --no-parallel "$@" </dev/null
