#!/usr/bin/env bash
# Installs the servers that the end-to-end tests run against, and nothing else, into one folder:
#   $KEYRAKE_BEDS (default: target/beds)   node_modules/  Node 22 and Verdaccio, a real npm registry
#                                          mitm/          a Python venv with mitmproxy, for faults between us and it
# Usage: tests/beds.sh [verdaccio] [mitm]     both when neither is named; returns at once for what is already there.
# Exit 0: installed. Exit 69: a tool that it needs is not on this machine; the last line says which.
set -euo pipefail

readonly NODE=22.23.3 VERDACCIO=6.10.4 MITMPROXY=11.0.2
# One dependency of Verdaccio asks for a tag of this package that not every mirror carries.
readonly NODE_FETCH=2.7.0

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
beds=${KEYRAKE_BEDS:-$top/target/beds}
mkdir -p "$beds"
beds=$(cd "$beds" && pwd)

say() { printf 'beds: %s\n' "$*" >&2; }
missing() { say "$1 is not on this machine"; exit 69; }
need() { command -v "$1" >/dev/null 2>&1 || missing "$1"; }
version_of() { sed -n 's/^ *"version": *"\([^"]*\)".*/\1/p' "$beds/node_modules/$1/package.json" 2>/dev/null | head -n 1; }

has_verdaccio() {
  [ "$(version_of verdaccio)" = "$VERDACCIO" ] && [ "$("$beds/node_modules/.bin/node" --version 2>/dev/null)" = "v$NODE" ]
}

install_verdaccio() {
  has_verdaccio && return
  need node
  need npm
  say "installing Verdaccio $VERDACCIO and Node $NODE into $beds"
  cat >"$beds/package.json" <<J
{"private":true,"overrides":{"node-fetch":"$NODE_FETCH"},"dependencies":{"node":"$NODE","verdaccio":"$VERDACCIO"}}
J
  # The cache stays inside the folder and goes afterwards; Node's package fetches its binary in an install script.
  (cd "$beds" && npm install --cache "$beds/.npm" --ignore-scripts=false --no-audit --no-fund --no-update-notifier \
    --loglevel=error 1>&2)
  rm -rf "$beds/.npm"
  has_verdaccio || { say "npm finished, but Verdaccio $VERDACCIO on Node $NODE is not there"; exit 1; }
}

# pip installs what mitmproxy needs before it, so its record is there only when all is.
has_mitm() {
  compgen -G "$beds/mitm/lib/python*/site-packages/mitmproxy-$MITMPROXY.dist-info/RECORD" >/dev/null \
    && [ -x "$beds/mitm/bin/mitmdump" ]
}

install_mitm() {
  has_mitm && return
  need python3
  python3 -c 'import venv, ensurepip' 2>/dev/null || missing "Python's venv module (python3-venv)"
  say "installing mitmproxy $MITMPROXY into $beds/mitm"
  rm -rf "$beds/mitm"
  python3 -m venv "$beds/mitm"
  "$beds/mitm/bin/python" -m pip install --quiet --no-cache-dir --disable-pip-version-check "mitmproxy==$MITMPROXY" 1>&2
}

# Two test runs may want the folder at once; where there is no flock they must not.
if command -v flock >/dev/null 2>&1; then
  exec 9>"$beds/.lock"
  flock 9
fi

[ $# -gt 0 ] || set -- verdaccio mitm
for bed; do
  case $bed in
    verdaccio | mitm) "install_$bed" ;;
    *) say "no bed named $bed"; exit 2 ;;
  esac
done
