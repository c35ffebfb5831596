//! Values and rules. Pure: no I/O, no clock, no async. Cannot fail except by saying why.

pub mod country;
pub mod directory;
pub mod evidence;
pub mod explain;
pub mod failure;
pub mod gate;
pub mod guid;
pub mod matching;
pub mod mending;
pub mod merge;
pub mod outbox;
pub mod pace;
pub mod phone;
pub mod plan_ids;
pub mod planning;
pub mod refusal;
pub mod repair;
pub mod run;
pub mod script;
pub mod seat;
pub mod text;
pub mod user;
pub mod why;
pub mod writeplan;
