//! KMIP 1.0 to 2.1 without I/O: TTLV, messages, operations.
