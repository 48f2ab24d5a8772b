# What people and the build machine run. Each target says what it needs when that is missing.

CARGO ?= cargo
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 20

.PHONY: build test lint fmt fuzz-smoke bench demo install

build:
	$(CARGO) build --release --locked --bin holdfastd --bin holdfast

test:
	$(CARGO) test --workspace --locked

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

fmt:
	$(CARGO) fmt --all

# Every fuzz target for a short while, from its seed corpus.
fuzz-smoke:
	.ci/fuzz-smoke $(FUZZ_SECONDS)

bench:
	$(CARGO) bench --locked --package holdfast-benches

demo: build
	image/demo/run

install: build
	install -D -m 0755 target/release/holdfastd $(DESTDIR)$(PREFIX)/sbin/holdfastd
	install -D -m 0755 target/release/holdfast $(DESTDIR)$(PREFIX)/bin/holdfast
	install -D -m 0600 appliance/warden/holdfast.example.toml $(DESTDIR)/etc/holdfast/holdfast.example.toml
