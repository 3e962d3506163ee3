#!/usr/bin/env bash
# Makes this machine ready to build VARed: checks Swift and installs the system packages that are
# missing (Debian and Ubuntu). Safe to run again; with nothing to do it takes well under a second.
set -euo pipefail

readonly swift_needed="6.1"

usage() {
  cat <<'TEXT'
usage: scripts/setup.sh [--check]

Checks for Swift 6.1 or newer and for the libraries that vared-train is built on, and installs
the missing ones with apt-get, when that is possible without asking for a password. When it is
not, the command to run is printed and the exit status is 1.

  --check   install nothing: only say what is missing (exit status 1) or that nothing is
TEXT
}

fail() {
  echo "setup: error: $*" >&2
  exit 1
}

# True when version $1 is at least version $2, both dotted numbers.
at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

check_swift() {
  local where="get it at https://www.swift.org/install, then run this again"
  command -v swiftc >/dev/null || fail "Swift $swift_needed or newer is needed, none found; $where"
  local said found
  said=$(swiftc --version 2>&1) ||
    fail "Swift $swift_needed or newer is needed, but 'swiftc --version' fails: ${said%%$'\n'*}"
  found=$(sed -n 's/.*Swift version \([0-9.]*\).*/\1/p' <<<"$said" | head -n 1)
  [ -n "$found" ] || fail "'swiftc --version' names no Swift version: ${said%%$'\n'*}; $where"
  at_least "$found" "$swift_needed" ||
    fail "Swift $swift_needed or newer is needed, found $found; $where"
  echo "setup: Swift $found"
}

# True when a C program that includes header $1 compiles and links with the flags after it.
# What is asked is what the build will ask, so libraries from environment modules count too.
links() {
  local header=$1 compiler="cc"
  shift
  command -v clang >/dev/null && compiler="clang"
  printf '#include <%s>\nint main(void) { return 0; }\n' "$header" |
    "$compiler" -x c - -o /dev/null "$@" >/dev/null 2>&1
}

has_pkg_config() {
  command -v pkg-config >/dev/null && pkg-config --exists "$@"
}

# Fills `missing` with the Debian packages of what this machine lacks.
find_missing() {
  missing=()
  command -v git >/dev/null || missing+=(git)
  command -v pkg-config >/dev/null || missing+=(pkg-config)
  command -v mpirun >/dev/null || missing+=(openmpi-bin)
  has_pkg_config ompi-c || missing+=(libopenmpi-dev)
  has_pkg_config openblas || missing+=(libopenblas-dev)
  has_pkg_config hdf5 || missing+=(libhdf5-dev)
  has_pkg_config zlib || missing+=(zlib1g-dev)
  local part
  for part in avformat avcodec avutil swscale; do
    has_pkg_config "lib$part" || missing+=("lib$part-dev")
  done
  # Tests hold our decoding against the program's.
  command -v ffmpeg >/dev/null || missing+=(ffmpeg)
  has_pkg_config libturbojpeg || missing+=(libturbojpeg0-dev)
  links dnnl.h -ldnnl || missing+=(libdnnl-dev)
  # libgomp's link name (libgomp.so) belongs to the compiler's own package: libgcc-<version>-dev,
  # which `gcc` pulls in at whatever version this release has.
  links stdio.h -lgomp || missing+=(gcc libc6-dev)
}

install_missing() {
  local command="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
  echo "setup: missing: ${missing[*]}"
  command -v apt-get >/dev/null || fail "apt-get not found; install what provides: ${missing[*]}"
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      fail "not root and no password-less sudo; run: sudo sh -c '$command'"
    fi
    root=(sudo -n)
  fi
  local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  "${apt[@]}" -qq update </dev/null || fail "'apt-get update' failed; by hand: $command"
  "${apt[@]}" -qq install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null ||
    fail "'apt-get install' failed; by hand: $command"
  echo "setup: installed: ${missing[*]}"
  find_missing
  [ ${#missing[@]} -eq 0 ] || fail "still missing after the installation: ${missing[*]}"
}

main() {
  local install=1
  case "${1:-}" in
    "") ;;
    --check) install=0 ;;
    -h | --help)
      usage
      exit 0
      ;;
    *) fail "unknown option '$1'; see scripts/setup.sh --help" ;;
  esac
  check_swift
  find_missing
  if [ ${#missing[@]} -eq 0 ]; then
    echo "setup: system libraries: nothing missing"
  elif [ "$install" -eq 1 ]; then
    install_missing
  else
    echo "setup: missing: ${missing[*]}"
    exit 1
  fi
}

main "$@"
