//! SQLite: one thread owns each connection, jobs run in order.
