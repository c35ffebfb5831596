//! The rows in memory: page, sort, filter, find by id. Pure.
