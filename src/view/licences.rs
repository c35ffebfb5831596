//! Pane 5: the products, and inside one of them its people and plans.

use ratatui::style::Style;

use crate::app::App;
use crate::app::doc::Tone;
use crate::app::layout::{self, Area};
use crate::app::pane::Mark;
use crate::app::pane::licences::{Inside, Item, Sort, by, detail, plan_words};
use crate::app::pane::users;
use crate::domain::seat;
use crate::domain::user::LicenseStatus;
use crate::roster::inventory::Product;

use super::paint::{Column, Painter, Row, column};

const COUNT: usize = 6;
const STATUS: usize = 11;

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, area: Area) {
    if let Some(open) = &app.licences.inside {
        inside(app, painter, open, area);
        return;
    }
    let (list, below) = layout::with_detail(area);
    let name = name_width(list);
    titles(app, painter, list, name);
    if app.licences.shown.is_empty() {
        empty(app, painter, list);
        return;
    }
    let cursor = &app.licences.cursor;
    let rows = app.licences.shown.iter().enumerate().skip(cursor.top);
    for (n, (index, &place)) in (1..list.height).zip(rows) {
        if let Some(product) = app.inventory.products.get(place) {
            let columns = columns(app, painter, product, name);
            painter.row(list, n, Row::from(index == cursor.index), &columns);
        }
    }
    if let Some(product) = app.licences.product(&app.inventory) {
        let users = app.licences.users(product, &app.inventory);
        super::detail(painter, below, &detail(product, users));
    }
}

/// Seats of this service, in a line: they are not Microsoft's, and are bought elsewhere.
pub(super) fn seats(app: &App) -> String {
    let seats = app.desk.seats;
    let used = seat::used(app.desk.users.len(), seats);
    let without = app
        .desk
        .users
        .iter()
        .filter(|row| row.status != LicenseStatus::Licensed)
        .count();
    let mut parts = match seats.bought {
        Some(bought) => vec![
            format!("seats of this service: {bought} bought"),
            format!("{used} used"),
            format!(
                "{} free",
                i64::from(bought) - i64::try_from(used).unwrap_or(i64::MAX)
            ),
        ],
        None => vec![
            "seats of this service: no limit".to_owned(),
            format!("{used} used"),
        ],
    };
    if let Some(day) = seats.ends {
        parts.push(format!("until {day}"));
    }
    if without > 0 {
        parts.push(format!("{without} Unlicensed"));
    }
    parts.join(", ")
}

fn name_width(area: Area) -> usize {
    let fixed = 2 + 4 * (COUNT + 1) + STATUS + 1;
    (usize::from(area.width).saturating_sub(fixed) * 11 / 20).clamp(10, 60)
}

fn titles(app: &App, painter: &mut Painter<'_>, area: Area, name: usize) {
    let sort = app.licences.sort;
    let look = |of: Sort| {
        if of == sort {
            painter.theme.strong
        } else {
            painter.theme.dim
        }
    };
    let dim = painter.theme.dim;
    let columns = [
        column("", 1, dim),
        column("LICENCE", name, look(Sort::Name)),
        column("BOUGHT", COUNT, dim),
        column("  USED", COUNT, dim),
        column("  FREE", COUNT, look(Sort::Free)),
        column(" USERS", COUNT, dim),
        column("STATUS", STATUS, dim),
        column("BRINGS", 60, look(Sort::Brings)),
    ];
    painter.row(area, 0, Row::Ordinary, &columns);
}

fn columns(app: &App, painter: &Painter<'_>, product: &Product, name: usize) -> Vec<Column> {
    let sku = &product.sku;
    let mark = if product.is_odd() {
        Mark::Warning
    } else {
        Mark::Blank
    };
    let tone = painter.tone(mark.tone());
    let right = |text: String| format!("{text:>COUNT$}");
    let count = |n: i64| right(n.to_string());
    let users = app
        .licences
        .users(product, &app.inventory)
        .map_or_else(|| "…".to_owned(), |n| n.to_string());
    vec![
        column(mark.glyph(painter.is_ascii()), 1, tone),
        column(product.name.as_str(), name, Style::new()),
        column(count(product.bought()), COUNT, Style::new()),
        column(count(sku.consumed), COUNT, Style::new()),
        column(count(sku.free()), COUNT, tone),
        column(right(users), COUNT, Style::new()),
        column(product.state(), STATUS, tone),
        column(product.marks(), usize::MAX, Style::new()),
    ]
}

fn empty(app: &App, painter: &mut Painter<'_>, area: Area) {
    let text = if app.inventory.products.is_empty() {
        "Nothing is known of the tenant's licences. s reads the tenant; nothing is written by that."
    } else {
        "No licence has all of these words. Esc clears the filter."
    };
    painter.line(area, 2, text, Style::new());
}

fn inside(app: &App, painter: &mut Painter<'_>, open: &Inside, area: Area) {
    let Some(product) = app.inventory.product(open.sku) else {
        painter.line(
            area,
            2,
            "The tenant has this licence no more. Esc goes back.",
            Style::new(),
        );
        return;
    };
    let users = app.licences.users(product, &app.inventory);
    let doc = detail(product, users);
    for (n, row) in (0..2).zip(doc.rows(usize::from(area.width))) {
        painter.line(area, n, &row.text, painter.tone(row.tone));
    }
    let (_, list) = area.split(2);
    let name = (usize::from(list.width).saturating_sub(40)).clamp(10, 30);
    let dim = painter.theme.dim;
    let columns = [
        column("", 1, dim),
        column("NAME", name, painter.theme.strong),
        column("HOW", 10, dim),
        column("STATE", 23, dim),
        column("USER NAME", 60, dim),
    ];
    painter.row(list, 0, Row::Ordinary, &columns);
    if users.is_none() {
        painter.line(list, 2, "reading who has it…", painter.theme.busy);
    }
    let rows = open.shown.iter().enumerate().skip(open.cursor.top);
    for (n, (index, item)) in (1..list.height).zip(rows) {
        let columns = match item {
            Item::Person(id) => person(app, painter, *id, name),
            Item::Plan(place) => plan(painter, product, *place, name),
        };
        painter.row(list, n, Row::from(index == open.cursor.index), &columns);
    }
}

fn person(
    app: &App,
    painter: &Painter<'_>,
    id: crate::domain::guid::ObjectId,
    name: usize,
) -> Vec<Column> {
    let Some(row) = app.roster.find(id) else {
        return Vec::new();
    };
    let how = app
        .licences
        .inside
        .iter()
        .flat_map(|open| app.licences.members.of(open.sku))
        .find(|member| member.user == id)
        .map_or("", by);
    let desk = app
        .desk
        .users
        .iter()
        .find(|user| user.user.association.id() == Some(id));
    let cause = app.tenant().cause(row);
    let (state, tone) = match desk.map(|row| users::state(row, app.now)) {
        Some(state) if state.word != "ok" => {
            (format!("{} {}", state.word, state.cause), state.mark.tone())
        }
        Some(_) => (cause.words().to_owned(), Tone::Dim),
        None if cause.is_candidate() => (cause.words().to_owned(), Tone::Good),
        None => (cause.words().to_owned(), Tone::Plain),
    };
    vec![
        column("", 1, Style::new()),
        column(&*row.name, name, Style::new()),
        column(how, 10, Style::new()),
        column(state, 23, painter.tone(tone)),
        column(&*row.upn, usize::MAX, painter.theme.dim),
    ]
}

fn plan(painter: &Painter<'_>, product: &Product, place: usize, name: usize) -> Vec<Column> {
    let (plan, friendly, class) = plan_words(product, place);
    let dim = painter.theme.dim;
    vec![
        column("", 1, dim),
        column(plan, name, dim),
        column("plan", 10, dim),
        column(class, 23, Style::new()),
        column(friendly, usize::MAX, dim),
    ]
}
