//! One table of `config.toml`, read key by key: each refusal says line, column, what was found and what would be right.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike};
use url::{Host, Url};

use crate::domain::guid::Guid;

use super::Words;
use super::error::{ConfigError, Place};

/// One table of the file, with what is needed to say where in it something is wrong.
pub(super) struct Table<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
    pub(super) name: String,
    pub(super) span: Option<Range<usize>>,
    pub(super) items: &'a dyn TableLike,
}

impl<'a> Table<'a> {
    pub(super) fn only(&self, allowed: &[&str]) -> Result<(), ConfigError> {
        for (key, _) in self.items.iter() {
            if !allowed.contains(&key) {
                return Err(ConfigError::UnknownKey {
                    at: Box::new(self.place_of(key)),
                    key: key.to_owned(),
                    table: self.name.clone(),
                    nearest: nearest(key, allowed).map(ToOwned::to_owned),
                    allowed: allowed.iter().map(|&key| key.to_owned()).collect(),
                });
            }
        }
        Ok(())
    }

    pub(super) fn table(&self, key: &str, name: &str) -> Result<Option<Table<'a>>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(None);
        };
        let items = item
            .as_table_like()
            .ok_or_else(|| self.wrong(key, item, "write it as a table"))?;
        let key_span = self.items.key(key).and_then(toml_edit::Key::span);
        Ok(Some(Table {
            path: self.path,
            text: self.text,
            name: name.to_owned(),
            span: item.span().or(key_span),
            items,
        }))
    }

    pub(super) fn string(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(None);
        };
        match item.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.wrong(key, item, "write a text in quotes")),
        }
    }

    /// A text that is not blank.
    pub(super) fn filled(&self, key: &str, form: &str) -> Result<Option<String>, ConfigError> {
        match self.string(key)? {
            Some(text) if text.trim().is_empty() => Err(self.wrong_key(key, form)),
            found => Ok(found),
        }
    }

    /// A list of texts; an empty one where the key is not there.
    pub(super) fn strings(&self, key: &str, form: &str) -> Result<Vec<String>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(Vec::new());
        };
        item.as_array()
            .and_then(|list| {
                list.iter()
                    .map(|value| value.as_str().map(ToOwned::to_owned))
                    .collect()
            })
            .ok_or_else(|| self.wrong(key, item, form))
    }

    pub(super) fn truth(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(None);
        };
        match item.as_bool() {
            Some(truth) => Ok(Some(truth)),
            None => Err(self.wrong(key, item, "write true or false, without quotes")),
        }
    }

    pub(super) fn guid(&self, key: &str) -> Result<Option<String>, ConfigError> {
        match self.string(key)? {
            Some(text) if text.parse::<Guid>().is_err() => Err(self.wrong_key(
                key,
                "write the application (client) id of the app registration, a GUID",
            )),
            found => Ok(found),
        }
    }

    pub(super) fn word<W: Words>(&self, key: &str) -> Result<Option<W>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(None);
        };
        match item.as_str().and_then(W::from_word) {
            Some(word) => Ok(Some(word)),
            None => Err(self.wrong(key, item, &format!("write one of {}", quoted::<W>()))),
        }
    }

    pub(super) fn words<W: Words + Ord>(
        &self,
        key: &str,
    ) -> Result<Option<BTreeSet<W>>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(None);
        };
        let allowed = || format!("write a list of {}", quoted::<W>());
        let Some(list) = item.as_array() else {
            return Err(self.wrong(key, item, &allowed()));
        };
        list.iter()
            .map(|value| value.as_str().and_then(W::from_word))
            .collect::<Option<BTreeSet<W>>>()
            .map(Some)
            .ok_or_else(|| self.wrong(key, item, &allowed()))
    }

    /// A path; a relative one is meant from the folder of the file.
    pub(super) fn file(&self, key: &str) -> Result<Option<PathBuf>, ConfigError> {
        let folder = self.path.parent().unwrap_or_else(|| Path::new(""));
        Ok(self.string(key)?.map(|text| folder.join(text)))
    }

    /// An address that tokens may go to: https, or plain http to this machine alone.
    pub(super) fn address(&self, key: &str) -> Result<String, ConfigError> {
        let form = "write an https address (plain http only to 127.0.0.1, [::1] or localhost)";
        let text = self.string(key)?.ok_or_else(|| self.missing(key, form))?;
        let safe = Url::parse(&text).is_ok_and(|url| {
            let bare = url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none();
            bare && match (url.scheme(), url.host()) {
                ("https", Some(_)) => true,
                ("http", Some(Host::Ipv4(ip))) => ip.is_loopback(),
                ("http", Some(Host::Ipv6(ip))) => ip.is_loopback(),
                ("http", Some(Host::Domain(name))) => name == "localhost",
                _ => false,
            }
        });
        if safe {
            Ok(text.trim_end_matches('/').to_owned())
        } else {
            Err(self.wrong_key(key, form))
        }
    }

    pub(super) fn place_of(&self, key: &str) -> Place {
        let span = self.items.key(key).and_then(toml_edit::Key::span);
        place(self.path, self.text, span.or_else(|| self.span.clone()))
    }

    /// Where the value of a key begins.
    pub(super) fn value_of(&self, key: &str) -> Place {
        match self.items.get(key).and_then(Item::span) {
            Some(span) => place(self.path, self.text, Some(span)),
            None => self.place_of(key),
        }
    }

    pub(super) fn missing(&self, key: &str, allowed: &str) -> ConfigError {
        ConfigError::Missing {
            at: Box::new(place(self.path, self.text, self.span.clone())),
            key: key.to_owned(),
            table: self.name.clone(),
            allowed: allowed.to_owned(),
        }
    }

    pub(super) fn wrong_key(&self, key: &str, allowed: &str) -> ConfigError {
        match self.items.get(key) {
            Some(item) => self.wrong(key, item, allowed),
            None => self.missing(key, allowed),
        }
    }

    /// Its tenant has another name already.
    pub(super) fn same_tenant(&self, other: &str) -> ConfigError {
        let span = self.items.get("tenant_id").and_then(Item::span);
        ConfigError::SameTenant {
            at: Box::new(place(self.path, self.text, span)),
            table: self.name.clone(),
            other: other.to_owned(),
        }
    }

    pub(super) fn wrong(&self, key: &str, item: &Item, allowed: &str) -> ConfigError {
        let found = item
            .span()
            .and_then(|span| self.text.get(span))
            .and_then(|text| text.lines().next())
            .unwrap_or("…");
        ConfigError::WrongValue {
            at: Box::new(self.value_of(key)),
            key: key.to_owned(),
            table: self.name.clone(),
            found: found.to_owned(),
            allowed: allowed.to_owned(),
        }
    }
}

fn quoted<W: Words>() -> String {
    W::ALL
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The text as TOML; what is not is refused with its place.
pub(super) fn parsed<'a>(path: &Path, text: &'a str) -> Result<Document<&'a str>, ConfigError> {
    Document::parse(text).map_err(|error| ConfigError::Syntax {
        at: Box::new(place(path, text, error.span())),
        message: error.message().lines().collect::<Vec<_>>().join(": "),
    })
}

pub(super) fn place(path: &Path, text: &str, span: Option<Range<usize>>) -> Place {
    let before = span
        .and_then(|span| text.get(..span.start))
        .unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Place {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

/// The allowed key that is at most a third of its letters away, or lacks two of them: swapped letters are one slip.
pub(super) fn nearest<'a>(key: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let key = key.to_ascii_lowercase().replace('-', "_");
    let most = |candidate: &str| match candidate.len() {
        5.. if key.len() < candidate.len() => (candidate.len() / 3).max(2),
        len => (len / 3).max(1),
    };
    allowed
        .iter()
        .map(|candidate| (strsim::osa_distance(&key, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= most(candidate) && *distance < key.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_slips_name_the_key_that_was_meant() {
        let known = ["theme", "mouse", "cloud", "group", "quit", "sync", "edit"];
        for (typed, meant) in [
            ("tehme", Some("theme")),
            ("moues", Some("mouse")),
            ("cluod", Some("cloud")),
            ("grp", Some("group")),
            ("qiut", Some("quit")),
            ("snyc", Some("sync")),
            ("edti", Some("edit")),
            ("colour", None),
            ("ab", None),
        ] {
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
    }
}
