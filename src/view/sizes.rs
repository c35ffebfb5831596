//! Every screen at every size: no panic, and nothing past the edge.

use crate::app::event::What;
use crate::app::fixture::Driver;

use super::screens::{frame, planned, screen};
use super::theme::Theme;

/// Every screen there is.
fn screens(size: (u16, u16)) -> Vec<Driver> {
    let scripts = [
        "1",
        "/ a l e x",
        "2",
        "f Space Space",
        "f / l <enter>",
        "3",
        "3 s",
        "4",
        "4 G",
        "4 j j <enter>",
        "4 j j j <enter>",
        "e",
        "e 9 <enter>",
        "e <backtab> <backtab> <backtab> p",
        "A",
        "j d",
        "?",
        ": w h y Space a",
        "w",
        "3 <enter>",
        "W",
    ];
    // The window has to be large enough for the keys to count; then it becomes what is asked for.
    let mut all: Vec<Driver> = scripts
        .iter()
        .map(|script| {
            let mut t = Driver::new();
            t.keys(script);
            t
        })
        .collect();
    all.push(planned((80, 24)));
    for t in &mut all {
        t.event(What::Resize {
            width: size.0,
            height: size.1,
        });
    }
    all
}

#[test]
fn no_size_makes_a_screen_panic() {
    for (n, mut t) in screens((80, 24)).into_iter().enumerate() {
        for width in (1..=120u16).step_by(7).chain([59, 60, 80, 119, 120, 300]) {
            for height in (1..=50u16).step_by(6).chain([14, 15, 16, 100]) {
                // Each screen has its own sample: together they cover every size a few times.
                if (usize::from(width) + usize::from(height) + n) % 3 != 0 {
                    continue;
                }
                t.event(What::Resize { width, height });
                screen(&t.app);
            }
        }
    }
}

#[test]
fn a_frame_of_another_size_than_the_last_event_said_does_not_panic() {
    for t in screens((140, 40)) {
        for size in [(1, 1), (10, 3), (80, 24), (200, 60)] {
            frame(&t.app, &Theme::mono(), size);
        }
    }
}

#[test]
fn no_row_passes_the_edge_and_the_header_stays() {
    for size in [(80, 24), (140, 40), (60, 15)] {
        for t in screens(size) {
            // `screen` asserts the widths.
            let rows = screen(&t.app);
            assert!(rows[0].starts_with("Contoso Ltd"), "{}", rows[0]);
            assert!(!rows[usize::from(size.1) - 1].is_empty(), "a footer");
        }
    }
}
