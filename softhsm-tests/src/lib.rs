//! Whole-box stories on real tokens, real TLS, real kill -9.
