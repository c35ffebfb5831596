//! What `y` copies. Made safe like everything that is drawn: a clipboard is a way into a shell.

use crate::domain::letter::letter;
use crate::domain::text::Label;
use crate::domain::words;

use super::action::Action;
use super::doc::Tone;
use super::effect::Effect;
use super::modal::Modal;
use super::pane::licences::Item;
use super::pane::{Pane, changes, licences, plan, sign_in, sync, why};
use super::sync::clock_or_day;
use super::tables::Form;
use super::{App, Wait};

/// The longest text for a clipboard, as base64: terminals cut what is longer, or drop it, and say nothing.
const LONGEST: usize = 74_994;

impl App {
    /// Sends what is read, or the row under the cursor, to the clipboard.
    pub(super) fn copy(&mut self) -> Vec<Effect> {
        if self.modals.is_empty()
            && !matches!(self.pane, Pane::Sync | Pane::Changes)
            && self.has_marks()
        {
            return self.copy_rows(Form::Tsv);
        }
        let Some(text) = self.copied() else {
            self.say(Tone::Dim, words::NOTHING_TO_COPY);
            return Vec::new();
        };
        self.copy_text(text)
    }

    /// Copies a text that no row has.
    pub(super) fn copy_text(&mut self, text: String) -> Vec<Effect> {
        self.send_copy(Wait::Copied, text)
    }

    /// Sends a text to the clipboard, unless no terminal would take the whole of it.
    pub(super) fn send_copy(&mut self, wait: Wait, text: String) -> Vec<Effect> {
        let bytes = text.len();
        if bytes.div_ceil(3) * 4 > LONGEST {
            let most = LONGEST / 4 * 3 / 1000;
            let size = bytes.div_ceil(1000);
            let way = if self.refusal_in(self.place(), Action::Export).is_none() {
                let export = self.settings.keys.first(Action::Export);
                format!("{export} saves a file")
            } else {
                "copy less at a time".to_owned()
            };
            self.say(
                Tone::Warn,
                format!("nothing copied: {size} kB, a terminal's clipboard takes {most} kB; {way}"),
            );
            return Vec::new();
        }
        let req = self.wait_for(wait);
        vec![Effect::Copy { req, text }]
    }

    /// What `y` copies: the text that is read, or the row under the cursor.
    fn copied(&self) -> Option<String> {
        match self.modals.last() {
            Some(Modal::Why(modal)) => modal.known().map(letter),
            Some(Modal::Text(modal)) => Some(modal.doc.to_text()),
            Some(Modal::Log(view)) => Some(sync::to_text(view.lines.as_deref()?)),
            Some(Modal::SignIn(_)) => Some(sign_in::copied(&self.session)),
            Some(Modal::Plan(_)) => {
                let plan = self.plan.as_ref()?;
                Some(plan::to_text(&self.session.tenant, plan, &self.desk))
            }
            Some(
                Modal::Form(_)
                | Modal::Settings(_)
                | Modal::Seat(_)
                | Modal::NewTenant(_)
                | Modal::Free(_)
                | Modal::Chooser(_)
                | Modal::Earlier(_)
                | Modal::Conflict(_)
                | Modal::Bulk(_)
                | Modal::Columns(_)
                | Modal::Confirm(_)
                | Modal::Palette(_),
            ) => None,
            None => self.copied_row(),
        }
    }

    /// Copies all that is known of somebody: what a ticket wants, and no customer.
    pub(super) fn copy_table(&mut self) -> Vec<Effect> {
        let Some(Modal::Why(modal)) = self.modals.last() else {
            return Vec::new();
        };
        let Some(why) = modal.known() else {
            self.say(Tone::Dim, words::NOTHING_TO_COPY);
            return Vec::new();
        };
        let read = why::read_at(why, &|at| clock_or_day(at, self.now));
        let head = Label::new(&format!("{}  {}  {read}", why.name, why.upn));
        let text = format!("{head}\n{}", modal.doc(&self.settings.keys).to_text());
        self.copy_text(text)
    }

    fn copied_row(&self) -> Option<String> {
        let cells = match self.pane {
            Pane::Users => self.user_cells(self.users.row(&self.desk)?),
            Pane::Candidates => self.person_cells(self.candidates.row(&self.roster)?),
            Pane::Sync => {
                let text = sync::to_text(&self.runs.log);
                return (!text.is_empty()).then_some(text);
            }
            Pane::Changes => {
                if let Some(entry) = self.changes.entry(&self.desk) {
                    return Some(
                        changes::detail(entry, self.around_change(), &|at| {
                            clock_or_day(at, self.now)
                        })
                        .to_text(),
                    );
                }
                let row = self.changes.audit(&self.desk)?;
                vec![
                    row.at.to_string(),
                    row.author.clone(),
                    row.name.clone(),
                    row.action.clone(),
                    row.change.clone(),
                    row.outcome.clone(),
                ]
            }
            Pane::Licences => {
                let product = self.licences.product(&self.inventory)?;
                let users = self.licences.users(product, &self.inventory);
                match self.licences.item() {
                    None if self.licences.inside.is_some() => return None,
                    None => return Some(licences::detail(product, users).to_text()),
                    Some(Item::Plan(place)) => {
                        let (name, friendly, class) = licences::plan_words(product, place);
                        vec![name.to_owned(), friendly.to_owned(), class.to_owned()]
                    }
                    Some(Item::Person(_)) => {
                        let row = self.licences.person(&self.roster)?;
                        let cause = self.tenant().cause(row).words().to_owned();
                        vec![row.name.to_string(), row.upn.to_string(), cause]
                    }
                }
            }
            Pane::Numbers => self.number_cells(self.number_row()?),
        };
        let safe: Vec<String> = cells
            .iter()
            .map(|cell| Label::new(cell).as_str().to_owned())
            .collect();
        Some(safe.join("\t"))
    }
}
