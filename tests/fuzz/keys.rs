//! Keys, pastes, clicks and sizes, as they come: the console takes them all, and draws.

use std::num::NonZero;
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use teamsconnector::app::effect::Effect;
use teamsconnector::app::event::{CacheEvent, Code, Did, Event, Key, LedgerEvent, Mouse, What};
use teamsconnector::app::{App, Settings};
use teamsconnector::domain::gate::{FirstCause, Marks};
use teamsconnector::domain::guid::{Guid, ObjectId, TenantId};
use teamsconnector::domain::phone::{NumberKind, PhoneNumber};
use teamsconnector::domain::user::{Association, User, UserId};
use teamsconnector::roster::desk::{Desk, DeskUser};
use teamsconnector::roster::{Roster, Row};
use teamsconnector::view::paint;
use teamsconnector::view::theme::Theme;
use teamsconnector::view::wire::Wire;

use crate::mutate::{corpus, rounds};

fn id(n: u8) -> ObjectId {
    ObjectId(Guid::from_bytes([n; 16]))
}

fn number(n: u8) -> Option<PhoneNumber> {
    PhoneNumber::from_tenant(&format!("+4412351234{n:02}"))
}

fn roster() -> Roster {
    let rows = (1..40).map(|n| Row {
        id: id(n),
        name: format!("Alex {n:02} \u{202e}山").into(),
        upn: format!("alex{n}@contoso.example").into(),
        mail: None,
        location: None,
        number: number(n),
        cause: [
            FirstCause::Eligible,
            FirstCause::CallingPlan,
            FirstCause::Disabled,
        ][usize::from(n) % 3],
        marks: Marks::default(),
    });
    Roster::new(1, rows)
}

fn desk() -> Desk {
    let tenant = TenantId(Guid::from_bytes([7; 16]));
    let users = (1..6).map(|n| DeskUser {
        user: User {
            id: UserId(n.into()),
            tenant,
            name: format!("Alex {n:02}"),
            mail: format!("alex{n}@contoso.example"),
            number: number(n),
            kind: NumberKind::Ddi,
            country: None,
            sip_username: None,
            external_id: None,
            association: Association::Matched(id(n)),
            waits: false,
            gone: false,
            rank: n.into(),
            created_at: Timestamp::UNIX_EPOCH,
        },
        status: teamsconnector::domain::user::LicenseStatus::Licensed,
        entries: Vec::new(),
        upn: None,
        cause: Some(FirstCause::Eligible),
        marks: Marks::default(),
    });
    Desk {
        pin: Some((tenant, "Contoso".to_owned())),
        users: users.collect(),
        ..Desk::default()
    }
}

/// The event that a byte stands for.
fn event(byte: u8, rest: &[u8]) -> What {
    let plain = |code: Code| What::Key(code.into());
    let place = |n: usize| u16::from(rest.get(n).copied().unwrap_or(5));
    match byte {
        0x00 => What::Wake,
        0x01 => plain(Code::Enter),
        0x02 => plain(Code::Tab),
        0x03 => plain(Code::BackTab),
        0x04 => plain(Code::Up),
        0x05 => plain(Code::Down),
        0x06 => plain(Code::Left),
        0x07 => plain(Code::Right),
        0x08 => plain(Code::Home),
        0x09 => plain(Code::End),
        0x0a => plain(Code::PageUp),
        0x0b => plain(Code::PageDown),
        0x0c => plain(Code::ShiftUp),
        0x0d => plain(Code::ShiftDown),
        0x0e => plain(Code::Delete),
        0x0f..=0x1a => plain(Code::F(byte - 0x0e)),
        0x1b => plain(Code::Esc),
        0x1c..=0x1f => What::Resize {
            width: place(0),
            height: place(1),
        },
        0x20..=0x7e => plain(Code::Char(char::from(byte))),
        0x7f => plain(Code::Backspace),
        0x80..=0x99 => What::Key(Key {
            code: Code::Char(char::from(byte - 0x80 + b'a')),
            ctrl: true,
        }),
        0x9a..=0xa0 => {
            What::Paste(String::from_utf8_lossy(&rest[..rest.len().min(40)]).into_owned())
        }
        0xa1..=0xc0 => What::Mouse(Mouse {
            at: (place(0), place(1)),
            did: [Did::Press, Did::WheelUp, Did::WheelDown][usize::from(byte) % 3],
        }),
        0xc1..=0xdf => plain(Code::Char(
            ['ä', '山', '\u{202e}', '\u{301}', '😀'][usize::from(byte) % 5],
        )),
        0xe0..=0xef => What::Cache(CacheEvent::Roster(Arc::new(roster()))),
        _ => What::Ledger(LedgerEvent::Desk(Arc::new(desk()))),
    }
}

fn settings() -> Settings {
    Settings {
        tenant_label: "contoso".to_owned(),
        account: "j.smith@msp.example".to_owned(),
        author: "j.smith".to_owned(),
        mouse: true,
        shell: true,
        ..Settings::default()
    }
}

/// A terminal that is drawn on by what changes, frame after frame.
struct Shown {
    wire: Wire,
    parser: vt100::Parser,
}

fn side(cells: u16) -> NonZero<u16> {
    // An emulator has no screen without cells.
    NonZero::new(cells).unwrap_or(NonZero::<u16>::MIN)
}

impl Shown {
    fn new((width, height): (u16, u16)) -> Self {
        Self {
            wire: Wire::default(),
            parser: vt100::Parser::new(side(height), side(width), 0),
        }
    }

    fn resize(&mut self, (width, height): (u16, u16)) {
        self.wire.forget();
        self.parser.screen_mut().set_size(side(height), side(width));
    }

    /// Draws, and sees that each cell of the emulator has what was drawn there.
    fn draw(&mut self, app: &App) {
        let (width, height) = app.size;
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let cursor = paint(app, &Theme::default(), &mut buffer);
        for cell in &mut buffer.content {
            // The emulator takes it for bytes that it could not read, and shows nothing.
            if cell.symbol().contains('\u{fffd}') {
                cell.set_symbol("?");
            }
        }
        self.parser.process(&self.wire.frame(&buffer, cursor));
        assert_eq!(self.wire.frame(&buffer, cursor), b"");
        let screen = self.parser.screen();
        for y in 0..height {
            for x in 0..width {
                let (drawn, seen) = (&buffer[(x, y)], screen.cell(y, x).unwrap());
                if seen.is_wide_continuation() {
                    continue;
                }
                let reversed = drawn.modifier.contains(Modifier::REVERSED);
                let is_same = seen.contents().trim() == drawn.symbol().trim();
                assert!(
                    is_same && seen.inverse() == reversed,
                    "row {y}, column {x}: {seen:?} {drawn:?}\n{}",
                    screen.contents()
                );
            }
        }
    }
}

#[test]
fn streams_of_keys() {
    rounds("keys", 150, &corpus("fuzz/corpus/keys"), |bytes| {
        let mut size = (80, 24);
        let mut app = App::new(settings(), size);
        let mut shown = Shown::new(size);
        let mut asked = 0;
        let start = [0xf0, 0xe0];
        let all: Vec<u8> = start
            .iter()
            .chain(bytes.iter().take(400))
            .copied()
            .collect();
        for (n, byte) in all.iter().enumerate() {
            let what = event(*byte, &all[n + 1..]);
            if let What::Resize { width, height } = what {
                size = (width, height);
                shown.resize(size);
            }
            let at = Timestamp::from_second(1_795_356_000 + i64::try_from(n).unwrap()).unwrap();
            let effects = app.update(Event { at, what });
            asked += effects
                .iter()
                .filter(|effect| !matches!(effect, Effect::Wake { .. }))
                .count();
            app.settle();
            shown.draw(&app);
            app.drawn();
        }
        asked > 2
    });
}
