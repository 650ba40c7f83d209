#!/bin/sh
# Makes the certificates of the tests, valid for a hundred years: sh make.sh (needs openssl 3). The keys are worthless: they prove nothing to anybody.
set -e
cd "$(dirname "$0")"
days=36500
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }
authority() {
  key "$1"
  openssl req -x509 -new -key "$1.key" -out "$1.crt" -days $days -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE
}
# certificate NAME AUTHORITY SUBJECT-ALTERNATIVE-NAMES [DAYS]
certificate() {
  key "$1"
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
  printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$3" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -out "$1.crt" \
    -extfile "$1.ext" -days "${4:-$days}" 2>/dev/null
  rm "$1.csr" "$1.ext"
}
authority authority
authority stranger
certificate server authority IP:127.0.0.1,IP:::1,DNS:localhost
certificate client authority DNS:client
certificate elsewhere authority DNS:elsewhere.example
certificate foreign stranger IP:127.0.0.1,DNS:client
certificate expired authority IP:127.0.0.1 -1
rm authority.key stranger.key ./*.srl
