//! Orbital bundles: signed orders carried in one way.
