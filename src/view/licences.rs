//! Pane 5: the products, and inside one of them its people and plans.

use ratatui::style::Style;

use crate::app::App;
use crate::app::doc::Tone;
use crate::app::layout::{self, Area};
use crate::app::pane::Mark;
use crate::app::pane::licences::{Inside, Item, Order, Sort, by, detail, plan_words};
use crate::app::pane::users;
use crate::domain::seat;
use crate::domain::user::LicenseStatus;
use crate::roster::products::Product;

use super::paint::{Column, Painter, Row, column};

const BOUGHT: usize = 6;
const COUNT: usize = 5;
const STATUS: usize = 11;

/// From so many columns on, the state of a subscription has a column of its own.
const ROOMY: u16 = 100;

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
            let columns = columns(app, painter, product, (name, list.width));
            let look = Row::from(index == cursor.index);
            painter.row(list, n, look, &columns);
            if app.licences.marks.has(product.sku.id) {
                painter.mark_beside(list, n, look);
            }
        }
    }
    if let Some(product) = app.licences.product(&app.inventory) {
        let users = app.licences.users(product, &app.inventory);
        super::detail(painter, below, "", &detail(product, users));
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
            format!("{used} of {bought} used"),
            format!("{} free", i64::from(bought) - i64::from(used)),
        ],
        None => vec![format!("{used} used, no limit")],
    };
    // Who has none comes first: the end of the line may be cut.
    if without > 0 {
        parts.insert(0, format!("{without} Unlicensed"));
    }
    if let Some(day) = seats.ends {
        let today = app.now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let word = if day < today { "ended" } else { "until" };
        parts.push(format!("{word} {day}"));
    }
    format!("service seats: {}", parts.join(", "))
}

fn name_width(area: Area) -> usize {
    let fixed = 2 + BOUGHT + 1 + 3 * (COUNT + 1);
    let left = usize::from(area.width).saturating_sub(fixed);
    if area.width < ROOMY {
        left.saturating_sub(21).clamp(10, 40)
    } else {
        (left.saturating_sub(STATUS + 1) * 11 / 20).clamp(10, 60)
    }
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
    let mut columns = vec![
        column("", 1, dim),
        column("LICENCE", name, look(Sort::Name)),
        column("BOUGHT", BOUGHT, look(Sort::Bought)),
        column(" USED", COUNT, look(Sort::Used)),
        column(" FREE", COUNT, look(Sort::Free)),
        column("USERS", COUNT, look(Sort::Users)),
    ];
    if area.width >= ROOMY {
        columns.push(column("STATUS", STATUS, look(Sort::Status)));
    }
    columns.push(column("BRINGS", 60, look(Sort::Brings)));
    painter.row(area, 0, Row::Ordinary, &columns);
}

fn columns(
    app: &App,
    painter: &Painter<'_>,
    product: &Product,
    (name, width): (usize, u16),
) -> Vec<Column> {
    let sku = &product.sku;
    let mark = if product.is_odd() {
        Mark::Warning
    } else {
        Mark::Blank
    };
    let tone = painter.tone(mark.tone());
    let plain = Style::new();
    let bought = product.bought();
    let users = app
        .licences
        .users(product, &app.inventory)
        .map_or_else(|| "…".to_owned(), |n| n.to_string());
    let count = |n: i64| format!("{n:>COUNT$}");
    let mut columns = vec![
        column(mark.glyph(painter.is_ascii()), 1, tone),
        column(product.name.as_str(), name, plain),
        column(format!("{bought:>BOUGHT$}"), BOUGHT, plain),
        column(count(sku.consumed), COUNT, plain),
        column(count(sku.free()), COUNT, tone),
        column(format!("{users:>COUNT$}"), COUNT, plain),
    ];
    if width >= ROOMY {
        columns.push(column(product.state(), STATUS, tone));
        columns.push(column(product.marks(), usize::MAX, plain));
    } else {
        columns.push(column(product.short_marks(), usize::MAX, tone));
    }
    columns
}

fn empty(app: &App, painter: &mut Painter<'_>, area: Area) {
    let unread = !app.roster.is_empty() && app.inventory.loading() == 0;
    let text = if !app.roster.is_whole() || unread {
        "The tenant's licences are being loaded: a moment."
    } else if app.inventory.products.is_empty() {
        "Nothing is known of the tenant's licences: {sync} reads it, and writes nothing."
    } else {
        app.nothing_found("No licence has all of these words. Esc clears the filter.")
    };
    painter.line(area, 2, &app.settings.keys.fill(text), Style::new());
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
    for (n, line) in (0..2).zip(&doc.0) {
        painter.line(area, n, &line.text, painter.tone(line.tone));
    }
    let (_, list) = area.split(2);
    let name = (usize::from(list.width).saturating_sub(40)).clamp(10, 30);
    let dim = painter.theme.dim;
    let look = |of: Order| {
        if of == open.order {
            painter.theme.strong
        } else {
            dim
        }
    };
    let columns = [
        column("", 1, dim),
        column("NAME", name, look(Order::Name)),
        column("HOW", 10, look(Order::How)),
        column("STATE", 23, look(Order::Cause)),
        column("USER NAME", 60, look(Order::SignIn)),
    ];
    painter.row(list, 0, Row::Ordinary, &columns);
    if users.is_none() {
        // Below the plans, which are known already.
        let below = u16::try_from(open.shown.len() + 1).unwrap_or(u16::MAX);
        let at = below.min(list.height.saturating_sub(1));
        painter.line(list, at, "reading who has it…", painter.theme.busy);
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
        column(row.name, name, Style::new()),
        column(how, 10, Style::new()),
        column(state, 23, painter.tone(tone)),
        column(row.upn, usize::MAX, painter.theme.dim),
    ]
}

fn plan(painter: &Painter<'_>, product: &Product, place: usize, name: usize) -> Vec<Column> {
    let (plan, friendly, class) = plan_words(product, place);
    let dim = painter.theme.dim;
    let words = match (class.is_empty(), friendly.is_empty()) {
        (true, _) => friendly.to_owned(),
        (false, true) => class.to_owned(),
        (false, false) => format!("{class}: {friendly}"),
    };
    vec![
        column("", 1, dim),
        column(plan, name, dim),
        column("plan", 10, dim),
        column(words, usize::MAX, dim),
    ]
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::app::effect::Effect;
    use crate::app::event::{CacheEvent, What};
    use crate::app::fixture::{Driver, VOICE, object};
    use crate::domain::guid::{Guid, SkuId};
    use crate::roster::products::Members;
    use crate::view::screens::screen;

    fn opened() -> Driver {
        let mut t = Driver::new();
        t.keys("5");
        let [Effect::LoadMembers { req, .. }] = t.effects.as_slice() else {
            panic!("its users are asked for: {:?}", t.effects);
        };
        let (req, sku) = (*req, SkuId(Guid::from_bytes([VOICE; 16])));
        let members = Members::new(1, [(sku, object(4), None), (sku, object(2), None)]);
        t.event(What::Cache(CacheEvent::Members {
            req,
            members: Arc::new(members),
        }));
        t
    }

    #[test]
    fn seats_of_both_kinds_and_a_shortage_in_words() {
        let mut t = opened();
        t.keys("j");
        let rows = screen(&t.app);
        assert_eq!(
            rows[2..6],
            [
                "2 licences   by name   service seats: 1 Unlicensed, 5 of 25 used, 20 free",
                "  LICENCE                          BOUGHT  USED  FREE USERS BRINGS",
                "  CONTOSO_MAIL                         25    20     5     0",
                "⚠ CONTOSO_VOICE                        10    13    -3     2 short by 3; Phone, …",
            ]
        );
        let at = rows
            .iter()
            .position(|row| row.starts_with("10 bought"))
            .unwrap();
        assert_eq!(
            rows[at..at + 3],
            [
                "10 bought, 13 used, -3 free, subscription Enabled; 2 users have it",
                "More seats are used than were bought: buy more, or take the licence from",
                "somebody.",
            ]
        );
    }

    #[test]
    fn people_and_plans_inside_one() {
        let mut t = opened();
        t.keys("j <enter>");
        let rows = screen(&t.app);
        assert_eq!(
            rows[2..10],
            [
                "2 users   by name   Esc goes back",
                "CONTOSO_VOICE  CONTOSO_VOICE",
                "10 bought, 13 used, -3 free, subscription Enabled; 2 users have it",
                "  NAME                           HOW        STATE                   USER NAME",
                "  Alex Wilber                    direct     Calling Plan            alex.wilber…",
                "  Diego Siciliani                direct     queued -> +1 425 555 0… diego.sicil…",
                "  MCOEV                          plan       Phone System: Microsoft 365 Phone S…",
                "  MCOPSTN1                       plan       Calling Plan: Microsoft 365 Domesti…",
            ]
        );
    }
}
