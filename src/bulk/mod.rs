//! Import and export of users: rows to verdicts. Pure over bytes.
