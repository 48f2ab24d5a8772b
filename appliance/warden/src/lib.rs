//! One static table of processes: starts, wires, watches.

pub mod config;
