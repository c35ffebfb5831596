//! Many users at once: where an import comes from, its review, one row of it, an edit of all marked with its preview, an export.

use ratatui::style::Style;

use crate::app::App;
use crate::app::action::Action;
use crate::app::bulk::review_areas;
use crate::app::cells;
use crate::app::doc::Tone;
use crate::app::field::Field;
use crate::app::layout::Area;
use crate::app::pane::Mark;
use crate::app::pane::bulk::Bulk;
use crate::app::pane::bulk::cells::RowForm;
use crate::app::pane::bulk::export::{ExportField, ExportForm};
use crate::app::pane::bulk::many::{Change, ManyField, ManyForm};
use crate::app::pane::bulk::preview::{Fate, Preview, PreviewRow, Whom};
use crate::app::pane::bulk::review::{ReviewBox, Rows, cause, number, who};
use crate::app::pane::bulk::source::{SourceField, SourceForm};
use crate::app::pane::editor::EditState;
use crate::bulk::decode::Encoding;
use crate::bulk::export::Reader;
use crate::bulk::review::Mode;
use crate::bulk::verdict::Verdict;
use crate::domain::failure::Failure;
use crate::domain::phone::NumberKind;

use super::paint::{Column, Painter, Row, column};

/// Cells before the values of a form.
const LABEL: u16 = 15;

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, open: &Bulk, area: Area) {
    match open {
        Bulk::Source(form) => source(app, painter, form, area),
        Bulk::Review(open) => review(painter, open, area),
        Bulk::Row(form) => row_form(painter, form, area),
        Bulk::Many(form) => many(painter, form, area),
        Bulk::Preview(open) => preview(painter, open, area),
        Bulk::Export(form) => export(painter, form, area),
    }
}

/// Whether an action is worth a place in the footer.
pub(super) fn offers(open: &Bulk, action: Action) -> bool {
    let here = |open: &ReviewBox| open.row().map(|row| open.review.verdict(row).clone());
    match (open, action) {
        (Bulk::Review(open), Action::TakeProposal) => {
            matches!(here(open), Some(Verdict::Proposal(_)))
        }
        (Bulk::Review(open), Action::QueueGood) => {
            !open.summary.all_good() && open.summary.changing() > 0
        }
        (Bulk::Review(open), Action::QueueAll) => {
            open.summary.all_good() && open.summary.changing() > 0
        }
        (Bulk::Review(open), Action::NextWarning | Action::OnlyBad) => !open.summary.all_good(),
        (Bulk::Preview(open), Action::NextWarning) => open.refused().is_some(),
        (Bulk::Preview(open), Action::QueueAll) => open.refused().is_none(),
        (Bulk::Review(_), Action::Hold)
        | (
            Bulk::Preview(_),
            Action::Open | Action::OnlyBad | Action::QueueGood | Action::TakeProposal,
        )
        | (Bulk::Source(_) | Bulk::Export(_), Action::TakeProposal) => false,
        (Bulk::Row(form), Action::TakeProposal) => form.proposal().is_some(),
        (Bulk::Many(form), Action::TakeProposal) => form.proposal().is_some(),
        _ => true,
    }
}

/// The word of an action where it says more than the table.
pub(super) fn word(open: &Bulk, action: Action) -> Option<String> {
    let word = match (open, action) {
        (Bulk::Review(open), Action::QueueAll | Action::QueueGood) => {
            let n = cells::thousands(open.summary.changing() as u64);
            return Some(format!("queue {n}"));
        }
        (Bulk::Preview(open), Action::QueueAll) => {
            let n = cells::thousands(open.counts()[0] as u64);
            return Some(match open.change {
                Change::Remove => format!("remove {n}"),
                Change::Edit { .. } if open.adds() => format!("add {n}"),
                Change::Edit { .. } => format!("queue {n}"),
            });
        }
        (Bulk::Review(_), Action::Open) | (Bulk::Row(_), Action::Save) => "put right",
        (Bulk::Review(_), Action::TakeProposal) => "take it",
        (_, Action::NextWarning) => "next bad",
        (Bulk::Review(open), Action::OnlyBad) if open.listing == Rows::Bad => "all rows",
        (Bulk::Preview(_), Action::Leave) => "queues nothing",
        (Bulk::Source(_), Action::Save) => "judge",
        (Bulk::Many(_), Action::Save) => "preview",
        (Bulk::Export(_), Action::Save) => "write",
        _ => return None,
    };
    Some(word.to_owned())
}

/// The key that a field has of its own.
pub(super) fn field_key(open: &Bulk) -> Option<(&'static str, &'static str)> {
    let choice = Some(("Left/Right", "choose"));
    let text = Some(("Ctrl-U", "clears"));
    match open {
        Bulk::Source(form) => match form.focus {
            SourceField::From if form.pasted.is_some() => Some(("Backspace", "a file instead")),
            SourceField::From => text,
            SourceField::Mode | SourceField::Letters => choice,
        },
        Bulk::Many(form) => match form.focus {
            ManyField::Kind => choice,
            ManyField::Numbers | ManyField::Country => text,
        },
        Bulk::Export(form) => match form.focus {
            ExportField::Path => text,
            ExportField::Reader => choice,
        },
        Bulk::Row(_) => text,
        Bulk::Review(_) | Bulk::Preview(_) => None,
    }
}

/// A field of a form: its label, and what is in it.
fn label(painter: &mut Painter<'_>, area: Area, y: u16, (focus, words): (bool, &str)) {
    let lead = if focus { ">" } else { " " };
    let look = if focus {
        painter.theme.strong
    } else {
        painter.theme.dim
    };
    painter.line(area, y, &format!("{lead} {words}"), look);
}

fn value(painter: &mut Painter<'_>, area: Area, y: u16, text: &str) {
    if y < area.height {
        let room = area.width.saturating_sub(LABEL + 1);
        painter.put((area.x + LABEL, area.y + y), room, text, Style::new());
    }
}

/// A line of text; the one that is typed into says where the cursor stands.
fn line(painter: &mut Painter<'_>, area: Area, y: u16, (line, focus): (&Field, bool)) {
    if y >= area.height {
        return;
    }
    if !focus {
        value(painter, area, y, line.text());
        return;
    }
    let at = (area.x + LABEL, area.y + y);
    let room = area.width.saturating_sub(LABEL + 1).min(60);
    let style = painter.theme.field;
    painter.field(at, room, line, style);
}

fn failed(painter: &mut Painter<'_>, area: Area, mut y: u16, failure: &Failure) -> u16 {
    let glyph = Mark::Refused.glyph(painter.is_ascii());
    for line in failure.lines() {
        y = painter.below(LABEL, area, y, (Tone::Bad, &format!("{glyph} {line}")));
    }
    y
}

/// One of two words in brackets.
fn either(words: [&str; 2], first: bool) -> String {
    let [one, other] = words;
    if first {
        format!("[{one}]  {other} ")
    } else {
        format!(" {one}  [{other}]")
    }
}

fn source(app: &App, painter: &mut Painter<'_>, form: &SourceForm, area: Area) {
    let note = if form.is_reading() { "reading…" } else { "" };
    let title = format!("IMPORT  {}", app.session.tenant);
    let (strong, busy) = (painter.theme.strong, painter.theme.busy);
    painter.two(area, 0, (&title, strong), (note, busy));
    let mut y = 2;
    let mut cursor = None;
    for field in SourceField::ALL {
        let focus = form.focus == field;
        label(painter, area, y, (focus, field.label()));
        match field {
            SourceField::From => {
                if let Some(words) = form.pasted_words() {
                    value(painter, area, y, &words);
                } else {
                    line(painter, area, y, (&form.path, focus));
                    cursor = painter.cursor.filter(|_| focus);
                }
            }
            SourceField::Mode => {
                let words = ["new users", "changes of users"];
                let text = either(words, form.mode == Mode::Create);
                value(painter, area, y, &text);
            }
            SourceField::Letters => {
                let words = ["Unicode, found by its bytes", "Windows-1252"];
                let text = either(words, form.encoding == Encoding::Detect);
                value(painter, area, y, &text);
            }
        }
        y += 1;
        if field == SourceField::From {
            if let Some(fault) = form.fault {
                y = painter.below(LABEL, area, y, (Tone::Bad, fault));
            }
            if let Some(fault) = form.pasted_fault() {
                y = painter.below(LABEL, area, y, (Tone::Bad, &fault));
            }
        }
        if focus {
            y = painter.below(LABEL, area, y, (Tone::Dim, hint(field)));
        }
    }
    if let EditState::Failed(failure) = &form.state {
        y = failed(painter, area, y + 1, failure);
    }
    let last =
        "Every row gets a verdict first; nothing is queued by this. Passwords are never kept.";
    painter.below(LABEL, area, y + 1, (Tone::Dim, last));
    painter.cursor = cursor;
}

fn hint(field: SourceField) -> &'static str {
    match field {
        SourceField::From => "path of a .csv or .xlsx file, or paste cells with their header here",
        SourceField::Mode => {
            "changes find their user by ExternalId, then SIPUsername, or TrunkNumber; the e-mail is what they mend"
        }
        SourceField::Letters => "of a file: Windows-1252 is what Excel writes as plain CSV",
    }
}

fn review(painter: &mut Painter<'_>, open: &ReviewBox, area: Area) {
    let (list, low) = review_areas(area);
    let note = match (&open.state, open.listing) {
        (EditState::Saving(_), _) => "working…",
        (EditState::Editing | EditState::Failed(_), Rows::Bad) => "bad rows only",
        (EditState::Editing | EditState::Failed(_), Rows::All) => "",
    };
    let (strong, busy) = (painter.theme.strong, painter.theme.busy);
    painter.two(list, 0, (&open.title(), strong), (note, busy));
    let counts = if open.summary.all_good() {
        painter.tone(Tone::Good)
    } else {
        painter.theme.warn
    };
    let notes = open.notes().unwrap_or_default();
    let dim = painter.theme.dim;
    beside(painter, list, (&open.counts(), counts), &notes);
    let titles = ["ROW", "VERDICT", "WHO", "NUMBER", "CAUSE"];
    let widths = widths(list);
    let columns = titles.iter().zip(widths);
    let columns: Vec<Column> = columns
        .map(|(text, wide)| column(*text, wide, dim))
        .collect();
    painter.row(list, 2, Row::Ordinary, &columns);
    let rows = open.shown.iter().enumerate().skip(open.cursor.top);
    for (n, (index, &row)) in (3..list.height).zip(rows) {
        let columns = review_columns(painter, open, row as usize, widths);
        painter.row(list, n, Row::from(index == open.cursor.index), &columns);
    }
    if open.shown.is_empty() {
        let text = "Every row can go in. f shows all of them, A queues them.";
        painter.line(list, 3, text, Style::new());
    }
    super::detail(painter, low, &open.detail());
}

/// The counts, whole, and behind them as much of the notes as there is room for.
fn beside(painter: &mut Painter<'_>, list: Area, counts: (&str, Style), notes: &str) {
    if list.height < 2 {
        return;
    }
    let (x, y) = (list.x, list.y + 1);
    let used = painter.put((x, y), list.width, counts.0, counts.1) + 3;
    let dim = painter.theme.dim;
    painter.put((x + used, y), list.width.saturating_sub(used), notes, dim);
}

/// Cells of the columns: the cause gets what is left.
fn widths(area: Area) -> [usize; 5] {
    let left = usize::from(area.width).saturating_sub(6 + 1 + 9 + 1 + 1 + 16 + 1);
    let who = (left * 3 / 10).clamp(8, 30);
    [6, 9, who, 16, usize::MAX]
}

fn review_columns(
    painter: &Painter<'_>,
    open: &ReviewBox,
    row: usize,
    widths: [usize; 5],
) -> Vec<Column> {
    let review = &open.review;
    let verdict = review.verdict(row);
    let tone = match verdict {
        Verdict::Create | Verdict::Update { .. } => Tone::Good,
        Verdict::Unchanged { .. } => Tone::Dim,
        Verdict::Proposal(_) => Tone::Warn,
        Verdict::Refused(_) => Tone::Bad,
    };
    let look = painter.tone(tone);
    let quiet = if verdict.is_good() {
        painter.theme.dim
    } else {
        look
    };
    let texts = [
        (review.sheet().row(row).number().to_string(), Style::new()),
        (verdict.word().to_owned(), look),
        (who(review, row), Style::new()),
        (number(review, row), Style::new()),
        (cause(review, row), quiet),
    ];
    let columns = texts.into_iter().zip(widths);
    columns
        .map(|((text, style), wide)| column(text, wide, style))
        .collect()
}

fn row_form(painter: &mut Painter<'_>, form: &RowForm, area: Area) {
    let strong = painter.theme.strong;
    let note = if form.is_dirty() { "not saved" } else { "" };
    let busy = painter.theme.busy;
    let title = format!("{}  of the import", form.title());
    painter.two(area, 0, (&title, strong), (note, busy));
    let mut y = 2;
    let mut cursor = None;
    let proposal = form.proposal();
    for (n, (of, text, was)) in form.cells.iter().enumerate() {
        let focus = n == form.focus;
        label(painter, area, y, (focus, of.header()));
        line(painter, area, y, (text, focus));
        if focus {
            cursor = painter.cursor;
        }
        y += 1;
        for fault in form.faults.iter().filter(|fault| fault.column == *of) {
            y = painter.below(LABEL, area, y, (Tone::Bad, &fault.why.to_string()));
        }
        if *of == crate::bulk::columns::Column::Email && text.text() == was && !form.near.is_empty()
        {
            let near: Vec<String> = form
                .near
                .iter()
                .map(|(name, upn)| format!("{name} <{upn}>"))
                .collect();
            let words = format!("nobody in the tenant has it; nearly: {}", near.join(", "));
            y = painter.below(LABEL, area, y, (Tone::Warn, &words));
        }
        if let Some((_, text)) = proposal.as_ref().filter(|(column, _)| column == of) {
            let words = format!("Ctrl-T takes {text}");
            y = painter.below(LABEL, area, y, (Tone::Good, &words));
        }
    }
    let last = "Enter judges the row again. The file itself is not changed.";
    painter.below(LABEL, area, y + 1, (Tone::Dim, last));
    painter.cursor = cursor;
}

fn many(painter: &mut Painter<'_>, form: &ManyForm, area: Area) {
    let n = cells::thousands(form.whom.len() as u64);
    let strong = painter.theme.strong;
    let adds = matches!(form.whom.first(), Some(Whom::Person(_)));
    let verb = if adds { "ADD" } else { "EDIT" };
    painter.line(area, 0, &format!("{verb} {n} MARKED"), strong);
    let mut y = 2;
    let mut cursor = None;
    for field in ManyField::ALL {
        let focus = form.focus == field;
        label(painter, area, y, (focus, field.label()));
        match field {
            ManyField::Numbers => line(painter, area, y, (&form.numbers, focus)),
            ManyField::Country => line(painter, area, y, (&form.country, focus)),
            ManyField::Kind => {
                let words: Vec<String> = NumberKind::ALL
                    .into_iter()
                    .map(|kind| {
                        let word = kind.as_str();
                        if form.kind == Some(kind) {
                            format!("[{word}]")
                        } else {
                            format!(" {word} ")
                        }
                    })
                    .collect();
                let as_is = if form.kind.is_none() {
                    "[as it is]"
                } else {
                    " as it is "
                };
                value(painter, area, y, &format!("{as_is} {}", words.join(" ")));
            }
        }
        if focus && field != ManyField::Kind {
            cursor = painter.cursor;
        }
        y += 1;
        if let Some((_, text)) = form.fault.as_ref().filter(|(faulty, _)| *faulty == field) {
            y = painter.below(LABEL, area, y, (Tone::Bad, text));
        }
        if let Some(country) = form.proposal().filter(|_| field == ManyField::Country) {
            let text = format!("Ctrl-T takes {country}");
            y = painter.below(LABEL, area, y, (Tone::Good, &text));
        }
        if focus {
            y = painter.below(LABEL, area, y, (Tone::Dim, field.hint()));
        }
    }
    let last = "Enter shows what would become of each of them; nothing is queued before that.";
    painter.below(LABEL, area, y + 1, (Tone::Dim, last));
    painter.cursor = cursor;
}

fn preview(painter: &mut Painter<'_>, open: &Preview, area: Area) {
    let (list, low) = review_areas(area);
    let note = if open.is_waiting() { "working…" } else { "" };
    let (strong, busy, dim) = (painter.theme.strong, painter.theme.busy, painter.theme.dim);
    painter.two(list, 0, (&open.title(), strong), (note, busy));
    let refused = open.refused().is_some();
    let look = if refused {
        painter.theme.warn
    } else {
        painter.tone(Tone::Good)
    };
    let unsure = match open.change {
        Change::Edit {
            numbers: Some(_), ..
        } if !open.sure => "the tenant's list of numbers was never read: s reads it",
        Change::Edit { .. } => "one plan for all: p, after it is queued",
        Change::Remove => "seats go back; no number is released by this",
    };
    beside(painter, list, (&open.count_words(), look), unsure);
    let wide = (usize::from(list.width) / 2).max(38);
    let titles = [
        ("", 3),
        ("NAME", 20),
        ("CHANGE", wide),
        ("NOTE", usize::MAX),
    ];
    let columns = titles.map(|(text, wide)| column(text, wide, dim));
    painter.row(list, 2, Row::Ordinary, &columns);
    let rows = open.rows.iter().enumerate().skip(open.cursor.top);
    for (n, (index, row)) in (3..list.height).zip(rows) {
        let columns = preview_columns(painter, row, wide);
        painter.row(list, n, Row::from(index == open.cursor.index), &columns);
    }
    if let Some(row) = open.rows.get(open.cursor.index) {
        let mut doc = crate::app::doc::Doc::default();
        let (tone, text) = match &row.fate {
            Fate::Refused(why) => (Tone::Bad, why.as_str()),
            Fate::Unchanged => (Tone::Dim, "has all of it already"),
            Fate::Out => (Tone::Dim, "left out; Space takes it in again"),
            Fate::Done(_) => (Tone::Plain, row.change.as_str()),
        };
        doc.line(tone, &format!("{}: {text}", row.name));
        if !row.note.is_empty() {
            doc.line(Tone::Warn, &row.note);
        }
        super::detail(painter, low, &doc);
    }
}

fn preview_columns(painter: &Painter<'_>, row: &PreviewRow, wide: usize) -> Vec<Column> {
    let dim = painter.theme.dim;
    let (tick, change, note, style) = match &row.fate {
        Fate::Done(_) => ("[x]", row.change.as_str(), row.note.as_str(), Style::new()),
        Fate::Unchanged => ("[-]", "has all of it already", "", dim),
        Fate::Out => ("[ ]", "left out", "", dim),
        Fate::Refused(why) => {
            return vec![
                column("[!]", 3, painter.theme.bad),
                column(row.name.as_str(), 20, Style::new()),
                column(why.as_str(), usize::MAX, painter.theme.bad),
            ];
        }
    };
    vec![
        column(tick, 3, style),
        column(row.name.as_str(), 20, style),
        column(change, wide, style),
        column(note, usize::MAX, painter.theme.warn),
    ]
}

fn export(painter: &mut Painter<'_>, form: &ExportForm, area: Area) {
    let note = if form.is_writing() { "writing…" } else { "" };
    let (strong, busy) = (painter.theme.strong, painter.theme.busy);
    let title = format!("EXPORT  {}", form.words);
    painter.two(area, 0, (&title, strong), (note, busy));
    let on_path = form.focus == ExportField::Path;
    label(painter, area, 2, (on_path, "To the file"));
    line(painter, area, 2, (&form.path, on_path));
    let cursor = painter.cursor.filter(|_| on_path);
    let mut y = 3;
    if let Some(fault) = form.fault {
        y = painter.below(LABEL, area, y, (Tone::Bad, fault));
    }
    label(painter, area, y, (!on_path, "For"));
    let words = ["a spreadsheet", "a program"];
    let text = either(words, form.reader == Reader::Spreadsheet);
    value(painter, area, y, &text);
    y += 1;
    if !on_path {
        let hint = "a spreadsheet must not run a number's + as a formula, a program wants it bare; import reads both";
        y = painter.below(LABEL, area, y, (Tone::Dim, hint));
    }
    if let EditState::Failed(failure) = &form.state {
        y = failed(painter, area, y + 1, failure);
    }
    let last = "Only you can read the file. One that is there already is not overwritten.";
    painter.below(LABEL, area, y + 1, (Tone::Dim, last));
    painter.cursor = cursor;
}
