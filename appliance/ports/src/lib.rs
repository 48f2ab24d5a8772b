//! Traits between core and its agents, and their wire.
