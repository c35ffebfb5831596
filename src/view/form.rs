//! The form of a user.

use ratatui::style::Style;

use crate::app::App;
use crate::app::cells;
use crate::app::doc::Tone;
use crate::app::field::Field;
use crate::app::layout::Area;
use crate::app::pane::Mark;
use crate::app::pane::changes::{change, mark};
use crate::app::pane::editor::{EditState, Editor, FormField, Target};
use crate::app::pane::free::FreeBox;
use crate::app::pane::verdict::NumberFault;
use crate::domain::gate::FirstCause;
use crate::domain::phone::NumberKind;
use crate::domain::user::{Association, LicenseStatus, Own};
use crate::roster::inventory::kind_words;

use super::paint::{Painter, Row, column};

/// Cells before the values.
const LABEL: u16 = 14;

/// A form that is being drawn: what comes next goes to row `y`.
struct Sheet<'a, 'b> {
    app: &'a App,
    form: &'a Editor,
    painter: &'a mut Painter<'b>,
    area: Area,
    y: u16,
    cursor: Option<(u16, u16)>,
}

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, form: &Editor, area: Area) {
    let title = form.title();
    let note = match form.state {
        EditState::Saving(_) => "saving…",
        EditState::Editing | EditState::Failed(_) if form.is_dirty() => "not saved",
        EditState::Editing | EditState::Failed(_) => "",
    };
    painter.two(
        area,
        0,
        (&title, painter.theme.strong),
        (note, painter.theme.busy),
    );
    let mut sheet = Sheet {
        app,
        form,
        painter,
        area,
        y: 2,
        cursor: None,
    };
    sheet.text(FormField::Name, &form.text.name);
    sheet.text(FormField::Mail, &form.text.mail);
    sheet.number();
    sheet.kind();
    sheet.country();
    sheet.association();
    sheet.standing();
    sheet.end();
    let cursor = sheet.cursor;
    painter.cursor = cursor;
}

/// The tenant's free numbers, for the form below.
pub(super) fn free(painter: &mut Painter<'_>, open: &FreeBox, area: Area) {
    let counts = format!("{} of {}", open.shown.len(), open.offers.len());
    let name = match open.seeker.name.as_str() {
        "" => String::new(),
        name => format!(" for {name}"),
    };
    let title = format!("FREE NUMBERS{name}  {counts}");
    painter.search(
        area,
        &title,
        &open.field,
        "digits, country or type; Enter takes it",
    );
    let dim = painter.theme.dim;
    let titles = [
        column("", 1, dim),
        column("NUMBER", 20, dim),
        column("CC", 2, dim),
        column("TYPE", 18, dim),
        column("", usize::MAX, dim),
    ];
    painter.row(area, 2, Row::Ordinary, &titles);
    let (_, list) = area.split(3);
    let rows = open.shown.iter().enumerate().skip(open.cursor.top);
    for (n, (index, &place)) in (0..list.height).zip(rows) {
        let Some(offer) = open.offers.get(place) else {
            continue;
        };
        let own = offer.country.is_some() && offer.country == open.seeker.country;
        let cc = offer.country.map_or("-".to_owned(), |cc| cc.to_string());
        let columns = [
            column("", 1, dim),
            column(offer.number.spaced(), 20, Style::new()),
            column(cc, 2, Style::new()),
            column(kind_words(offer.from), 18, dim),
            column(
                if own { "country of the user" } else { "" },
                usize::MAX,
                painter.theme.good,
            ),
        ];
        painter.row(list, n, Row::from(index == open.cursor.index), &columns);
    }
    if open.shown.is_empty() {
        let text = "No free number has all of these words or digits. Esc goes back to the form.";
        painter.line(list, 0, text, Style::new());
    }
}

impl Sheet<'_, '_> {
    fn label(&mut self, field: FormField) {
        let focus = self.form.focus == field;
        let style = if focus {
            self.painter.theme.strong
        } else {
            self.painter.theme.dim
        };
        let lead = if focus { ">" } else { " " };
        let text = format!("{lead} {}", field.label());
        self.painter.line(self.area, self.y, &text, style);
    }

    fn value_area(&self) -> (u16, u16, u16) {
        let x = self.area.x + LABEL;
        (
            x,
            self.area.y + self.y,
            self.area.width.saturating_sub(LABEL + 1),
        )
    }

    fn text(&mut self, field: FormField, line: &Field) {
        self.label(field);
        self.line(field, line);
        self.faults(field);
    }

    fn line(&mut self, field: FormField, line: &Field) {
        let (x, y, width) = self.value_area();
        if self.y < self.area.height {
            if self.form.focus == field {
                let style = self.painter.theme.field;
                self.painter.field((x, y), width.min(48), line, style);
                self.cursor = self.painter.cursor;
            } else {
                self.painter.put((x, y), width, line.text(), Style::new());
            }
        }
        self.y += 1;
    }

    fn value(&mut self, text: &str, style: Style) {
        let (x, y, width) = self.value_area();
        if self.y < self.area.height {
            self.painter.put((x, y), width, text, style);
        }
        self.y += 1;
    }

    /// A line below a field, wrapped.
    fn below(&mut self, tone: Tone, text: &str) {
        let (_, _, width) = self.value_area();
        let style = self.painter.tone(tone);
        for row in cells::wrap(text, usize::from(width)) {
            self.value(&row, style);
        }
    }

    fn faults(&mut self, field: FormField) {
        let glyph = Mark::Refused.glyph(self.painter.is_ascii());
        let faults: Vec<String> = self
            .form
            .faults
            .iter()
            .filter(|(faulty, _)| *faulty == field)
            .map(|(_, text)| format!("{glyph} {text}"))
            .collect();
        for fault in faults {
            self.below(Tone::Bad, &fault);
        }
    }

    fn number(&mut self) {
        let form = self.form;
        self.label(FormField::Number);
        if let Some(why) = &form.number_locked {
            self.value(form.text.number.text(), self.painter.theme.dim);
            let why = self.app.settings.keys.fill(why);
            self.below(Tone::Warn, &why);
            return;
        }
        self.line(FormField::Number, &form.text.number);
        let faulty = form
            .faults
            .iter()
            .any(|(field, _)| *field == FormField::Number);
        if faulty {
            self.faults(FormField::Number);
        } else {
            self.verdict();
        }
        if let Some((FormField::Number, text)) = form.proposal() {
            self.below(Tone::Strong, &format!("Ctrl-T takes {text}"));
        }
    }

    fn verdict(&mut self) {
        let form = self.form;
        if let Some(held) = &form.held {
            let glyph = Mark::Refused.glyph(self.painter.is_ascii());
            self.below(Tone::Bad, &format!("{glyph} {held}"));
            return;
        }
        match form.number() {
            Ok(None) => self.below(Tone::Dim, "none"),
            Ok(Some(number)) => {
                let mut parts = Vec::new();
                parts.extend(number.country().map(|country| country.to_string()));
                parts.extend(number.national());
                let doubt = (form.text.kind == NumberKind::Ddi)
                    .then(|| number.doubt())
                    .flatten();
                let (tone, word) = match doubt {
                    None if form.text.kind == NumberKind::Trunk => {
                        (Tone::Good, "ok (shape only)".to_owned())
                    }
                    None => (Tone::Good, "ok".to_owned()),
                    Some(doubt) => (Tone::Warn, doubt),
                };
                parts.push(word);
                self.below(tone, &parts.join("  "));
                if let Some(country) = form.country().filter(|country| !number.fits(*country)) {
                    self.below(
                        Tone::Warn,
                        &format!("warning: the country below, {country}, is not this number's"),
                    );
                }
            }
            Err(NumberFault::Range) => self.range(),
            Err(fault) => self.below(Tone::Warn, &fault.to_string()),
        }
    }

    /// What a range has free; the key that takes it stands below.
    fn range(&mut self) {
        let Some(next) = &self.form.next_free else {
            return;
        };
        match &next.found {
            Err(error) => self.below(Tone::Warn, &error.to_string()),
            Ok(number) => {
                let mut parts = vec!["next free of this range".to_owned()];
                parts.extend(number.country().map(|country| country.to_string()));
                if !next.sure {
                    parts
                        .push("the tenant's numbers could not be read: it may be taken".to_owned());
                }
                let tone = if next.sure { Tone::Good } else { Tone::Warn };
                self.below(tone, &parts.join("  "));
            }
        }
    }

    fn kind(&mut self) {
        self.label(FormField::Kind);
        let shown: Vec<String> = NumberKind::ALL
            .into_iter()
            .map(|kind| {
                if kind == self.form.text.kind {
                    format!("[{}]", kind.as_str())
                } else {
                    format!(" {} ", kind.as_str())
                }
            })
            .collect();
        let style = if self.form.focus == FormField::Kind {
            self.painter.theme.field
        } else {
            Style::new()
        };
        self.value(&shown.join(" "), style);
    }

    fn country(&mut self) {
        let form = self.form;
        self.label(FormField::Country);
        if let Some(why) = &form.country_locked {
            self.value(form.text.country.text(), self.painter.theme.dim);
            let why = self.app.settings.keys.fill(why);
            self.below(Tone::Warn, &why);
            return;
        }
        self.line(FormField::Country, &form.text.country);
        self.faults(FormField::Country);
        if let Some((FormField::Country, text)) = form.proposal() {
            self.below(Tone::Strong, &format!("Ctrl-T takes {text}"));
        }
        if form.text.country.text() != form.initial.country.text() && form.target != Target::New {
            self.below(
                Tone::Dim,
                "usage location in the tenant: it may take up to an hour to spread",
            );
            if !form.country_note.is_empty() {
                self.below(Tone::Warn, form.country_note);
            }
        }
    }

    fn association(&mut self) {
        let form = self.form;
        self.label(FormField::Association);
        let text = match form.text.association {
            Association::None => "none".to_owned(),
            Association::Matched(id) => format!("{}  (matched)", self.person(id)),
            Association::Manual(id) => format!("{}  (by hand)", self.person(id)),
        };
        self.value(&text, Style::new());
        self.reties();
        if form.focus != FormField::Association {
            self.faults(FormField::Association);
            return;
        }
        self.line(FormField::Association, &form.text.search);
        self.faults(FormField::Association);
        if form.text.search.text().is_empty() {
            self.below(
                Tone::Dim,
                "type to search the directory; Backspace here takes the association away",
            );
        } else if form.hits.is_empty() && !self.app.roster.is_whole() {
            let text = "nobody so far: the tenant's users are still being loaded";
            self.below(Tone::Warn, text);
        } else if form.hits.is_empty() {
            self.below(Tone::Warn, "nobody in the directory has all of these words");
        }
        for (n, id) in form.hits.iter().enumerate() {
            let chosen = n == form.text.pick;
            let lead = if chosen { "> " } else { "  " };
            let style = if chosen {
                self.painter.theme.cursor
            } else {
                Style::new()
            };
            let text = format!("{lead}{}", self.person(*id));
            self.value(&text, style);
        }
    }

    /// That the user is tied to somebody else than before, as long as it is not saved.
    fn reties(&mut self) {
        let form = self.form;
        if !form.reties() {
            return;
        }
        let text = match form.initial.association.id() {
            Some(id) => format!("not saved: was {}", self.app.person(id)),
            None => "not saved: was none".to_owned(),
        };
        self.below(Tone::Busy, &text);
    }

    fn person(&self, id: crate::domain::guid::ObjectId) -> String {
        match self.app.roster.find(id) {
            Some(row) => {
                let cause = self.app.tenant().cause(row);
                let note = if cause == FirstCause::Configured || cause.is_candidate() {
                    String::new()
                } else {
                    format!("  {}", cause.words())
                };
                format!("{}  {}{note}", row.name, row.upn)
            }
            None => id.to_string(),
        }
    }

    /// How the user stands: the whole sentence, for which a row has no room.
    fn standing(&mut self) {
        let Some(row) = self
            .form
            .user()
            .and_then(|id| self.app.desk.users.iter().find(|row| row.user.id == id))
        else {
            return;
        };
        self.y += 1;
        let glyph = Mark::Warning.glyph(self.painter.is_ascii());
        if let LicenseStatus::Unlicensed(cause) = row.status {
            self.below(
                Tone::Warn,
                &format!("{glyph} License Status: Unlicensed: {cause}"),
            );
        }
        for line in self.form.overtaken(&Own::of(&row.user)) {
            self.below(Tone::Warn, &format!("{glyph} {line}; saving asks"));
        }
        for entry in &row.entries {
            let (mark, word) = mark(entry);
            let glyph = mark.glyph(self.painter.is_ascii());
            let text = format!("{glyph} {word}: {}", change(entry));
            self.below(mark.tone(), &text);
        }
        for warning in row.marks.warnings() {
            self.below(Tone::Warn, &format!("{glyph} warning: {}", warning.words()));
        }
    }

    fn end(&mut self) {
        if let EditState::Failed(failure) = &self.form.state {
            let glyph = Mark::Refused.glyph(self.painter.is_ascii());
            self.y += 1;
            self.below(
                Tone::Bad,
                &format!("{glyph} not saved: {}", failure.headline),
            );
            for part in [&failure.detail, &failure.hint] {
                if !part.is_empty() {
                    self.below(Tone::Plain, part);
                }
            }
        }
    }
}
