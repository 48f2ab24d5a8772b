#!/usr/bin/env bash
# The demo: a tenant's key goes from an HSM to a foreign client, through the locked-down appliance.
#
# Makes everything that it needs in one directory (token, certificates, signer, configuration), starts the appliance
# in its full sandbox, and shows each step in words. Nothing outlives it: run it as often as you like.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${HOLDFAST_BIN:-${CARGO_TARGET_DIR:-$root/target}/release}
python=${HOLDFAST_PYTHON:-python3}
module=/usr/lib/softhsm/libsofthsm2.so
work=$(mktemp -d /tmp/holdfast-demo.XXXXXX)
log=$work/holdfastd.log
daemon=

finish() {
    local code=$?
    if [ -n "$daemon" ] && kill -0 "$daemon" 2>/dev/null; then
        kill -TERM "$daemon" 2>/dev/null || true
        wait "$daemon" 2>/dev/null || true
    fi
    if [ "$code" -ne 0 ]; then
        printf '\nThe demo stopped at the step above. The last lines of the appliance:\n' >&2
        tail -n 20 "$log" >&2 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap finish EXIT

step() { printf '\n%s\n' "$*"; }
say() { printf '      %s\n' "$*"; }
free_port() { "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

for tool in pkcs11-tool openssl curl; do
    command -v "$tool" >/dev/null || { echo "demo: $tool is missing: run 'make demo', which installs it" >&2; exit 1; }
done
[ -f "$bin/libholdfast_pkcs11.so" ] || { echo "demo: $bin/libholdfast_pkcs11.so is missing: run 'make demo', which builds it" >&2; exit 1; }
[ -x "$bin/holdfastd" ] || { echo "demo: $bin/holdfastd is missing: run 'make demo', which builds it" >&2; exit 1; }

# Started as root, the appliance runs as this user and nobody else can read its files.
user=
if [ "$(id -u)" -eq 0 ]; then
    user=nobody
fi
run_as=${user:+"user = '$user'"}
own() { if [ -n "$user" ]; then chown -R "$user" "$@"; fi; }

step "1. A token with a root key (L1) for each of two tenants. The keys never leave it."
chmod 0711 "$work"
mkdir -p "$work"/{tokens,tls,keystore,audit,in,out}
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$work/tokens" >"$work/softhsm2.conf"
export SOFTHSM2_CONF=$work/softhsm2.conf
umask 077
pin=$("$python" -c 'import secrets; print(secrets.randbelow(10**8))')
printf '%s' "$pin" >"$work/pin"
token() { DEMO_PIN=$pin pkcs11-tool --module "$module" "$@" >/dev/null 2>&1; }
token --init-token --slot-index 0 --so-pin env:DEMO_PIN --label demo
token --token-label demo --login --login-type so --so-pin env:DEMO_PIN --init-pin --pin env:DEMO_PIN
for tenant in acme globex; do
    token --token-label demo --login --pin env:DEMO_PIN --keygen --key-type aes:32 --label "$tenant-root" --sensitive \
        --usage-wrap
    say "AES-256 key '$tenant-root': sensitive, never extractable"
done

step "2. Certificates: one for the box, and a CA of each tenant's own with a client."
authority() { # name
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1 CA" \
        -keyout "$work/tls/$1-ca.key" -out "$work/tls/$1-ca.pem" 2>/dev/null
}
issue() { # authority name extensions
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
        -keyout "$work/tls/$2.key" -out "$work/tls/$2.csr" 2>/dev/null
    openssl x509 -req -in "$work/tls/$2.csr" -CA "$work/tls/$1-ca.pem" -CAkey "$work/tls/$1-ca.key" -days 1 \
        -CAcreateserial -extfile <(printf '%b' "$3") -out "$work/tls/$2.pem" 2>/dev/null
}
authority box
issue box appliance 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n'
for tenant in acme globex; do
    authority "$tenant"
    issue "$tenant" "$tenant-client" 'extendedKeyUsage=clientAuth\n'
done
say "made, on the spot; no key of the demo exists anywhere else"

step "3. A signer of bundles. Only her public key is on the box."
"$bin/holdfast" bundle keygen --name alice --out "$work/alice.pem" >/dev/null
say "alice pinned: 1 of 1 must sign"

step "4. The appliance starts in its full sandbox."
port=$(free_port)
ops=$(free_port)
cat >"$work/holdfast.toml" <<TOML
[box]
cluster = "demo"
appliance = "demo-1"
$run_as
[logs]
format = "text"
[listen]
kmip = "127.0.0.1:$port"
ops = "127.0.0.1:$ops"
[tls]
chain = "$work/tls/appliance.pem"
key = "$work/tls/appliance.key"
[keystore]
embedded = "$work/keystore"
[audit]
directory = "$work/audit"
[[hsm]]
name = "hsm-1"
module = "$module"
token = "demo"
pin_file = "$work/pin"
env = ["SOFTHSM2_CONF=$work/softhsm2.conf"]
readable = ["$work/softhsm2.conf"]
writable = ["$work/tokens"]
[bundles]
spool = "$work/in"
outbox = "$work/out"
signers_needed = 1
[[bundles.signer]]
kid = "alice"
public_key = """
$(cat "$work/alice.pub")
"""
TOML
own "$work/tokens" "$work/keystore" "$work/audit" "$work/in" "$work/out"
if [ -n "$user" ]; then chmod 0644 "$work/softhsm2.conf"; fi
"$bin/holdfastd" --config "$work/holdfast.toml" >"$log" 2>&1 &
daemon=$!
for _ in $(seq 100); do
    "$bin/holdfast" status --url "http://127.0.0.1:$ops" >"$work/status" 2>/dev/null && break
    kill -0 "$daemon" 2>/dev/null || { echo "      holdfastd has ended" >&2; exit 1; }
    sleep 0.05
done
"$bin/holdfast" status --url "http://127.0.0.1:$ops" | sed 's/^/      /'
for pid in $(pgrep -P "$daemon"); do
    awk -v name="$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | awk '{print $NF}')" \
        '/^NoNewPrivs/ {n=$2} /^Seccomp:/ {s=$2} /^CapEff/ {c=$2} /^Uid/ {u=$2}
         END {printf "      %-16s uid %-6s no_new_privs %s  seccomp %s  capabilities %s\n", name, u, n, s, c}' \
        "/proc/$pid/status" 2>/dev/null || true
done

receipt() { # name
    for _ in $(seq 200); do
        [ -f "$work/out/$1.bundle.receipt.json" ] && { cat "$work/out/$1.bundle.receipt.json"; return; }
        sleep 0.05
    done
    echo "      no receipt for $1" >&2
    exit 1
}
carry() { # name: signs NAME.toml and carries NAME.bundle into the spool
    "$bin/holdfast" bundle sign --key "alice=$work/alice.pem" "$work/$1.toml" "$work/$1.bundle" >/dev/null
    cp "$work/$1.bundle" "$work/in/.$1.part"
    chmod 0644 "$work/in/.$1.part"
    mv "$work/in/.$1.part" "$work/in/$1.bundle"
    receipt "$1" >"$work/$1.receipt"
}

step "5. A signed bundle is carried in: two tenants, their root keys, a service and a CA each."
"$bin/holdfast" bundle new --cluster demo --appliance demo-1 --lane 2 --out "$work/define.toml" >/dev/null
for tenant in acme globex; do
    cp "$work/tls/$tenant-ca.pem" "$work/$tenant-ca.pem"
    cat >>"$work/define.toml" <<TOML
[[directive]]
task_id = "define-$tenant"
type = "tenant.define"
data = { tenant = "$tenant" }
[[directive]]
task_id = "link-$tenant"
type = "l1.link"
data = { tenant = "$tenant", hsm = "hsm-1", label = "$tenant-root" }
[[directive]]
task_id = "serve-$tenant"
type = "service.define"
data = { tenant = "$tenant", service = "db" }
[[directive]]
task_id = "trust-$tenant"
type = "client.trust"
data = { tenant = "$tenant", service = "db", ca_file = "$tenant-ca.pem", realm = "own", permission = "manage" }
TOML
done
carry define
sed 's/^/      /' "$work/define.receipt"
say "the same bundle, changed by one bit, is refused:"
"$python" - "$work/define.bundle" "$work/in/.forged.part" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[2], "wb").write(data)
PY
chmod 0644 "$work/in/.forged.part"
mv "$work/in/.forged.part" "$work/in/forged.bundle"
receipt forged | sed 's/^/      /'

client() { # tenant command [options]
    local tenant=$1
    shift
    "$python" "$here/client.py" "$@" --port "$port" --cert "$work/tls/$tenant-client.pem" \
        --key "$work/tls/$tenant-client.key" --ca "$work/tls/box-ca.pem"
}

step "6. Tenant acme works, with PyKMIP, a client that is not ours."
client acme story 2>"$work/acme.uid"
acme_key=$(sed -n 's/^uid=//p' "$work/acme.uid")

step "7. Tenant globex sees none of it."
client globex peek --uid "$acme_key"
client globex use 2>"$work/globex.uid"
globex_key=$(sed -n 's/^uid=//p' "$work/globex.uid")

step "8. Globex also works over PKCS#11, with OpenSC's pkcs11-tool: the key signs in the box, OpenSSL believes it."
cat >"$work/holdfast-pkcs11.toml" <<TOML
servers = ["127.0.0.1:$port"]
ca = "$work/tls/box-ca.pem"
[[slot]]
label = "globex"
certificate = "$work/tls/globex-client.pem"
key = "$work/tls/globex-client.key"
TOML
globex() { HOLDFAST_PKCS11_CONF=$work/holdfast-pkcs11.toml pkcs11-tool --module "$bin/libholdfast_pkcs11.so" "$@" 2>&1; }
globex --keypairgen --key-type EC:prime256v1 --label till --id 01 | sed -n 's/^/      /p' | grep -E 'Object|label'
printf 'ten thousand euro to the bakery' >"$work/order"
globex --sign --mechanism ECDSA-SHA256 --id 01 --signature-format openssl -i "$work/order" -o "$work/order.sig" >/dev/null
globex --read-object --type pubkey --id 01 -o "$work/till.der" >/dev/null
openssl dgst -sha256 -verify "$work/till.der" -keyform DER -signature "$work/order.sig" "$work/order" | sed 's/^/      /'

step "9. The kill switch: a signed bundle unlinks acme from its root key."
"$bin/holdfast" bundle new --after "$work/define.bundle" --lane 0 --out "$work/cut.toml" >/dev/null
printf '[[directive]]\ntask_id = "cut-acme"\ntype = "l1.unlink"\ndata = { tenant = "acme" }\n' >>"$work/cut.toml"
carry cut
say "acme's next request:"
client acme refused --uid "$acme_key"
say "globex goes on:"
client globex use --uid "$globex_key" 2>/dev/null

step "10. What the operator sees."
"$bin/holdfast" status --url "http://127.0.0.1:$ops" | sed 's/^/      /'
curl -fsS "http://127.0.0.1:$ops/metrics" | grep -E '^holdfast.*(operations|requests).*globex' | head -n 4 | sed 's/^/      /' || true

step "11. What the auditor proves, off the box."
kill -TERM "$daemon"
wait "$daemon" || true
daemon=
"$bin/holdfast" audit verify "$work/audit" | sed 's/^/      /'

printf '\nThat was the whole way: HSM, bundle, sandbox, foreign client, kill switch, proof.\n'
