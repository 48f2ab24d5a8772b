//! Starts, wires and watches the processes of the appliance. Sees no keys.
//!
//! Separate because somebody must outlive the others, and whoever does must be small: one thread, one loop, one
//! static table ([`table`]), no byte from outside after the start.
//! Trusts: its configuration. Does not trust: its children, beyond what the table wires.
//!
//! In order: the configuration is read and everything that it names is opened; the user is changed; the union of all
//! sandboxes is entered; then children are started, by executing this very program anew for each role.

pub mod config;
mod control_end;
mod error;
mod plan;
mod process;
mod resources;
mod sandbox;
mod settings;
mod start;
pub mod table;
mod watch;
mod wiring;

pub use error::StartError;
pub use settings::RoleSettings;
pub use start::run;
