//! Finding out what is wrong with a machine: for clear errors now, for the doctor later.

pub mod port_owner;
