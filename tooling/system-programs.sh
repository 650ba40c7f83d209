#!/bin/sh
# Installs the programs with which tests talk that need more than Node.js: those of the laboratory of NATs, and netcat. On Debian and its like, as root, in
# at most two minutes. Elsewhere it does nothing: whoever needs what is missing says so, and is skipped.
for program in ip nft conntrack turnserver stun miniupnpd nc; do
  command -v "$program" >/dev/null || missing="$missing $program"
done
[ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0
export DEBIAN_FRONTEND=noninteractive
quick='-q -o Acquire::http::Timeout=15 -o Acquire::Retries=1 -o DPkg::Lock::Timeout=30'
timeout 120 sh -c "apt-get update $quick && apt-get install -y $quick --no-install-recommends \
  nftables iproute2 conntrack coturn stun-client miniupnpd netcat-openbsd"
