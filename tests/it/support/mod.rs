//! What the tests stand on: a simulated tenant with this side's files beside it, the program, a terminal.

pub(crate) mod bench;
pub(crate) mod browser;
pub(crate) mod cloud;
pub(crate) mod fuse;
pub(crate) mod invariants;
pub(crate) mod line;
pub(crate) mod picture;
pub(crate) mod program;
pub(crate) mod pty;
pub(crate) mod sign_in;
pub(crate) mod tls;
pub(crate) mod web;
