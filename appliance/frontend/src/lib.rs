//! TLS, framing, rate limits; no keys.
