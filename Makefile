# What people and the build machine run. Each target says what it needs when that is missing.

CARGO ?= cargo
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 15
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
VENV := $(TARGET)/clients
PYKMIP := $(VENV)/bin/python3

.PHONY: build test lint fmt fuzz-smoke bench demo packages install

build:
	$(CARGO) build --release --locked --bin holdfastd --bin holdfast
	$(CARGO) build --release --locked --lib --package holdfast-pkcs11

# Whole-box stories run the programs themselves: one build makes them and all tests, so that nothing is built twice.
test: packages $(PYKMIP)
	$(CARGO) build --workspace --locked --lib --tests --bin holdfastd --bin holdfast
	HOLDFAST_PYTHON=$(PYKMIP) HOLDFAST_BIN=$(TARGET)/debug $(CARGO) test --workspace --locked

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

fmt:
	$(CARGO) fmt --all

# Every fuzz target for a short while, from its seed corpus.
fuzz-smoke:
	.ci/fuzz-smoke $(FUZZ_SECONDS)

# Starts everything itself; BENCH holds further arguments, for instance BENCH='--only start --json'.
bench: packages build
	$(CARGO) run --release --locked --package holdfast-benches -- $(BENCH)

# The whole way, shown: builds, makes a token, starts the appliance in its sandbox, carries in a bundle, serves PyKMIP.
demo: packages build $(PYKMIP)
	HOLDFAST_PYTHON=$(PYKMIP) softhsm-tests/demo/run.sh

# What the demo and the tests need from Debian.
packages:
	.ci/packages

# Clients that are not ours, in a virtual environment of their own: PyKMIP, and libmongocrypt, which is written in C.
$(PYKMIP):
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check 'PyKMIP==0.11.0' 'pymongocrypt==1.21.2' 'pymongo==4.20.0'

install: build
	install -D -m 0755 $(TARGET)/release/holdfastd $(DESTDIR)$(PREFIX)/sbin/holdfastd
	install -D -m 0755 $(TARGET)/release/holdfast $(DESTDIR)$(PREFIX)/bin/holdfast
	install -D -m 0600 appliance/warden/holdfast.example.toml $(DESTDIR)/etc/holdfast/holdfast.example.toml
	install -D -m 0755 $(TARGET)/release/libholdfast_pkcs11.so $(DESTDIR)$(PREFIX)/lib/libholdfast_pkcs11.so
	install -D -m 0644 pkcs11-provider/holdfast-pkcs11.example.toml $(DESTDIR)/etc/holdfast/holdfast-pkcs11.example.toml
	install -d $(DESTDIR)$(PREFIX)/share/p11-kit/modules
	printf 'module: $(PREFIX)/lib/libholdfast_pkcs11.so\n' >$(DESTDIR)$(PREFIX)/share/p11-kit/modules/holdfast.module
