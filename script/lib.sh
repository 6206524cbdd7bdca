# Shared by the scripts beside it; sourced, not run. Leaves the shell in the root of the project.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Node of npm's package node-linux-*, for machines whose own is missing or older than the tests' peers can use.
node_version=22.23.3
node_minimum=22
own_node=$root/build/node/node_modules

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# The architecture as npm's node packages call it.
node_arch() {
  case "$(uname -m)" in
    x86_64) echo x64 ;;
    aarch64) echo arm64 ;;
    *) return 1 ;;
  esac
}

node_is_recent() {
  local version
  version=$("${1:-node}" --version 2>/dev/null) || return 1
  version=${version#v}
  [ "${version%%.*}" -ge "$node_minimum" ]
}

# Puts the Node of build/node on PATH where the machine's own does not serve. Only for running servers and tests: a distribution's
# npm wants the distribution's node, so npm itself is never run through this.
use_node() {
  node_is_recent && return 0
  local bin
  bin=$own_node/node-linux-$(node_arch || echo none)/bin
  [ -x "$bin/node" ] || die "no Node $node_minimum or newer here: run script/bootstrap test"
  PATH=$bin:$PATH
  export PATH
}
