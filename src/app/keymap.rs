//! Which key means what in which place: built from the table of actions, and from what the configuration says otherwise.

use super::action::{Action, Place, Places, TABLE};
use super::event::{Code, Key};

/// Keys and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    bound: Vec<(Key, Places, Action)>,
    /// Actions whose keys the configuration names.
    yours: Vec<Action>,
}

/// A key that would mean two things in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clash {
    /// The key.
    pub key: Key,
    /// An action whose keys the configuration names.
    pub yours: Action,
    /// The other one.
    pub other: Action,
    /// Where both are read.
    pub place: Place,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::with(&[]).expect("a test reads the whole table, and finds no clash in it")
    }
}

/// The keys that the table gives an action.
pub fn default_keys(action: Action) -> Vec<Key> {
    action
        .binding()
        .keys
        .iter()
        .map(|name| parse(name).expect("a test reads every key of the table"))
        .collect()
}

impl Keymap {
    /// The table with other keys for these actions.
    pub fn with(wishes: &[(Action, Vec<Key>)]) -> Result<Self, Clash> {
        let mut bound = Vec::new();
        for row in TABLE {
            let wish = wishes.iter().find(|(action, _)| *action == row.action);
            let keys = wish.map_or_else(|| default_keys(row.action), |(_, keys)| keys.clone());
            bound.extend(keys.into_iter().map(|key| (key, row.places, row.action)));
        }
        let made = Self {
            bound,
            yours: wishes.iter().map(|(action, _)| *action).collect(),
        };
        match made.clash() {
            Some(clash) => Err(clash),
            None => Ok(made),
        }
    }

    /// The first key that means two things, or confirms what it has itself opened.
    fn clash(&self) -> Option<Clash> {
        for (n, one) in self.bound.iter().enumerate() {
            for other in &self.bound[n + 1..] {
                if one.0 != other.0 || one.2 == other.2 {
                    continue;
                }
                let yours = if self.is_yours(one.2) { one.2 } else { other.2 };
                let theirs = if yours == one.2 { other.2 } else { one.2 };
                let both = Place::ALL
                    .into_iter()
                    .find(|place| one.1.has(*place) && other.1.has(*place));
                let asks = one.2.confirms(other.2).or_else(|| other.2.confirms(one.2));
                if let Some(place) = both.or(asks) {
                    return Some(Clash {
                        key: one.0,
                        yours,
                        other: theirs,
                        place,
                    });
                }
            }
        }
        None
    }

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
        self.bound
            .iter()
            .find(|(bound, places, _)| *bound == key && places.has(place))
            .map(|(_, _, action)| *action)
    }

    /// The key that is meant: an arrow with Shift is an arrow where Shift adds nothing.
    pub fn meant(&self, place: Place, key: Key) -> Key {
        let bare = match key.code {
            Code::ShiftUp => Code::Up,
            Code::ShiftDown => Code::Down,
            _ => return key,
        };
        match self.action(place, key) {
            Some(_) => key,
            None => Key { code: bare, ..key },
        }
    }

    /// What a key means somewhere: in a pane, if it means something there.
    pub fn anywhere(&self, key: Key) -> Option<Action> {
        let mut all = self.bound.iter().filter(|(bound, ..)| *bound == key);
        let first = all.clone().next();
        let pane = all.find(|(_, places, _)| Place::ALL[..6].iter().any(|p| places.has(*p)));
        pane.or(first).map(|(.., action)| *action)
    }

    /// The keys of an action, as they are written.
    pub fn names(&self, action: Action) -> Vec<String> {
        self.bound
            .iter()
            .filter(|(_, _, bound)| *bound == action)
            .map(|(key, ..)| name(*key))
            .collect()
    }

    /// The key that is shown where there is room for one; the name of the action where it has none.
    pub fn first(&self, action: Action) -> String {
        self.bound
            .iter()
            .find(|(_, _, bound)| *bound == action)
            .map_or_else(
                || format!(":{}", action.binding().name),
                |(key, ..)| name(*key),
            )
    }

    /// A text in which each name of an action in braces, such as `{sync}`, has become its key.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let found = after.split_once('}').and_then(|(word, behind)| {
                let row = TABLE.iter().find(|row| row.name == word)?;
                Some((row.action, behind))
            });
            rest = if let Some((action, behind)) = found {
                filled.push_str(&self.first(action));
                behind
            } else {
                filled.push('{');
                after
            };
        }
        filled.push_str(rest);
        filled
    }

    /// Whether the configuration names its keys.
    pub fn is_yours(&self, action: Action) -> bool {
        self.yours.contains(&action)
    }
}

/// Keys with a name of more than one letter.
const NAMED: &[(&str, Code)] = &[
    ("Space", Code::Char(' ')),
    ("Enter", Code::Enter),
    ("Esc", Code::Esc),
    ("Tab", Code::Tab),
    ("BackTab", Code::BackTab),
    ("Backspace", Code::Backspace),
    ("Delete", Code::Delete),
    ("Up", Code::Up),
    ("Down", Code::Down),
    ("Shift-Up", Code::ShiftUp),
    ("Shift-Down", Code::ShiftDown),
    ("F1", Code::F(1)),
    ("Left", Code::Left),
    ("Right", Code::Right),
    ("Home", Code::Home),
    ("End", Code::End),
    ("PageUp", Code::PageUp),
    ("PageDown", Code::PageDown),
];

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
        _ => NAMED.iter().find(|(word, _)| *word == name)?.1,
    };
    Some(code.into())
}

/// How a key is written.
pub fn name(key: Key) -> String {
    let named = NAMED.iter().find(|(_, code)| *code == key.code);
    let plain = match (named, key.code) {
        (Some((word, _)), _) => (*word).to_owned(),
        (None, Code::Char(c)) if key.ctrl => c.to_ascii_uppercase().to_string(),
        (None, Code::Char(c)) => c.to_string(),
        (None, Code::F(n)) => format!("F{n}"),
        (None, code) => format!("{code:?}"),
    };
    if key.ctrl {
        format!("Ctrl-{plain}")
    } else {
        plain
    }
}

/// Reads a key that an engineer has chosen; else why it would not arrive, or would do something else.
pub fn chosen(text: &str) -> Result<Key, &'static str> {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("alt-") || lower.starts_with("meta-") || lower.starts_with("m-") {
        return Err("many terminals and SSH clients lose Alt: choose a key without it");
    }
    // F1 is help everywhere; it is never the only key of anything.
    if lower.len() > 1
        && lower != "f1"
        && lower.starts_with('f')
        && lower[1..].bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err("function keys do not arrive on every keyboard and line: choose another");
    }
    let (ctrl, plain) = match lower.strip_prefix("ctrl-") {
        Some(_) => (true, &text["ctrl-".len()..]),
        None => (false, text),
    };
    let named = NAMED
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(plain))
        .map(|(_, code)| *code);
    let mut chars = plain.chars();
    let code = match (named, chars.next(), chars.next()) {
        (Some(code), ..) => code,
        (None, Some(c), None) if !c.is_control() && !c.is_whitespace() => Code::Char(c),
        _ => {
            return Err(
                "write one letter or sign, Ctrl-X, or Enter, Esc, Space, Tab, BackTab, Backspace, Delete, Up, Down, Shift-Up, Shift-Down, Left, Right, Home, End, PageUp, PageDown",
            );
        }
    };
    match code {
        Code::Char(c) if ctrl => with_ctrl(c.to_ascii_lowercase()),
        _ if ctrl => Err("Ctrl goes with a letter: terminals do not tell the rest apart"),
        code => Ok(code.into()),
    }
}

fn with_ctrl(letter: char) -> Result<Key, &'static str> {
    match letter {
        'a' => Err("screen takes Ctrl-A for itself: choose another"),
        'b' => Err("tmux takes Ctrl-B for itself: choose another"),
        'c' => Err("Ctrl-C always ends the console: choose another"),
        'h' | 'i' | 'j' | 'm' => {
            Err("terminals send the same for it as for Backspace, Tab or Enter: choose another")
        }
        's' | 'q' => Err("some lines stop and go on with Ctrl-S and Ctrl-Q: choose another"),
        'a'..='z' => Ok(Key {
            code: Code::Char(letter),
            ctrl: true,
        }),
        _ => Err("Ctrl goes with a letter: terminals do not tell the rest apart"),
    }
}

/// Whether an action can have these keys; else why not.
pub fn fits(action: Action, keys: &[Key]) -> Result<(), String> {
    let stays = |code: Code| {
        let name = name(code.into());
        if keys.contains(&code.into()) {
            Ok(())
        } else {
            Err(format!(
                "{name} stays, since every screen says so: write [\"{name}\", …] to add others"
            ))
        }
    };
    match action {
        Action::Choose => {
            return Err("the ways are numbered 1 to 9, and so are their keys".to_owned());
        }
        Action::Open | Action::Save => stays(Code::Enter)?,
        Action::Leave => stays(Code::Esc)?,
        Action::Yes | Action::No | Action::Palette if keys.is_empty() => {
            return Err("it needs one key at least".to_owned());
        }
        _ if action.is_answer()
            && keys
                .iter()
                .any(|key| matches!(key.code, Code::Enter | Code::Char(' '))) =>
        {
            return Err(
                "Enter and Space are pressed too lightly to answer a question with".to_owned(),
            );
        }
        _ => {}
    }
    let text = action.binding().places.takes_text();
    let letter = keys
        .iter()
        .find(|key| matches!(key.code, Code::Char(_)) && !key.ctrl);
    match letter {
        Some(key) if text => Err(format!(
            "where this works, letters are text: {} would be typed; choose Ctrl and a letter",
            name(*key)
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Settings;
    use crate::app::effect::Effect;
    use crate::app::fixture::{Driver, settings};
    use crate::view::screens::screen;

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
    fn a_name_is_read_as_it_is_written() {
        for row in TABLE {
            for written in row.keys {
                let key = parse(written).unwrap();
                assert_eq!(name(key), *written);
                assert_eq!(chosen(written), Ok(key), "{written}");
            }
        }
        assert_eq!(chosen("ctrl-x").map(name).as_deref(), Ok("Ctrl-X"));
        assert_eq!(chosen("enter").map(name).as_deref(), Ok("Enter"));
    }

    #[test]
    fn keys_that_do_not_arrive_are_refused_with_words() {
        for (text, words) in [
            ("Ctrl-A", "screen takes"),
            ("ctrl-b", "tmux takes"),
            ("Ctrl-C", "always ends"),
            ("Ctrl-I", "Backspace, Tab or Enter"),
            ("Ctrl-S", "stop and go on"),
            ("Ctrl-Up", "Ctrl goes with a letter"),
            ("Ctrl-1", "Ctrl goes with a letter"),
            ("Alt-x", "lose Alt"),
            ("F5", "function keys"),
            ("", "one letter"),
            ("xy", "one letter"),
            ("\u{1b}", "one letter"),
        ] {
            assert!(chosen(text).unwrap_err().contains(words), "{text}");
        }
        assert!(chosen("f").is_ok());
    }

    #[test]
    fn a_key_means_one_thing_in_a_place_and_never_answers_its_own_question() {
        let wish = |action, name: &str| vec![(action, vec![chosen(name).unwrap()])];
        let map = Keymap::with(&wish(Action::SyncNow, "x")).unwrap();
        assert_eq!(
            map.action(Place::Users, Code::Char('x').into()),
            Some(Action::SyncNow)
        );
        assert_eq!(map.action(Place::Users, Code::Char('s').into()), None);
        assert!(map.is_yours(Action::SyncNow) && !map.is_yours(Action::Edit));
        assert_eq!(
            map.fill("{sync} reads, {edit} edits {Lee} {"),
            "x reads, e edits {Lee} {"
        );
        assert_eq!(
            (map.first(Action::SyncNow), map.first(Action::SignOut)),
            ("x".to_owned(), ":sign-out".to_owned())
        );
        // `d` removes in the same pane.
        assert_eq!(
            Keymap::with(&wish(Action::SyncNow, "d")),
            Err(Clash {
                key: Code::Char('d').into(),
                yours: Action::SyncNow,
                other: Action::Remove,
                place: Place::Users,
            })
        );
        // `y` removes, and a second `y` would say yes to it.
        let clash = Keymap::with(&[
            (Action::Remove, vec![Code::Char('y').into()]),
            (Action::Copy, vec![Code::Char('v').into()]),
        ])
        .unwrap_err();
        assert_eq!(
            (clash.yours, clash.other, clash.place),
            (Action::Remove, Action::Yes, Place::Confirm)
        );
        // `p` opens the plan, and a second `p` would write it; `d` opens the preview that a second `d` would queue.
        for (answer, opener, place) in [
            (Action::Apply, Action::Plan, Place::Plan),
            (Action::QueueAll, Action::Remove, Place::Review),
        ] {
            let key = map.first(opener);
            let clash = Keymap::with(&wish(answer, &key)).unwrap_err();
            assert_eq!(
                (clash.yours, clash.other, clash.place),
                (answer, opener, place)
            );
        }
        // Two that change places.
        let swapped = [
            (Action::Remove, vec![Code::Char('e').into()]),
            (Action::Edit, vec![Code::Char('d').into()]),
        ];
        assert!(Keymap::with(&swapped).is_ok());
    }

    #[test]
    fn screens_show_the_keys_that_hold() {
        let wishes = [(Action::SyncNow, vec![Code::Char('x').into()])];
        let settings = Settings {
            keys: Keymap::with(&wishes).unwrap(),
            ..settings()
        };
        let mut t = Driver::empty(settings, (80, 24));
        let all = screen(&t.app).join("\n");
        assert!(all.contains("x  reads the tenant"), "{all}");
        assert!(screen(&t.app)[23].contains("x sync"), "{all}");
        t.keys("?");
        let all = screen(&t.app).join("\n");
        assert!(all.contains("\nx          sync"), "{all}");
        t.keys("<esc> s");
        assert_eq!(t.effects, []);
        t.keys("x");
        assert!(matches!(t.effects[..], [Effect::StartRun { .. }]));
    }

    #[test]
    fn some_keys_stay_where_they_are() {
        let key = |name| chosen(name).unwrap();
        assert!(
            fits(Action::Leave, &[key("Ctrl-G")])
                .unwrap_err()
                .starts_with("Esc stays")
        );
        assert!(fits(Action::Leave, &[key("Esc"), key("Ctrl-G")]).is_ok());
        assert!(
            fits(Action::Save, &[key("Ctrl-W")])
                .unwrap_err()
                .starts_with("Enter stays")
        );
        assert!(
            fits(Action::NextField, &[key("n")])
                .unwrap_err()
                .contains("letters are text")
        );
        for action in [
            Action::Yes,
            Action::Apply,
            Action::QueueAll,
            Action::TakeTheirs,
        ] {
            assert!(fits(action, &[key("Enter")]).is_err(), "{action:?}");
        }
        assert!(fits(Action::Yes, &[]).is_err());
        assert!(fits(Action::Choose, &[key("a")]).is_err());
        assert!(fits(Action::Sort, &[]).is_ok());
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
