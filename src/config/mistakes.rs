//! All mistakes of a configuration, or of a theme, at once: each is put out of sight, and the rest is read again.
//!
//! What only follows from a mistake is not told: where a key decides what others may be, its whole table goes out of sight with it.

use std::ops::Range;
use std::path::Path;

use toml_edit::{Item, TableLike};

use super::Config;
use super::error::{ConfigError, Place};
use super::table::parsed;

/// More than anybody mends in one go.
const MOST: usize = 100;

/// Keys that decide what other keys of their table may be.
const DECIDING: [&str; 3] = ["sign_in", "cloud", "identity"];

/// Keys that go only together.
const PAIR: [&str; 2] = ["shared_dir", "shared_group"];

/// All mistakes of a text as if it stood in the file, and what is left of it without them; no configuration where that cannot be told.
pub fn mistakes(path: &Path, text: &str) -> (Option<Config>, Vec<ConfigError>) {
    all(path, text, Config::parse)
}

/// All mistakes of a text, by line, and what it says without them.
pub(super) fn all<T>(
    path: &Path,
    text: &str,
    read: impl Fn(&Path, &str) -> Result<T, ConfigError>,
) -> (Option<T>, Vec<ConfigError>) {
    let (left, mut found) = gathered(path, text, read);
    found.sort_by_key(|error| error.place().map(|place| (place.line, place.column)));
    (left, found)
}

fn gathered<T>(
    path: &Path,
    text: &str,
    read: impl Fn(&Path, &str) -> Result<T, ConfigError>,
) -> (Option<T>, Vec<ConfigError>) {
    let mut text = text.to_owned();
    let mut found: Vec<ConfigError> = Vec::new();
    let mut lost_identity = false;
    while found.len() < MOST {
        let error = match read(path, &text) {
            Ok(config) => return (Some(config), found),
            Err(error) => error,
        };
        let is_syntax = matches!(error, ConfigError::Syntax { .. });
        // A text that was TOML before something was put out of sight: nothing more can be said of it.
        if is_syntax && !found.is_empty() {
            return (None, found);
        }
        let hidden = hidden(path, &text, &error);
        let (key, table) = (error.key().unwrap_or(""), error.table().unwrap_or(""));
        let follows = (key == "identity" && lost_identity) || lost(&found, &error);
        lost_identity |= table.starts_with("[identities");
        if !follows {
            found.push(error);
        }
        match hidden {
            Some(rest) => text = rest,
            None => return (None, found),
        }
    }
    (None, found)
}

/// Whether a key is only missing because it was put out of sight, or because it was written as another.
fn lost(found: &[ConfigError], error: &ConfigError) -> bool {
    let ConfigError::Missing { key, table, .. } = error else {
        return false;
    };
    found.iter().any(|earlier| {
        let here = earlier
            .table()
            .is_some_and(|at| at == table || at == "[defaults]");
        here && [earlier.key(), earlier.nearest()].contains(&Some(key.as_str()))
    })
}

/// The text with what is wrong as blanks, so that everything else keeps its line and column; `None` where that changes nothing.
fn hidden(path: &Path, text: &str, error: &ConfigError) -> Option<String> {
    let document = parsed(path, text).ok()?;
    let root = document.as_table();
    let offset = offset(text, error.place()?);
    let key = error.key()?;
    let mut ranges = Vec::new();
    if PAIR.contains(&key) {
        ranges.extend(PAIR.iter().filter_map(|key| entry(root, key)));
    } else {
        let (own, header) = at(root, offset)?;
        let is_missing = matches!(error, ConfigError::Missing { .. });
        ranges.push(match header {
            _ if DECIDING.contains(&key) || matches!(error, ConfigError::SameTenant { .. }) => {
                section(text, error.table()?)?
            }
            Some(_) if is_missing => section(text, error.table()?)?,
            Some(start) => from_header(text, start),
            None => own,
        });
    }
    let mut out = text.to_owned();
    for range in ranges {
        let blank: String = out
            .get(range.clone())?
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        // A blank for each character, not for each byte, keeps the columns; offsets of later ranges only count on the same text.
        out.replace_range(range, &blank);
    }
    (out != text).then_some(out)
}

/// The entry that begins there, by its key or its value: its range, and where its header begins where it is a table of its own.
fn at(table: &dyn TableLike, offset: usize) -> Option<(Range<usize>, Option<usize>)> {
    for (name, item) in table.iter() {
        let key = table.key(name).and_then(toml_edit::Key::span);
        let span = item.span();
        let begins = |span: &Option<Range<usize>>| span.as_ref().is_some_and(|s| s.start == offset);
        if begins(&key) || begins(&span) {
            let header = match item {
                Item::Table(_) => Some(offset),
                Item::None | Item::Value(_) | Item::ArrayOfTables(_) => None,
            };
            let start = key.map_or(offset, |key| key.start);
            let end = span.map_or(start, |span| span.end);
            return Some((start..end.max(start), header));
        }
        if let Some(found) = item.as_table_like().and_then(|inner| at(inner, offset)) {
            return Some(found);
        }
    }
    None
}

fn entry(table: &dyn TableLike, name: &str) -> Option<Range<usize>> {
    let key = table.key(name).and_then(toml_edit::Key::span)?;
    Some(key.start..table.get(name)?.span()?.end)
}

/// A table with all tables in it, by its header.
fn section(text: &str, header: &str) -> Option<Range<usize>> {
    let start = text
        .match_indices(header)
        .map(|(start, _)| start)
        .find(|start| *start == 0 || text[..*start].ends_with('\n'))?;
    Some(from_header(text, start))
}

/// From a header on, to the next one that is none of its own.
fn from_header(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let own = text[start..].lines().next().unwrap_or_default();
    let inner = format!("{}.", own.split(']').next().unwrap_or_default());
    let mut end = start;
    for (n, line) in text[start..].split_inclusive('\n').enumerate() {
        if n > 0 && line.starts_with('[') && !line.starts_with(&inner) {
            break;
        }
        end += line.len();
    }
    start..end
}

/// Where a line and a column are in the text.
fn offset(text: &str, place: &Place) -> usize {
    let lines = text.split_inclusive('\n');
    let before: usize = lines.clone().take(place.line - 1).map(str::len).sum();
    let within = lines
        .skip(place.line - 1)
        .flat_map(str::char_indices)
        .nth(place.column - 1)
        .map_or(0, |(at, _)| at);
    before + within
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let (_, found) = mistakes(Path::new("/somewhere/config.toml"), text);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_mistake_is_told_once_with_its_own_place() {
        let text = "\
them = \"dark\"
mouse = 1

[keys]
sync = \"F5\"
synk = \"z\"

[defaults]
client_id = \"none\"

[tenants.a]
tenant_id = \"a.example\"
client_id = \"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\"
groop = \"x\"
read_only = \"yes\"

[tenants.b]
cloud = \"mars\"
[tenants.b.endpoints]
login = \"ftp://x\"

[tenants.c]
tenant_id = \"c.example\"
client_id = \"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\"
";
        let found = told(text);
        let starts: Vec<String> = found
            .iter()
            .map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": "))
            .collect();
        let places: Vec<&str> = starts.iter().filter_map(|s| s.split(": ").next()).collect();
        for place in [
            "config.toml:1:1",
            "config.toml:2:9",
            "config.toml:5:",
            "config.toml:6:1",
            "config.toml:9:13",
            "config.toml:14:1",
            "config.toml:15:13",
        ] {
            assert!(
                places.iter().any(|at| at.starts_with(place)),
                "{place}: {found:#?}"
            );
        }
        // The tenant without an id is told for that, and nothing that follows from it.
        let of_b: Vec<_> = found
            .iter()
            .filter(|line| line.contains("tenants.b"))
            .collect();
        assert_eq!(of_b.len(), 1, "{found:#?}");
        assert_eq!(found.len(), 8, "{found:#?}");
        assert!(
            !found.iter().any(|line| line.contains("tenants.c")),
            "{found:#?}"
        );
    }

    #[test]
    fn two_names_for_one_tenant_are_told_with_both() {
        let text = "\
[tenants.a]
tenant_id = \"Contoso.example\"
group = \"Voice\"

[tenants.b]
tenant_id = \"other.example\"

[tenants.c]
group = \"Sales\"
tenant_id = \"contoso.EXAMPLE\"

[tenants.d]
tenant_id = \"contoso.example\"
cloud = \"us-gov\"
";
        let found = told(text);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(
            found[0].contains("config.toml:10:13: [tenants.c] is the tenant of [tenants.a] too"),
            "{found:#?}"
        );
    }

    #[test]
    fn what_follows_from_a_mistake_is_not_told() {
        let text = "\
shared_dir = \"here\"
shared_group = \"voice\"

[identities.ours]
sign_in = \"magic\"

[tenants.a]
tenant_id = \"a.example\"
identity = \"ours\"
";
        let found = told(text);
        assert_eq!(found.len(), 2, "{found:#?}");
        assert!(found[0].starts_with("config.toml:1:14"), "{found:#?}");
        assert!(found[1].starts_with("config.toml:5:11"), "{found:#?}");
        for tenant in ["tenant_id = \"x\"", "tenat_id = \"a.example\""] {
            let found = told(&format!("[tenants.a]\n{tenant}\n"));
            assert_eq!(found.len(), 1, "{found:#?}");
            assert!(found[0].contains("tenant_id"), "{found:#?}");
        }
        assert_eq!(told("a = [1\n").len(), 1);
        assert_eq!(told(""), Vec::<String>::new());
    }
}
