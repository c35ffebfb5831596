//! How the console looks and is worked, as the file says: `theme`, `mouse`, `bell`, `esc_wait`, `[keys]`.

use std::time::Duration;

use toml_edit::Item;

use crate::app::action::TABLE;
use crate::app::event::Key;
use crate::app::keymap::{self, Keymap};

use super::Look;
use super::error::ConfigError;
use super::table::Table;

const THEME_FORM: &str = "write default, light, high-contrast, mono, or the name of a file in themes/ beside this one, without .toml";

/// Longer than an arrow is in pieces on most lines, shorter than anybody waits for Esc; the editors and multiplexers of such lines wait
/// as long.
pub(super) const ESC_WAIT: Duration = Duration::from_millis(100);

pub(super) fn read(root: &Table<'_>) -> Result<Look, ConfigError> {
    let theme = root.filled("theme", THEME_FORM)?;
    if theme.as_deref().is_some_and(|name| !is_theme_name(name)) {
        return Err(root.wrong_key("theme", THEME_FORM));
    }
    Ok(Look {
        keys: keys(root)?,
        mouse: root.truth("mouse")?.unwrap_or(true),
        bell: root.truth("bell")?.unwrap_or(false),
        esc_wait: esc_wait(root)?,
        theme_at: theme.as_ref().map(|_| root.value_of("theme")),
        theme,
    })
}

fn esc_wait(root: &Table<'_>) -> Result<Duration, ConfigError> {
    let form = "write milliseconds, a whole number from 10 to 60000";
    let Some(item) = root.items.get("esc_wait") else {
        return Ok(ESC_WAIT);
    };
    item.as_integer()
        .filter(|wait| (10..=60_000).contains(wait))
        .and_then(|wait| u64::try_from(wait).ok())
        .map(Duration::from_millis)
        .ok_or_else(|| root.wrong("esc_wait", item, form))
}

/// Whether a name can be a theme's: it becomes the name of a file.
pub(super) fn is_theme_name(name: &str) -> bool {
    crate::domain::naming::is_tenant_name(name)
}

fn keys(root: &Table<'_>) -> Result<Keymap, ConfigError> {
    let Some(table) = root.table("keys", "[keys]")? else {
        return Ok(Keymap::default());
    };
    let names: Vec<&str> = TABLE.iter().map(|row| row.name).collect();
    table.only(&names)?;
    let mut wishes = Vec::new();
    for row in TABLE {
        let Some(item) = table.items.get(row.name) else {
            continue;
        };
        let keys = chosen(&table, row.name, item)?;
        keymap::fits(row.action, &keys).map_err(|why| table.wrong(row.name, item, &why))?;
        wishes.push((row.action, keys));
    }
    Keymap::with(&wishes).map_err(|clash| ConfigError::KeyClash {
        at: Box::new(table.place_of(clash.yours.binding().name)),
        key: keymap::name(clash.key),
        yours: clash.yours.binding().name,
        other: clash.other.binding().name,
        place: clash.place.word(),
    })
}

/// One key, or a list of them.
fn chosen(table: &Table<'_>, name: &str, item: &Item) -> Result<Vec<Key>, ConfigError> {
    let form = "write a key in quotes, such as \"x\" or \"Ctrl-X\", or a list of them";
    let read = |text: &str| keymap::chosen(text).map_err(|why| table.wrong(name, item, why));
    if let Some(text) = item.as_str() {
        return Ok(vec![read(text)?]);
    }
    let list = item
        .as_array()
        .ok_or_else(|| table.wrong(name, item, form))?;
    list.iter()
        .map(|value| match value.as_str() {
            Some(text) => read(text),
            None => Err(table.wrong(name, item, form)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::app::action::{Action, Place};
    use crate::app::event::Code;
    use crate::config::Config;

    fn read(text: &str) -> Result<super::Look, String> {
        Config::parse(Path::new("/somewhere/config.toml"), text)
            .map(|config| config.look)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_said_is_the_table_the_mouse_and_no_theme() {
        assert_eq!(read(""), Ok(super::Look::default()));
        let look = read("theme = \"light\"\nmouse = false\n").unwrap();
        assert_eq!((look.theme.as_deref(), look.mouse), (Some("light"), false));
        let waits = |text: &str| read(text).map(|look| look.esc_wait.as_millis());
        assert_eq!(waits(""), Ok(100));
        assert_eq!(waits("esc_wait = 250\n"), Ok(250));
        for wrong in ["9", "60001", "\"100\"", "1.5"] {
            let told = waits(&format!("esc_wait = {wrong}\n")).unwrap_err();
            assert!(
                told.contains("write milliseconds, a whole number from 10 to 60000"),
                "{told}"
            );
        }
        assert!(
            read("theme = \"../up\"\n")
                .unwrap_err()
                .contains("config.toml:1:9: theme")
        );
    }

    #[test]
    fn keys_are_one_or_a_list() {
        let look = read("[keys]\nsync = \"x\"\nopen = [\"Enter\", \"i\"]\nsort = []\n").unwrap();
        let action = |code| look.keys.action(Place::Users, code);
        assert_eq!(action(Code::Char('x').into()), Some(Action::SyncNow));
        assert_eq!(action(Code::Char('i').into()), Some(Action::Open));
        assert_eq!(action(Code::Enter.into()), Some(Action::Open));
        assert_eq!(action(Code::Char('o').into()), None);
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_line() {
        for (line, wanted) in [
            (
                "syncc = \"x\"",
                "config.toml:2:1: unknown key \"syncc\" in [keys]; did you mean \"sync\"?",
            ),
            (
                "sync = \"Ctrl-B\"",
                "config.toml:2:8: sync = \"Ctrl-B\" in [keys] is not allowed; tmux takes Ctrl-B for itself: choose another",
            ),
            (
                "sync = 1",
                "config.toml:2:8: sync = 1 in [keys] is not allowed; write a key in quotes, such as \"x\" or \"Ctrl-X\", or a list of them",
            ),
            (
                "plan = \"x\"\nsync = \"d\"",
                "config.toml:3:1: d is \"sync\" and \"remove\" in one place (users): give one of them another key",
            ),
            (
                "copy = \"v\"\nremove = \"y\"",
                "config.toml:3:1: y is \"remove\" and \"yes\" in one place (question): give one of them another key",
            ),
        ] {
            assert_eq!(read(&format!("[keys]\n{line}\n")), Err(wanted.to_owned()));
        }
    }
}
