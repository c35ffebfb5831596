//! The text of a form as it is kept when the terminal goes away: one `field=value` per line.

use std::fmt::Write as _;

use crate::domain::phone::NumberKind;
use crate::domain::user::{Association, UserId};

use super::super::super::effect::Effect;
use super::{Editor, Target};

impl Editor {
    /// The key under which the draft is kept.
    pub fn draft_key(&self) -> String {
        let named = || draft_key(self.target);
        self.kept_as.clone().unwrap_or_else(named)
    }

    /// The text of the draft, one `field=value` per line; `None` when nothing is to be kept.
    pub fn draft(&self) -> Option<String> {
        if !self.is_dirty() {
            return None;
        }
        let mut text = String::new();
        for (name, value) in [
            ("name", self.text.name.text()),
            ("mail", self.text.mail.text()),
            ("number", self.text.number.text()),
            ("kind", self.text.kind.as_str()),
            ("country", self.text.country.text()),
        ] {
            writeln!(text, "{name}={value}").expect("writing into a String cannot fail");
        }
        let association = match self.text.association {
            Association::None => "none".to_owned(),
            Association::Matched(id) => format!("matched:{id}"),
            Association::Manual(id) => format!("manual:{id}"),
        };
        writeln!(text, "association={association}").expect("writing into a String cannot fail");
        Some(text)
    }

    /// Keeps the draft, if it is another than the one that was kept last.
    pub fn keep(&mut self) -> Option<Effect> {
        let draft = self.draft();
        if draft == self.kept {
            return None;
        }
        self.kept.clone_from(&draft);
        Some(Effect::KeepDraft {
            key: self.draft_key(),
            text: draft,
        })
    }

    /// Puts a kept draft in.
    pub fn restore(&mut self, draft: &str) {
        for (name, value) in draft.lines().filter_map(|line| line.split_once('=')) {
            match name {
                "name" => self.text.name.set(value),
                "mail" => self.text.mail.set(value),
                "number" if self.number_locked.is_none() => self.text.number.set(value),
                "kind" => self.text.kind = NumberKind::parse(value).unwrap_or_default(),
                "country" if self.country_locked.is_none() => self.text.country.set(value),
                "association" => {
                    self.text.association = association_of(value).unwrap_or(self.text.association);
                }
                _ => {}
            }
        }
    }
}

/// Whether anything of a draft can be put into a form.
pub fn is_read(draft: &str) -> bool {
    let fields = draft.lines().filter_map(|line| line.split_once('='));
    let known = ["name", "mail", "number", "kind", "country", "association"];
    fields.into_iter().any(|(name, _)| known.contains(&name))
}

/// The key under which the draft of a form is kept.
pub fn draft_key(target: Target) -> String {
    match target {
        Target::New => "add".to_owned(),
        Target::User(id) => format!("edit:{}", id.0),
    }
}

/// Whose form a draft belongs to. Where several sessions have kept one, the later ones have a number behind their key.
pub fn draft_target(key: &str) -> Option<Target> {
    let key = key.split_once('#').map_or(key, |(form, _)| form);
    match key.strip_prefix("edit:") {
        Some(id) => id.parse().ok().map(|id| Target::User(UserId(id))),
        None => (key == "add").then_some(Target::New),
    }
}

fn association_of(text: &str) -> Option<Association> {
    match text.split_once(':') {
        Some(("matched", id)) => id.parse().ok().map(Association::Matched),
        Some(("manual", id)) => id.parse().ok().map(Association::Manual),
        _ => (text == "none").then_some(Association::None),
    }
}
