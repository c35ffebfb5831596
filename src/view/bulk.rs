//! Many users at once: where an import comes from, its review, one row of it, an edit of all marked with its preview, an export.

use ratatui::style::Style;

use crate::app::App;
use crate::app::action::Action;
use crate::app::bulk::review_areas;
use crate::app::cells;
use crate::app::doc::Tone;
use crate::app::effect::Exported;
use crate::app::field::Field;
use crate::app::layout::Area;
use crate::app::pane::bulk::Bulk;
use crate::app::pane::bulk::cells::RowForm;
use crate::app::pane::bulk::export::{ExportField, ExportForm};
use crate::app::pane::bulk::many::{Change, ManyField};
use crate::app::pane::bulk::review::{ReviewBox, Rows, cause, number, who};
use crate::app::pane::bulk::source::{SourceField, SourceForm};
use crate::app::pane::editor::EditState;
use crate::app::pane::{Mark, TURNS};
use crate::bulk::decode::Encoding;
use crate::bulk::export::Reader;
use crate::bulk::review::Mode;
use crate::bulk::verdict::Verdict;
use crate::domain::failure::Failure;

use super::paint::{Column, Painter, Row, column};
use super::tenant::choice;

/// Cells before the values of a form.
pub(super) const LABEL: u16 = 15;

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, open: &Bulk, area: Area) {
    match open {
        Bulk::Source(form) => source(app, painter, form, area),
        Bulk::Review(open) => review(app, painter, open),
        Bulk::Row(form) => row_form(painter, form, area),
        Bulk::Many(form) => super::many::form(painter, form, area),
        Bulk::Preview(open) => super::many::preview(app, painter, open),
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
        (Bulk::Review(open), Action::NextWarning) => open.summary.open() > 0,
        (Bulk::Review(open), Action::OnlyBad) => !open.summary.all_good(),
        (Bulk::Review(open), Action::TakeAll) => open.summary.proposal > 1,
        (Bulk::Preview(open), Action::NextWarning) => open.refused().is_some(),
        (Bulk::Preview(open), Action::QueueGood) => {
            open.refused().is_some() && open.counts()[0] > 0
        }
        (Bulk::Preview(open), Action::QueueAll) => open.refused().is_none(),
        (Bulk::Row(form), Action::FreeNumbers) => form.takes_free(),
        (
            Bulk::Preview(_),
            Action::Open | Action::OnlyBad | Action::TakeAll | Action::TakeProposal,
        )
        | (Bulk::Source(_) | Bulk::Export(_), Action::TakeProposal)
        | (_, Action::FreeNumbers) => false,
        (Bulk::Row(form), Action::TakeProposal) => form.proposal().is_some(),
        (Bulk::Many(form), Action::TakeProposal) => form.proposal().is_some(),
        _ => true,
    }
}

/// The word of an action where it says more than the table.
pub(super) fn word(open: &Bulk, action: Action) -> Option<String> {
    let word = match (open, action) {
        (Bulk::Review(open), Action::QueueAll) => {
            let n = cells::thousands(open.summary.changing() as u64);
            return Some(format!("queue {n}"));
        }
        (Bulk::Review(open), Action::QueueGood) => {
            let n = cells::thousands(open.summary.changing() as u64);
            return Some(format!("queue only the good {n}"));
        }
        (Bulk::Review(open), Action::Hold) => {
            let left = open.row().is_some_and(|row| open.review.is_left_out(row));
            return Some(if left { "take in" } else { "leave out" }.to_owned());
        }
        (Bulk::Preview(open), Action::QueueAll) => {
            let n = cells::thousands(open.counts()[0] as u64);
            return Some(match open.change {
                Change::Remove => format!("remove {n}"),
                Change::Edit { .. } if open.adds() => format!("add {n}"),
                Change::Edit { .. } => format!("queue {n}"),
            });
        }
        (Bulk::Preview(open), Action::QueueGood) => {
            let n = cells::thousands(open.counts()[3] as u64);
            return Some(format!("leave {n} out"));
        }
        (Bulk::Review(open), Action::TakeAll) => {
            let n = cells::thousands(open.summary.proposal as u64);
            return Some(format!("take all {n}"));
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
    let choice = Some((TURNS, "choose"));
    let text = Some(("Ctrl-U", "clears"));
    match open {
        Bulk::Source(form) => match form.focus {
            SourceField::From if form.pasted.is_some() => Some(("Backspace", "a file instead")),
            SourceField::From => text,
            SourceField::Mode | SourceField::Letters => choice,
        },
        Bulk::Many(form) => match form.focus {
            ManyField::Kind | ManyField::Holders => choice,
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
pub(super) fn label(painter: &mut Painter<'_>, area: Area, y: u16, (focus, words): (bool, &str)) {
    let lead = if focus { ">" } else { " " };
    let look = if focus {
        painter.theme.strong
    } else {
        painter.theme.dim
    };
    painter.line(area, y, &format!("{lead} {words}"), look);
}

pub(super) fn value(painter: &mut Painter<'_>, area: Area, y: u16, text: &str) {
    if y < area.height {
        let room = area.width.saturating_sub(LABEL + 1);
        painter.put((area.x + LABEL, area.y + y), room, text, Style::new());
    }
}

/// A line of text; the one that is typed into says where the cursor stands.
pub(super) fn line(painter: &mut Painter<'_>, area: Area, y: u16, (line, focus): (&Field, bool)) {
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
pub(super) fn either(words: [&str; 2], first: bool) -> String {
    let [one, other] = words;
    if first {
        format!("[{one}]  {other} ")
    } else {
        format!(" {one}  [{other}]")
    }
}

fn source_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Create => "new users",
        Mode::Update => "changes of users",
        Mode::Both => "both, each row what it is",
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
                let chosen = source_word(form.mode);
                let text = choice(&Mode::ALL.map(source_word), chosen);
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
            "where none is chosen: new users, unless most are users already. Those are found by ExternalId, SIPUsername or TrunkNumber, else by the e-mail"
        }
        SourceField::Letters => "of a file: Windows-1252 is what Excel writes as plain CSV",
    }
}

fn review(app: &App, painter: &mut Painter<'_>, open: &ReviewBox) {
    let (list, low) = review_areas(&app.layout());
    painter.clear(list);
    let (strong, dim) = (painter.theme.strong, painter.theme.dim);
    let (counts, look) = match (&open.state, open.listing) {
        (EditState::Saving(_), _) => ("working…".to_owned(), painter.theme.busy),
        (_, Rows::All) if open.summary.all_good() => (open.counts(), painter.tone(Tone::Good)),
        (_, Rows::All) => (open.counts(), painter.theme.warn),
        (_, Rows::Bad) => (
            format!("bad rows only: {}", open.counts()),
            painter.theme.warn,
        ),
    };
    painter.two(list, 0, (&open.title(), strong), (&counts, look));
    let mut y = 1;
    for row in open.note_rows(list.width) {
        painter.line(list, y, &app.settings.keys.fill(&row), dim);
        y += 1;
    }
    let titles = ["ROW", "VERDICT", "WHO", "NUMBER", "CAUSE"];
    let widths = widths(list);
    let columns = titles.iter().zip(widths);
    let columns: Vec<Column> = columns
        .map(|(text, wide)| column(*text, wide, dim))
        .collect();
    painter.row(list, y, Row::Ordinary, &columns);
    y += 1;
    let rows = open.shown.iter().enumerate().skip(open.cursor.top);
    for (n, (index, &row)) in (y..list.height).zip(rows) {
        let columns = review_columns(painter, open, row as usize, widths);
        painter.row(list, n, Row::from(index == open.cursor.index), &columns);
    }
    if open.shown.is_empty() {
        let text = app.settings.keys.fill(&open.none_bad());
        painter.line(list, y, &text, Style::new());
    }
    super::detail(painter, low, &open.row_word(), &open.detail());
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
        if focus && of.is_only_checked() {
            let words = "checked for damage, and not kept: Teams has no field for it";
            y = painter.below(LABEL, area, y, (Tone::Dim, words));
        }
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
    let text = if matches!(form.what, Exported::LogText(_)) {
        format!("plain text ({TURNS}: a spreadsheet, a program)")
    } else {
        let words = ["a spreadsheet", "a program"];
        either(words, form.reader == Reader::Spreadsheet)
    };
    value(painter, area, y, &text);
    y += 1;
    if !on_path && !matches!(form.what, Exported::LogText(_)) {
        let hint = "a spreadsheet must not run a number's + as a formula, a program wants it bare; import reads both";
        y = painter.below(LABEL, area, y, (Tone::Dim, hint));
    }
    if let EditState::Failed(failure) = &form.state {
        y = failed(painter, area, y + 1, failure);
    }
    if matches!(form.what, Exported::Reasons(_)) {
        let others = "Who is on the list or can be added is not in it: those are exported from their own lists.";
        y = painter.below(LABEL, area, y + 1, (Tone::Dim, others));
    }
    let last = "Only you can read the file. One that is there already is not overwritten.";
    painter.below(LABEL, area, y + 1, (Tone::Dim, last));
    painter.cursor = cursor;
}
