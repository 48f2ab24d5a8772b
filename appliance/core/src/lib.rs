//! Holds the keys: decode, authorise, look up, execute, commit, encode.
