//! Draws the console: a function of the state, the theme and the frame. Changes nothing.

pub mod theme;

mod bulk;
mod candidates;
mod changes;
mod chooser;
mod columns;
mod earlier;
pub mod first_start;
mod footer;
mod form;
mod frame;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod hostile;
mod licences;
mod many;
mod modal;
mod numbers;
mod paint;
mod plan;
#[cfg(test)]
pub(crate) mod screens;
mod settings;
pub mod sign_in;
#[cfg(test)]
mod sizes;
mod summary;
mod sync;
mod tabs;
mod tenant;
mod users;
mod why;
pub mod wire;

use ratatui::Frame;
use ratatui::buffer::Buffer;

use crate::app::App;
use crate::app::doc::Doc;
use crate::app::layout::{Area, SMALLEST, too_small};
use crate::app::modal::Modal;
use crate::app::pane::Pane;

use paint::Painter;
use theme::Theme;

/// Draws a frame.
pub fn draw(app: &App, theme: &Theme, frame: &mut Frame<'_>) {
    if let Some(cursor) = paint(app, theme, frame.buffer_mut()) {
        frame.set_cursor_position(cursor);
    }
}

/// Draws into an empty buffer; where the cursor is to be seen.
pub fn paint(app: &App, theme: &Theme, buffer: &mut Buffer) -> Option<(u16, u16)> {
    let area = buffer.area;
    let mut painter = Painter::new(buffer, theme, app.settings.ascii);
    painter.ground();
    if too_small(app.size) {
        small(app, &mut painter);
    } else {
        whole(app, &mut painter);
    }
    painter.cursor.filter(|at| area.contains((*at).into()))
}

/// A screen on which nothing could be read: says what it takes, and keeps the tenant in sight.
fn small(app: &App, painter: &mut Painter<'_>) {
    let (width, height) = app.size;
    let area = Area {
        x: 0,
        y: 0,
        width,
        height,
    };
    let strong = painter.theme.strong;
    let plain = painter.tone(crate::app::doc::Tone::Plain);
    painter.line(area, 0, &app.title(), strong);
    let (wide, high) = SMALLEST;
    let lines = [
        format!("This window is {width}x{height}."),
        match (wide.saturating_sub(width), high.saturating_sub(height)) {
            (more, 0) => format!("It needs {wide} columns: {more} more."),
            (0, more) => format!("It needs {high} rows: {more} more."),
            _ => format!("{wide}x{high} is the smallest that fits."),
        },
        "Nothing is lost; q quits.".to_owned(),
    ];
    for (n, line) in (1..).zip(&lines) {
        painter.line(area, n, line, plain);
    }
}

fn whole(app: &App, painter: &mut Painter<'_>) {
    let layout = app.layout();
    frame::header(app, painter, layout.header);
    tabs::tabs(app, painter);
    frame::filter(app, painter, layout.filter);
    match app.pane {
        Pane::Users => users::draw(app, painter, layout.main),
        Pane::Candidates => candidates::draw(app, painter, layout.main),
        Pane::Sync => sync::draw(app, painter, layout.body),
        Pane::Changes => changes::draw(app, painter, layout.main),
        Pane::Licences => licences::draw(app, painter, layout.main),
        Pane::Numbers => numbers::draw(app, painter, layout.main),
    }
    if let Some(area) = layout.beside {
        why::beside(app, painter, area);
    }
    if let Some(area) = layout.log {
        sync::below(app, painter, area);
    }
    for modal in &app.modals {
        over(app, painter, modal, layout.body);
    }
    frame::status(app, painter, layout.status);
    footer::footer(app, painter, layout.footer);
}

/// Everything about the row under the cursor, below its list.
fn detail(painter: &mut Painter<'_>, area: Area, title: &str, doc: &Doc) {
    if area.height == 0 {
        return;
    }
    painter.clear(area);
    painter.rule(area, 0, title);
    for (n, row) in (1..area.height).zip(doc.rows(usize::from(area.width))) {
        painter.line(area, n, &row.text, painter.tone(row.tone));
    }
}

fn over(app: &App, painter: &mut Painter<'_>, modal: &Modal, body: Area) {
    match modal {
        Modal::Confirm(confirm) => modal::confirm(app, painter, confirm, body),
        Modal::Columns(open) => columns::draw(app, painter, open, body),
        Modal::Why(_)
        | Modal::Form(_)
        | Modal::Plan(_)
        | Modal::Conflict(_)
        | Modal::Palette(_)
        | Modal::Settings(_)
        | Modal::Seat(_)
        | Modal::NewTenant(_)
        | Modal::Free(_)
        | Modal::Chooser(_)
        | Modal::Earlier(_)
        | Modal::SignIn(_)
        | Modal::Log(_)
        | Modal::Bulk(_)
        | Modal::Text(_) => {
            painter.clear(body);
            painter.cursor = None;
        }
    }
    match modal {
        Modal::Why(open) => why::modal(app, painter, open, body),
        Modal::Form(open) => form::draw(app, painter, open, body),
        Modal::Plan(open) => plan::draw(app, painter, open, body),
        Modal::Conflict(open) => modal::conflict(app, painter, open, body),
        Modal::Palette(open) => modal::palette(app, painter, open, body),
        Modal::Settings(open) => settings::form(app, painter, open, body),
        Modal::Seat(open) => settings::seat(app, painter, open, body),
        Modal::NewTenant(open) => tenant::draw(painter, open, body),
        Modal::Free(open) => form::free(painter, open, body),
        Modal::Chooser(open) => chooser::draw(painter, open, (body, app.now)),
        Modal::Earlier(open) => earlier::draw(painter, open, body),
        Modal::SignIn(open) => sign_in::draw(app, painter, *open, body),
        Modal::Log(open) => sync::view(painter, open, body),
        Modal::Bulk(open) => bulk::draw(app, painter, open, body),
        Modal::Text(open) => modal::text(painter, open, body),
        Modal::Confirm(_) | Modal::Columns(_) => {}
    }
}
