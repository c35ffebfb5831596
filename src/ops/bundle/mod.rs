//! The support bundle: what goes in, what stands in for names, and the file that holds it.

pub mod archive;
mod digits;
mod lexicon;
pub mod make;
pub mod open;
pub mod pseudonym;
pub mod scrub;
mod shapes;
