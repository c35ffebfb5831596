//! The form of a new tenant: in the console, and on the first screen.

use ratatui::style::Style;

use crate::app::doc::Tone;
use crate::app::layout::Area;
use crate::app::pane::Mark;
use crate::app::pane::editor::EditState;
use crate::app::pane::tenant::{TenantField, TenantForm};
use crate::domain::settings::{SignsIn, Start};

use super::paint::Painter;

/// Cells before the values.
const LABEL: u16 = 14;

/// Draws it.
pub(super) fn draw(painter: &mut Painter<'_>, form: &TenantForm, area: Area) {
    let note = match form.state {
        EditState::Saving(_) => "writing…",
        EditState::Editing | EditState::Failed(_) if form.is_dirty() => "not saved",
        EditState::Editing | EditState::Failed(_) => "",
    };
    let (strong, busy) = (painter.theme.strong, painter.theme.busy);
    painter.two(area, 0, (&form.title(), strong), (note, busy));
    let mut y = 2;
    let mut cursor = None;
    for field in form.fields() {
        let focus = form.focus == field;
        let lead = if focus { ">" } else { " " };
        let look = if focus { strong } else { painter.theme.dim };
        let label = format!("{lead} {}", form.label(field));
        painter.line(area, y, &label, look);
        value(painter, area, y, (form, field));
        if focus && form.line(field).is_some() && !form.is_locked(field) {
            cursor = painter.cursor;
        }
        y += 1;
        for (tone, text) in below(form, field) {
            y = painter.below(LABEL, area, y, (tone, &text));
        }
    }
    if let EditState::Failed(failure) = &form.state {
        let glyph = Mark::Refused.glyph(painter.is_ascii());
        y += 1;
        for (n, line) in failure.lines().enumerate() {
            let (tone, lead) = if n == 0 {
                (Tone::Bad, format!("{glyph} "))
            } else {
                (Tone::Plain, String::new())
            };
            y = painter.below(LABEL, area, y, (tone, &format!("{lead}{line}")));
        }
    } else {
        // Where something has failed, that is what is to be read.
        let last = match &form.saved {
            None => "Written into the configuration and the audit; what is there stays. Then you sign in, and the first sync pins the tenant. Colour, group, cloud and more: in the file.".to_owned(),
            Some(saved) => {
                let by = saved.identity.as_ref().map_or(String::new(), |identity| {
                    format!(" How it is signed in to stands once for all tenants of the identity {identity}, in the file.")
                });
                format!("Written into the configuration and the audit; users, queue and history of {} stay.{by} Colour, group, cloud and more: in the file.", saved.with.name)
            }
        };
        painter.below(0, area, y + 1, (Tone::Dim, &last));
    }
    painter.cursor = cursor;
}

fn value(painter: &mut Painter<'_>, area: Area, y: u16, (form, field): (&TenantForm, TenantField)) {
    if y >= area.height {
        return;
    }
    let at = (area.x + LABEL, area.y + y);
    let room = area.width.saturating_sub(LABEL + 1);
    let focus = form.focus == field;
    match form.line(field) {
        Some(line) if form.is_locked(field) => {
            painter.put(at, room, line.text(), painter.theme.dim);
        }
        Some(line) if focus => {
            let style = painter.theme.field;
            painter.field(at, room.min(48), line, style);
        }
        Some(line) => {
            painter.put(at, room, line.text(), Style::new());
        }
        None => {
            let words = match field {
                TenantField::Way => choice(&SignsIn::ALL.map(SignsIn::as_str), form.way.as_str()),
                _ => choice(&Start::ALL.map(Start::as_str), form.start.as_str()),
            };
            let style = if focus {
                painter.theme.field
            } else {
                Style::new()
            };
            painter.put(at, room, &words, style);
        }
    }
}

/// Words side by side, the chosen one in brackets.
pub(super) fn choice(words: &[&str], chosen: &str) -> String {
    let words = words.iter().map(|word| {
        if *word == chosen {
            format!("[{word}]")
        } else {
            format!(" {word} ")
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What stands under a field: what is wrong, else what may stand in it.
fn below(form: &TenantForm, field: TenantField) -> Vec<(Tone, String)> {
    let wrong: Vec<(Tone, String)> = form
        .faults
        .iter()
        .filter(|(faulty, _)| *faulty == field)
        .map(|(_, text)| (Tone::Bad, (*text).to_owned()))
        .collect();
    if wrong.is_empty() && form.is_needed(field) {
        return vec![(Tone::Warn, form.hint(field).to_owned())];
    }
    if !wrong.is_empty() || form.focus != field {
        return wrong;
    }
    match form.locked(field) {
        Some(why) => vec![(Tone::Warn, why)],
        None => vec![(Tone::Dim, form.hint(field).to_owned())],
    }
}
