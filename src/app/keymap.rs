//! Which key means what in which place: built from the table of actions, so that a configuration can change it later.

use super::action::{Action, Place, Places, TABLE};
use super::event::{Code, Key};

/// Keys and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap(Vec<(Key, Places, Action)>);

impl Default for Keymap {
    fn default() -> Self {
        Self(
            TABLE
                .iter()
                .flat_map(|row| {
                    row.keys
                        .iter()
                        .map(|name| {
                            (
                                parse(name).expect("a test reads every key of the table"),
                                row.places,
                                row.action,
                            )
                        })
                        .collect::<Vec<_>>()
                })
                .collect(),
        )
    }
}

impl Keymap {
    /// What a key means in a place.
    pub fn action(&self, place: Place, key: Key) -> Option<Action> {
        if matches!(
            place,
            Place::Form | Place::Filter | Place::Palette | Place::Choice
        ) && matches!(key.code, Code::Char(_))
            && !key.ctrl
        {
            return None;
        }
        self.0
            .iter()
            .find(|(bound, places, _)| *bound == key && places.has(place))
            .map(|(_, _, action)| *action)
    }
}

/// Reads the name of a key: `j`, `G`, `Space`, `Enter`, `Ctrl-T`.
pub fn parse(name: &str) -> Option<Key> {
    if let Some(rest) = name.strip_prefix("Ctrl-") {
        let code = match parse(rest)?.code {
            Code::Char(c) => Code::Char(c.to_ascii_lowercase()),
            code => code,
        };
        return Some(Key { code, ctrl: true });
    }
    let mut chars = name.chars();
    let code = match (chars.next()?, chars.next()) {
        (c, None) => Code::Char(c),
        _ => match name {
            "Space" => Code::Char(' '),
            "Enter" => Code::Enter,
            "Esc" => Code::Esc,
            "Tab" => Code::Tab,
            "BackTab" => Code::BackTab,
            "Backspace" => Code::Backspace,
            "Delete" => Code::Delete,
            "Up" => Code::Up,
            "Down" => Code::Down,
            "Left" => Code::Left,
            "Right" => Code::Right,
            "Home" => Code::Home,
            "End" => Code::End,
            "PageUp" => Code::PageUp,
            "PageDown" => Code::PageDown,
            _ => return None,
        },
    };
    Some(code.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_key_of_the_table() {
        for row in TABLE {
            for name in row.keys {
                assert!(parse(name).is_some(), "{name}");
            }
        }
        assert_eq!(parse("Nonsense"), None);
        assert_eq!(
            parse("Ctrl-T"),
            Some(Key {
                code: Code::Char('t'),
                ctrl: true
            })
        );
    }

    #[test]
    fn letters_are_text_in_a_form() {
        let keymap = Keymap::default();
        let a = Code::Char('a').into();
        assert_eq!(keymap.action(Place::Candidates, a), Some(Action::Add));
        assert_eq!(keymap.action(Place::Form, a), None);
        assert_eq!(
            keymap.action(Place::Form, Code::Enter.into()),
            Some(Action::Save)
        );
    }
}
