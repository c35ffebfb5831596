//! The configuration file, the places on disk, secrets handed in.
