//! The file that holds a bundle: a gzipped tar, which any engineer can look into. What is read may have been written by anybody.

use std::collections::BTreeMap;
use std::io::{self, Read, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;

use crate::domain::text::Label;

/// Most bytes of the file.
const FILE: u64 = 64 << 20;
/// Most bytes of everything in it, unpacked.
const UNPACKED: u64 = 256 << 20;
/// Most parts.
const PARTS: usize = 2000;
/// Most bytes of a part's name.
const NAME: usize = 100;
/// Most values of one part of JSON: each takes more room in memory than in the file.
const VALUES: usize = 4_000_000;
/// Deepest nesting of JSON.
const DEPTH: usize = 32;

/// One part of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its path in the bundle.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// What in it was replaced, in words.
    pub replaced: &'static str,
}

/// Why a file is not taken for a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It could not be read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is too much.
    #[error("it holds more than a bundle may: {0}")]
    TooMuch(String),
    /// A part has a name that no bundle gives.
    #[error("a part of it is called {0}, which no bundle calls a part")]
    Name(String),
    /// A part is something else than a file.
    #[error("a part of it, {0}, is no plain file")]
    Kind(String),
    /// A part is there twice.
    #[error("a part of it, {0}, is there twice")]
    Twice(String),
    /// A part is missing, or does not hold what it should.
    #[error("its {part} cannot be read: {why}")]
    Part {
        /// Which part.
        part: String,
        /// What is wrong.
        why: String,
    },
    /// A newer program has made it.
    #[error(
        "it has form {found}, and this program knows forms up to {known}: use the newer program"
    )]
    TooNew {
        /// Its form.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
}

/// Packs parts.
pub fn pack(parts: &[Part], at: Timestamp) -> io::Result<Vec<u8>> {
    let encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut tar = tar::Builder::new(encoder);
    for part in parts {
        let mut header = tar::Header::new_ustar();
        header.set_size(part.bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(at.as_second()).unwrap_or(0));
        tar.append_data(&mut header, &part.name, part.bytes.as_slice())?;
    }
    tar.into_inner()?.finish()
}

/// Whether this program would read what was packed: one that it makes it must be able to open.
pub fn fits(parts: &[Part], packed: usize) -> Result<(), BundleError> {
    let unpacked: u64 = parts.iter().map(|part| part.bytes.len() as u64).sum();
    if packed as u64 > FILE {
        return Err(too_much("bytes", FILE));
    }
    if unpacked > UNPACKED {
        return Err(too_much("bytes, unpacked", UNPACKED));
    }
    if parts.len() > PARTS {
        return Err(too_much("parts", PARTS as u64));
    }
    parts
        .iter()
        .filter(|part| is_json(&part.name))
        .try_for_each(|part| measured(&part.name, &part.bytes))
}

fn too_much(what: &str, most: u64) -> BundleError {
    BundleError::TooMuch(format!("{most} {what} at most"))
}

/// Writes the file for its owner alone, all of it or nothing; a file that is there stays as it is.
pub fn write(path: &Path, packed: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // A temporary file has mode 0600 from the start.
    let mut file = tempfile::Builder::new()
        .prefix(".teamsconnector-bundle-")
        .tempfile_in(folder)?;
    file.write_all(packed)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    Ok(())
}

/// Unpacks a file.
pub fn read(path: &Path) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let file = std::fs::File::open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(BundleError::Kind(path.display().to_string()));
    }
    if meta.len() > FILE {
        return Err(too_much("bytes", FILE));
    }
    unpack(file.take(FILE))
}

/// Unpacks bytes.
pub fn unpack(packed: impl Read) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let mut tar = tar::Archive::new(GzDecoder::new(packed).take(UNPACKED));
    let mut parts = BTreeMap::new();
    let mut left = UNPACKED;
    for (n, entry) in tar.entries()?.enumerate() {
        if n >= PARTS {
            return Err(too_much("parts", PARTS as u64));
        }
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !is_name(&name) {
            return Err(BundleError::Name(Label::new(&short(&name)).to_string()));
        }
        if !entry.header().entry_type().is_file() {
            return Err(BundleError::Kind(name));
        }
        let size = entry.size();
        left = left
            .checked_sub(size)
            .ok_or_else(|| too_much("bytes, unpacked", UNPACKED))?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if bytes.len() as u64 != size {
            return Err(BundleError::Part {
                part: name,
                why: "it ends too soon".to_owned(),
            });
        }
        if is_json(&name) {
            measured(&name, &bytes)?;
        }
        if parts.insert(name.clone(), bytes).is_some() {
            return Err(BundleError::Twice(name));
        }
    }
    // The checksum stands behind the last part: a file that was cut off there is told by it alone.
    io::copy(&mut tar.into_inner(), &mut io::sink())?;
    Ok(parts)
}

fn is_json(name: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "json")
}

fn short(text: &str) -> String {
    text.chars().take(NAME).collect()
}

/// A path of small letters, digits and a few signs, that leads nowhere else.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.len() <= NAME
        && name.split('/').count() <= 3
        && name
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain))
}

/// Counts the values and the depth of JSON before anything of it is made.
fn measured(name: &str, bytes: &[u8]) -> Result<(), BundleError> {
    let (mut values, mut depth) = (0_usize, 0_usize);
    let (mut quoted, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' | b':' => values += 1,
            _ => {}
        }
        if depth > DEPTH {
            return Err(BundleError::TooMuch(format!(
                "{name} is nested more than {DEPTH} deep"
            )));
        }
        if values > VALUES {
            return Err(BundleError::TooMuch(format!(
                "{name} has more than {VALUES} values"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn part(name: &str, text: &str) -> Part {
        Part {
            name: name.to_owned(),
            bytes: text.as_bytes().to_vec(),
            replaced: "",
        }
    }

    fn packed(build: impl FnOnce(&mut tar::Builder<GzEncoder<Vec<u8>>>)) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        build(&mut tar);
        tar.into_inner().unwrap().finish().unwrap()
    }

    /// A header that a careful writer would refuse to make.
    fn raw(name: &str, kind: tar::EntryType, size: u64) -> tar::Header {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(size);
        header.set_cksum();
        header
    }

    fn refused(bytes: &[u8]) -> String {
        unpack(bytes).unwrap_err().to_string()
    }

    #[test]
    fn there_and_back_for_the_owner_alone() {
        let parts = [part("manifest.json", "{}"), part("runs/1.log", "a line")];
        let bytes = pack(&parts, "2026-11-04T09:40:00Z".parse().unwrap()).unwrap();
        fits(&parts, bytes.len()).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("b.tar.gz");
        write(&path, &bytes).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let back = read(&path).unwrap();
        assert_eq!(back.len(), 2);
        assert_eq!(back["runs/1.log"], b"a line");
        // What is there is not overwritten, and nothing else is left behind.
        let error = write(&path, b"other").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn hostile_names_and_kinds_are_refused() {
        for name in [
            "../x",
            "/etc/passwd",
            "a/../b",
            "a//b",
            ".x",
            "a/b/c/d",
            "a b",
            "a\nb",
            "",
        ] {
            let bytes = packed(|tar| {
                tar.append(&raw(name, tar::EntryType::Regular, 0), io::empty())
                    .unwrap();
            });
            assert!(
                refused(&bytes).contains("which no bundle calls a part"),
                "{name}"
            );
        }
        for kind in [
            tar::EntryType::Symlink,
            tar::EntryType::Link,
            tar::EntryType::Directory,
            tar::EntryType::Fifo,
        ] {
            let bytes = packed(|tar| tar.append(&raw("x", kind, 0), io::empty()).unwrap());
            assert!(refused(&bytes).contains("is no plain file"), "{kind:?}");
        }
        let twice = packed(|tar| {
            for _ in 0..2 {
                tar.append(&raw("x", tar::EntryType::Regular, 0), io::empty())
                    .unwrap();
            }
        });
        assert!(refused(&twice).contains("there twice"));
    }

    #[test]
    fn hostile_sizes_are_refused() {
        let claims = packed(|tar| {
            tar.append(&raw("x", tar::EntryType::Regular, 1 << 40), io::empty())
                .unwrap();
        });
        assert!(
            refused(&claims).contains("268435456 bytes, unpacked"),
            "{}",
            refused(&claims)
        );
        let bomb = packed(|tar| {
            let size = UNPACKED + 1;
            tar.append(
                &raw("x", tar::EntryType::Regular, size),
                io::repeat(0).take(size),
            )
            .unwrap();
        });
        assert!(bomb.len() < 1 << 22, "{}", bomb.len());
        assert!(refused(&bomb).contains("more than a bundle may"));
        let many = packed(|tar| {
            for n in 0..=PARTS {
                tar.append(
                    &raw(&format!("x{n}"), tar::EntryType::Regular, 0),
                    io::empty(),
                )
                .unwrap();
            }
        });
        assert!(refused(&many).contains("2000 parts at most"));
        let deep = packed(|tar| {
            let text = "[".repeat(40);
            tar.append(&raw("x.json", tar::EntryType::Regular, 40), text.as_bytes())
                .unwrap();
        });
        assert!(refused(&deep).contains("nested more than 32 deep"));
        let text = format!("[{}0]", "0,".repeat(VALUES + 1));
        assert!(
            measured("x.json", text.as_bytes())
                .unwrap_err()
                .to_string()
                .contains("4000000 values")
        );
    }

    #[test]
    fn what_is_no_bundle_and_what_is_cut_off_is_refused() {
        assert!(unpack(&b"no gzip at all"[..]).is_err());
        let whole = pack(&[part("x", &"a".repeat(5000))], Timestamp::UNIX_EPOCH).unwrap();
        for end in [10, whole.len() / 2, whole.len() - 9] {
            assert!(unpack(&whole[..end]).is_err(), "{end}");
        }
    }
}
