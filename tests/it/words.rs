//! The words that more than one part of the program says stand in one place.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push(path);
        }
    }
}

/// The code of a file, without its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    text[..end].to_owned()
}

/// The texts of the constants in a file.
fn constants(text: &str) -> Vec<String> {
    text.split("pub const ")
        .skip(1)
        .filter_map(|one| Some(one.split_once('"')?.1.split_once("\";")?.0.to_owned()))
        .collect()
}

#[test]
fn a_word_of_the_catalogue_has_no_second_copy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let catalogue = root.join("domain/words.rs");
    let words = constants(&code(&catalogue));
    assert!(words.len() > 15, "{words:?}");
    assert!(words.contains(&"nobody is signed in".to_owned()));
    let mut files = Vec::new();
    sources(&root, &mut files);
    let for_tests = ["flows", "fixture.rs", "screens.rs", "hostile.rs", "tests"];
    let mut twice = Vec::new();
    for file in files.iter().filter(|file| **file != catalogue) {
        let part = |part: &std::ffi::OsStr| for_tests.iter().any(|name| part == *name);
        // The simulator shares no word with the client either.
        if file.starts_with(root.join("sim")) || file.iter().any(part) {
            continue;
        }
        let code = code(file);
        let copied = words
            .iter()
            .filter(|word| code.contains(&format!("\"{word}\"")));
        twice.extend(copied.map(|word| format!("{}: {word}", file.display())));
    }
    assert_eq!(twice, Vec::<String>::new(), "say it with domain::words");
}
