//! Import and export of users: bytes to a sheet, a sheet to a verdict per row, users to a file. Pure: no file, no clock, no network.
//!
//! Nothing here changes anything. A verdict is what would happen; `ops` does it, in one transaction. A password is read to be
//! stepped over: no type of this module can hold one.

pub mod columns;
pub mod decode;
pub mod export;
mod index;
pub mod known;
mod near;
mod number;
pub mod review;
pub mod sheet;
mod table;
pub mod verdict;
mod workbook;
