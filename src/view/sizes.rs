//! Every screen at every size and in every look: no panic, nothing past the edge, no colour and no sign that was not asked for.

use ratatui::buffer::Buffer;
use ratatui::style::Color;

use crate::app::event::What;
use crate::app::fixture::Driver;
use crate::app::flows::answered;
use crate::app::layout::too_small;

use super::screens::{frame, planned, screen};
use super::theme::Theme;

/// Screens that keys alone lead to.
const SCRIPTS: &[&str] = &[
    "1",
    "/ a l e x",
    "g Space V",
    "K j Space",
    "2",
    "2 K G Space",
    "f Space Space",
    "f / l <enter>",
    "3",
    "3 s",
    "3 <enter>",
    "3 =",
    "4",
    "4 G",
    "4 j j <enter>",
    "4 j j j <enter>",
    "5",
    "5 j <enter>",
    "6",
    "6 <enter>",
    "6 j m l e e",
    "6 K",
    "e",
    "e 9 <enter>",
    "e Ctrl-F",
    "e <backtab> <backtab> <backtab> p",
    "A",
    "j d",
    "?",
    ": w h y Space a",
    "w",
    "T",
    "g M",
    "t",
    "Ctrl-N <enter>",
    "I",
    "X",
    "E",
    "W",
    "q",
];

/// Every screen there is, by what leads to it.
fn screens(size: (u16, u16)) -> Vec<(&'static str, Driver)> {
    // The window has to be large enough for the keys to count; then it becomes what is asked for.
    let mut all: Vec<(&str, Driver)> = SCRIPTS
        .iter()
        .map(|script| {
            let mut t = Driver::new();
            t.keys(script);
            (*script, t)
        })
        .collect();
    all.push(("plan", planned((80, 24))));
    let mut ticket = planned((80, 24));
    ticket.keys("T");
    all.push(("ticket", ticket));
    all.extend(answered());
    for (_, t) in &mut all {
        resized(t, size);
    }
    all
}

fn resized(t: &mut Driver, (width, height): (u16, u16)) {
    t.event(What::Resize { width, height });
}

#[test]
fn no_size_makes_a_screen_panic() {
    let mut all = screens((80, 24));
    let screens = all.len();
    // Each screen has a sample of its own, and together they cover every size once.
    for (n, (_, t)) in all.iter_mut().enumerate() {
        let sizes = (1..=120u16).flat_map(|width| (1..=50u16).map(move |height| (width, height)));
        for size in sizes.skip(n).step_by(screens) {
            resized(t, size);
            screen(&t.app);
        }
        // And each is drawn where the layout changes.
        for width in [60, 119, 120, 300] {
            for height in [15, 50, 100] {
                resized(t, (width, height));
                screen(&t.app);
            }
        }
    }
}

/// Writes every screen as text, for whoever wants to look at all of them: `TEAMSCONNECTOR_SCREENS` names the folder, which must be
/// there. Without it nothing is written, and they are only drawn.
#[test]
fn every_screen_can_be_looked_at() {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the pictures go is said by who runs the test"
    )]
    let folder = std::env::var_os("TEAMSCONNECTOR_SCREENS").map(std::path::PathBuf::from);
    for (width, height) in [(40, 12), (80, 24), (120, 40)] {
        let mut rows = Vec::new();
        for (name, t) in screens((width, height)) {
            let drawn = screen(&t.app);
            assert_eq!(drawn.len(), usize::from(height), "{name}");
            rows.push(format!("===== {name}"));
            rows.extend(drawn);
        }
        if let Some(folder) = &folder {
            let file = folder.join(format!("screens-{width}x{height}.txt"));
            std::fs::write(file, rows.join("\n")).unwrap();
        }
    }
}

fn text(buffer: &Buffer) -> String {
    buffer
        .content()
        .iter()
        .map(ratatui::buffer::Cell::symbol)
        .collect()
}

/// What is said is said without colour too, and every screen says it in ASCII where that is asked for.
#[test]
fn every_screen_says_the_same_in_colour_in_mono_and_in_ascii() {
    for size in [(40, 12), (80, 24), (120, 40)] {
        for (name, mut t) in screens(size) {
            let colour = frame(&t.app, &Theme::default(), size);
            let mono = frame(&t.app, &Theme::mono(), size);
            assert_eq!(text(&colour), text(&mono), "{name} {size:?}");
            assert!(
                mono.content()
                    .iter()
                    .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset),
                "{name} {size:?} has a colour in mono"
            );
            let named = |colour: Color| !matches!(colour, Color::Rgb(..) | Color::Indexed(_));
            assert!(
                colour
                    .content()
                    .iter()
                    .all(|cell| named(cell.fg) && named(cell.bg)),
                "{name} {size:?} has a colour that is none of the sixteen"
            );
            t.app.settings.ascii = true;
            let ascii = text(&frame(&t.app, &Theme::mono(), size));
            let strange: String = ascii.chars().filter(|c| !c.is_ascii()).collect();
            assert_eq!(strange, "", "{name} {size:?}");
            if too_small(size) {
                assert!(ascii.contains("This window is 40x12"), "{name}: {ascii}");
            } else {
                assert!(ascii.starts_with("Contoso Ltd"), "{name}: {ascii}");
            }
        }
    }
}

#[test]
fn a_frame_of_another_size_than_the_last_event_said_does_not_panic() {
    for (_, t) in screens((140, 40)) {
        for size in [(1, 1), (10, 3), (80, 24), (200, 60)] {
            frame(&t.app, &Theme::mono(), size);
        }
    }
}

#[test]
fn no_row_passes_the_edge_and_the_header_stays() {
    for size in [(80, 24), (140, 40), (60, 15)] {
        for (name, t) in screens(size) {
            // `screen` asserts the widths.
            let rows = screen(&t.app);
            assert!(rows[0].starts_with("Contoso Ltd"), "{name}: {}", rows[0]);
            assert!(
                !rows[usize::from(size.1) - 1].is_empty(),
                "{name}: a footer"
            );
        }
    }
}
