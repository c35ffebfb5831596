//! The support bundle: what goes in, what stands in for names, and the file that holds it.

mod digits;
mod lexicon;
pub mod pseudonym;
pub mod scrub;
