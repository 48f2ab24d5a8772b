//! holdfastd: the appliance, seven processes from one binary.
fn main() {}
