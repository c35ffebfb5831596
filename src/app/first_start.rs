//! The screens before there is a console: three steps where no tenant is configured yet, and the list of tenants where there are
//! several and none was asked for; from both the form of a new tenant. Nothing is read, asked or written here.

use std::sync::Arc;

use crate::domain::failure::Failure;
use crate::domain::settings::NewTenant;

use super::chooser::ABOVE;
use super::cursor::Move;
use super::doc::{Doc, Tone};
use super::event::{Code, Key, RequestId};
use super::keymap::Keymap;
use super::pane::TURNS;
use super::pane::chooser::{Card, Chooser};
use super::pane::confirm::{Confirm, Question};
use super::pane::tenant::TenantForm;

/// Rows around the list: the program's name and a gap above it, a note and the keys below.
const AROUND: usize = 4;

/// What the screen shows.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstStart {
    /// Where the configuration will be.
    pub file: String,
    /// The form of a new tenant, while it is open.
    pub form: Option<TenantForm>,
    /// Whether it was asked if what is typed there is to be dropped.
    pub leaving: bool,
    /// The tenants that there are to choose from, where there are any.
    pub pick: Option<Chooser>,
    /// Why the tenant that was chosen cannot be opened.
    pub note: Option<String>,
    /// Whether the list of all keys stands over it.
    pub help: bool,
    /// Rows that the list has on the screen.
    rows: usize,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The console on the built-in tenant.
    Demo,
    /// The console of the tenant that was added, by its name in the configuration.
    Connected(String),
    /// The console of a tenant that was there, by its name in the configuration.
    Opened(String),
    /// The shell again, with the steps below the prompt.
    Leave,
}

/// The same while the form's choices have the keys.
const CHOICE_FOOTER: [(&str, &str); 5] = [
    ("Enter", "save and sign in"),
    ("Tab", "next"),
    ("Left/Right", "choose"),
    ("Ctrl-L", "keys"),
    ("Esc", "back"),
];

/// The same of a tenant that is there.
const EDIT_CHOICE_FOOTER: [(&str, &str); 5] = [
    ("Enter", "save"),
    ("Tab", "next"),
    ("Left/Right", "choose"),
    ("Ctrl-L", "keys"),
    ("Esc", "back"),
];

/// What a key asks of whoever shows the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Nothing but to draw it.
    Draw,
    /// To leave it.
    Choose(Choice),
    /// To write this tenant into the configuration.
    Add(Box<NewTenant>),
}

/// The footer: keys and words.
const FOOTER: [(&str, &str); 4] = [
    ("d", "demo"),
    ("c", "connect a tenant"),
    ("?", "keys"),
    ("q", "quit: the commands stay on the terminal"),
];

/// The footer of the form.
const FORM_FOOTER: [(&str, &str); 4] = [
    ("Enter", "save and sign in"),
    ("Tab", "next"),
    ("Ctrl-L", "keys"),
    ("Esc", "back, nothing written"),
];

/// The footer of the form of a tenant that is there.
const EDIT_FOOTER: [(&str, &str); 4] = [
    ("Enter", "save"),
    ("Tab", "next"),
    ("Ctrl-L", "keys"),
    ("Esc", "back, nothing written"),
];

/// The footer of the list of tenants.
const PICK_FOOTER: [(&str, &str); 6] = [
    ("Up/Down", "choose"),
    ("Enter", "open"),
    ("Ctrl-N", "add one"),
    ("Ctrl-E", "edit it"),
    ("Ctrl-L", "keys"),
    ("Esc", "leave"),
];

/// The footer of the list of all keys.
const HELP_FOOTER: [(&str, &str); 1] = [("Esc", "back")];

/// What works in every form, and in the list of tenants above its text.
const TEXT_KEYS: [(&str, &str); 3] = [
    ("Ctrl-U", "clear the text"),
    ("Ctrl-W", "delete the word before the cursor"),
    (
        "Ctrl-C",
        "leave the program; what was typed is asked about first",
    ),
];

/// The footer of the question whether what is typed is to be dropped: as in the console.
const LEAVE_FOOTER: [(&str, &str); 3] = [("y", "yes"), ("n", "no"), ("Esc", "back")];

impl FirstStart {
    /// The screen, where the configuration will be in this file.
    pub fn new(file: String) -> Self {
        Self {
            file,
            form: None,
            leaving: false,
            pick: None,
            note: None,
            help: false,
            rows: 0,
        }
    }

    /// The list of the tenants that there are, for somebody who named none.
    pub fn pick(file: String, tenants: Vec<Card>) -> Self {
        let mut open = Chooser::open("", RequestId::default());
        open.tenants(Arc::new(tenants));
        Self {
            pick: Some(open),
            ..Self::new(file)
        }
    }

    /// The window has so many rows: those of the list are fewer.
    pub fn resized(&mut self, height: u16) {
        let around = usize::from(ABOVE) + AROUND;
        self.rows = usize::from(height).saturating_sub(around);
        if let Some(open) = &mut self.pick {
            open.settle(self.rows);
        }
    }

    /// Keys and words of the footer.
    pub fn footer(&self) -> &'static [(&'static str, &'static str)] {
        match &self.form {
            _ if self.help => &HELP_FOOTER,
            Some(_) if self.leaving => &LEAVE_FOOTER,
            None if self.pick.is_some() => &PICK_FOOTER,
            Some(form) => match (form.saved.is_some(), form.line(form.focus).is_none()) {
                (false, false) => &FORM_FOOTER,
                (false, true) => &CHOICE_FOOTER,
                (true, false) => &EDIT_FOOTER,
                (true, true) => &EDIT_CHOICE_FOOTER,
            },
            None => &FOOTER,
        }
    }

    /// The question whether what is typed is to be dropped, in the console's words, while it is open.
    pub fn question(&self) -> Vec<String> {
        let Some(form) = self.form.as_ref().filter(|_| self.leaving) else {
            return Vec::new();
        };
        let title = form.title();
        let question = Confirm::new(Question::LeaveForm { title });
        let keys = |line: String| Keymap::default().fill(&line);
        question.lines("").into_iter().map(keys).collect()
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Asked {
        if (key.code, key.ctrl) == (Code::Char('c'), true) {
            let is_typed = self.form.as_ref().is_some_and(TenantForm::is_dirty);
            if !is_typed || self.leaving {
                return Asked::Choose(Choice::Leave);
            }
            self.help = false;
            self.leaving = true;
            return Asked::Draw;
        }
        if self.help || (self.opens_help(key) && !self.leaving) {
            // Whatever is pressed closes it, and does nothing else.
            self.help = !self.help;
            return Asked::Draw;
        }
        let Some(form) = &mut self.form else {
            return if self.pick.is_some() {
                self.picked(key)
            } else {
                self.choice(key)
            };
        };
        if self.leaving {
            match key.code {
                Code::Char('y' | 'Y') if !key.ctrl => (self.form, self.leaving) = (None, false),
                Code::Char('n' | 'N') | Code::Esc => self.leaving = false,
                _ => {}
            }
            return Asked::Draw;
        }
        match key.code {
            Code::Esc if form.is_dirty() => self.leaving = true,
            Code::Esc => self.form = None,
            Code::Tab | Code::Down => form.turn(1),
            Code::BackTab | Code::Up => form.turn(-1),
            Code::Enter => {
                if let Some(new) = form.finish() {
                    form.saving(Vec::new());
                    return Asked::Add(Box::new(new));
                }
            }
            _ => form.key(key),
        }
        Asked::Draw
    }

    /// Whether a key opens the list of all keys: a letter does only where none is text.
    fn opens_help(&self, key: Key) -> bool {
        let is_text = self.form.is_some() || self.pick.is_some();
        match (key.code, key.ctrl) {
            (Code::F(1), _) | (Code::Char('l'), true) => true,
            (Code::Char('?' | ':'), false) => !is_text,
            _ => false,
        }
    }

    /// All keys of the screen below.
    pub fn keys(&self) -> Doc {
        let (title, listed): (&str, &[(&str, &str)]) = match (&self.form, &self.pick) {
            (Some(form), _) if form.saved.is_some() => {
                ("The form of a tenant", &EDIT_CHOICE_FOOTER)
            }
            (Some(_), _) => ("The form of a new tenant", &CHOICE_FOOTER),
            (None, Some(_)) => ("The list of tenants", &PICK_FOOTER),
            (None, None) => ("The first screen", &FOOTER),
        };
        let is_text = self.form.is_some() || self.pick.is_some();
        let mut doc = Doc::default();
        doc.line(Tone::Strong, title);
        doc.gap();
        let mut say = |(key, word): (&str, &str)| {
            doc.item(Tone::Plain, &format!("{key:<18}"), word);
        };
        for row in listed {
            say(*row);
        }
        if self.form.is_some() {
            say((TURNS, "choose"));
            say(("BackTab or Up", "field before; Down is the next"));
        } else if self.pick.is_some() {
            say(("letters", "list only the tenants with these words"));
            say(("PageUp, PageDown", "a screenful up or down"));
        }
        for row in TEXT_KEYS.iter().filter(|_| is_text) {
            say(*row);
        }
        doc
    }

    fn choice(&mut self, key: Key) -> Asked {
        match (key.code, key.ctrl) {
            (Code::Char('d' | 'D'), false) => Asked::Choose(Choice::Demo),
            (Code::Char('c' | 'C'), false) => {
                self.form = Some(TenantForm::default());
                Asked::Draw
            }
            (Code::Char('q' | 'Q'), false) | (Code::Esc, _) | (Code::Char('d'), true) => {
                Asked::Choose(Choice::Leave)
            }
            _ => Asked::Draw,
        }
    }

    /// A key in the list of tenants.
    fn picked(&mut self, key: Key) -> Asked {
        let rows = self.rows;
        let Some(open) = &mut self.pick else {
            return Asked::Draw;
        };
        self.note = None;
        match (key.code, key.ctrl) {
            (Code::Esc, _) | (Code::Char('d'), true) => return Asked::Choose(Choice::Leave),
            (Code::Char('n'), true) => self.form = Some(TenantForm::default()),
            (Code::Char('e'), true) => {
                let saved = open.chosen().and_then(|card| card.saved.clone());
                self.form = saved.map(TenantForm::edit);
            }
            (Code::Enter, _) => match open.chosen() {
                Some(card) if card.lacks.is_some() => {
                    let lacks = card.lacks.as_deref().unwrap_or_default();
                    self.note = Some(lacks.replace("{edit-tenant}", "Ctrl-E"));
                }
                Some(card) => return Asked::Choose(Choice::Opened(card.name.clone())),
                None => {}
            },
            (code, _) => match Move::under_a_field(code) {
                Some(step) => open.step(step, rows),
                None => open.typed(key, rows),
            },
        }
        Asked::Draw
    }

    /// A tenant of the list was changed: the list is there again, as it is now, and says so.
    pub fn edited(&mut self, name: &str, tenants: Result<Vec<Card>, Failure>) {
        self.form = None;
        self.note = Some(format!("saved: {name} is changed in the configuration"));
        match (&mut self.pick, tenants) {
            (Some(open), Ok(tenants)) => open.tenants(Arc::new(tenants)),
            (_, Err(failure)) => self.note = Some(failure.headline),
            (None, Ok(_)) => {}
        }
    }

    /// Takes pasted text: only the form has a use for it.
    pub fn paste(&mut self, text: &str) {
        if let Some(form) = self.form.as_mut().filter(|_| !self.leaving && !self.help) {
            form.paste(text);
        }
    }

    /// The three steps, short enough for 80 columns and 24 rows.
    pub fn doc(&self) -> Doc {
        let mut doc = Doc::default();
        doc.line(Tone::Strong, "No tenant is configured yet. Three steps:");
        doc.gap();
        doc.item(Tone::Strong, "1  ", "Look around: press d");
        let demo = "A built-in tenant with users, numbers and every fault that this program explains. No network, and it is forgotten at the end.";
        doc.item(Tone::Plain, "   ", demo);
        doc.gap();
        doc.item(Tone::Strong, "2  ", "Connect a tenant: press c");
        let asked = "A form asks for a name, the tenant's id or domain, how you sign in, and the client id of your app registration. From the shell it is:";
        doc.item(Tone::Plain, "   ", asked);
        doc.item(Tone::Busy, "   ", "teamsconnector tenants add NAME");
        doc.gap();
        doc.item(
            Tone::Strong,
            "3  ",
            "Sign in: the tenant is read, and nothing is written",
        );
        let first = "Microsoft's page asks you to let it read users, licences, groups, Teams and numbers. Writing is asked for only once you allow it: a tenant begins read-only. Later, its console opens with:";
        doc.item(Tone::Plain, "   ", first);
        doc.item(Tone::Busy, "   ", "teamsconnector --tenant NAME");
        doc.gap();
        doc.item(Tone::Dim, "Configuration  ", &self.file);
        doc
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::pane::chooser::Facts;
    use crate::domain::settings::{SignsIn, Start};

    fn first(file: &str) -> FirstStart {
        FirstStart::new(file.to_owned())
    }

    #[test]
    fn three_steps_fit_a_small_terminal() {
        let file = format!(
            "/home/{}/.config/teamsconnector/config.toml",
            "p".repeat(40)
        );
        let doc = first(&file).doc();
        assert!(doc.rows(80).len() <= 21, "{}", doc.rows(80).len());
        let text = doc.to_text();
        for step in ["1  Look around", "2  Connect a tenant", "3  Sign in"] {
            assert!(text.contains(step), "{text}");
        }
    }

    #[test]
    fn only_its_keys_choose() {
        let mut screen = first("config.toml");
        let leaves = Asked::Choose(Choice::Leave);
        assert_eq!(
            screen.key(Code::Char('d').into()),
            Asked::Choose(Choice::Demo)
        );
        assert_eq!(screen.key(Code::Char('q').into()), leaves);
        assert_eq!(screen.key(Code::Enter.into()), Asked::Draw);
        let interrupt = Key {
            code: Code::Char('c'),
            ctrl: true,
        };
        assert_eq!(screen.key(interrupt), leaves);
        // In the form the letters are text, and only the interrupt leaves: it asks first, as Esc does.
        screen.key(Code::Char('c').into());
        assert_eq!(screen.key(interrupt), leaves);
        assert_eq!(screen.key(Code::Char('q').into()), Asked::Draw);
        assert_eq!(screen.key(interrupt), Asked::Draw);
        assert_eq!(screen.key(Code::Char('n').into()), Asked::Draw);
        assert!(screen.form.as_ref().is_some_and(TenantForm::is_dirty));
        assert_eq!(screen.key(interrupt), Asked::Draw);
        assert_eq!(screen.key(interrupt), leaves);
        assert_eq!(screen.key(Code::Esc.into()), Asked::Draw);
        screen.key(Code::Esc.into());
        assert_eq!(screen.key(Code::Char('y').into()), Asked::Draw);
        assert_eq!(screen.form, None);
    }

    #[test]
    fn all_keys_are_listed_wherever_keys_are_read() {
        let (f1, ctrl_l) = (Code::F(1).into(), ctrl('l'));
        let mut screen = first("config.toml");
        assert_eq!(screen.key(Code::Char('?').into()), Asked::Draw);
        assert!(screen.keys().to_text().contains("d                 demo"));
        // What is pressed to be rid of it does nothing else.
        assert_eq!(screen.key(Code::Char('d').into()), Asked::Draw);
        assert!(!screen.help);
        screen.key(Code::Char('c').into());
        for (key, is_text) in [(f1, false), (ctrl_l, false), (Code::Char('?').into(), true)] {
            screen.key(key);
            assert_eq!(screen.help, !is_text, "{key:?}");
            screen.key(Code::Esc.into());
        }
        let form = screen.keys().to_text();
        assert!(form.starts_with("The form of a new tenant"), "{form}");
        assert!(form.contains("Ctrl-U            clear the text"), "{form}");
        let mut picks = FirstStart::pick("config.toml".to_owned(), vec![card("lab", None)]);
        picks.key(ctrl_l);
        let list = picks.keys().to_text();
        assert!(picks.help && list.contains("PageUp, PageDown"), "{list}");
        picks.key(Code::Esc.into());
        let opens = Asked::Choose(Choice::Opened("lab".to_owned()));
        assert_eq!((picks.help, picks.key(Code::Enter.into())), (false, opens));
    }

    fn ctrl(letter: char) -> Key {
        Key {
            code: Code::Char(letter),
            ctrl: true,
        }
    }

    fn card(name: &str, lacks: Option<&str>) -> Card {
        Card {
            name: name.to_owned(),
            label: name.to_owned(),
            tenant: format!("{name}.example"),
            domains: Vec::new(),
            read_only: true,
            accent: None,
            facts: Facts::Nothing,
            lacks: lacks.map(str::to_owned),
            saved: None,
        }
    }

    #[test]
    fn a_tenant_is_picked_where_none_was_named() {
        let cards = vec![
            card("adatum", None),
            card("contoso", None),
            card("lab", Some("lab lacks client_id: {edit-tenant} adds it")),
        ];
        let mut screen = FirstStart::pick("config.toml".to_owned(), cards);
        screen.resized(24);
        let opens = |name: &str| Asked::Choose(Choice::Opened(name.to_owned()));
        assert_eq!(screen.key(Code::Enter.into()), opens("adatum"));
        screen.key(Code::Down.into());
        assert_eq!(screen.key(Code::Enter.into()), opens("contoso"));
        for letter in "LAB".chars() {
            assert_eq!(screen.key(Code::Char(letter).into()), Asked::Draw);
        }
        assert_eq!(screen.key(Code::Enter.into()), Asked::Draw);
        assert_eq!(
            screen.note.as_deref(),
            Some("lab lacks client_id: Ctrl-E adds it")
        );
        let leaves = Asked::Choose(Choice::Leave);
        assert_eq!(screen.key(Code::Esc.into()), leaves);
    }

    #[test]
    fn what_was_typed_is_not_dropped_by_one_key() {
        let mut screen = first("config.toml");
        for key in [Code::Char('c'), Code::Char('x'), Code::Esc] {
            assert_eq!(screen.key(key.into()), Asked::Draw);
        }
        assert_eq!(screen.footer(), LEAVE_FOOTER);
        // The key that asked does not answer it, and nothing is typed meanwhile.
        for key in [Code::Char('z'), Code::Enter, Code::Esc] {
            screen.key(key.into());
        }
        assert_eq!(screen.form.as_ref().unwrap().name.text(), "x");
        screen.key(Code::Esc.into());
        screen.key(Code::Char('y').into());
        assert_eq!(screen.form, None);
    }

    #[test]
    fn a_form_that_is_filled_is_to_be_written_once() {
        let mut screen = first("config.toml");
        for key in "cfabrikam".chars() {
            screen.key(Code::Char(key).into());
        }
        assert_eq!(
            screen.key(Code::Enter.into()),
            Asked::Draw,
            "no address yet"
        );
        screen.paste("fabrikam.example");
        let Asked::Add(new) = screen.key(Code::Enter.into()) else {
            panic!("it is whole: {screen:?}");
        };
        assert_eq!(new.name, "fabrikam");
        assert_eq!((new.way, new.start), (SignsIn::DeviceCode, Start::ReadOnly));
        screen.key(Code::Char('x').into());
        assert_eq!(screen.form.unwrap().tenant.text(), "fabrikam.example");
    }
}
