//! What a terminal sends for one key, one click or one answer, as it stands at the front of what has come.

use crate::app::event::{Code, Did, Key, Mouse, What};

/// What most keys without a character begin with.
pub(super) const ESC: u8 = 0x1b;

/// What stands at the front.
#[derive(Debug, PartialEq)]
pub(super) enum Front {
    /// So many bytes are this, or nothing that means anything here.
    Is(usize, Option<What>),
    /// A paste begins behind so many bytes.
    Paste(usize),
    /// Its rest is missing.
    More,
}

pub(super) fn key(code: Code) -> What {
    What::Key(code.into())
}

pub(super) fn front(bytes: &[u8]) -> Front {
    match *bytes {
        [ESC] | [ESC, b']' | b'P' | b'_'] => Front::More,
        [ESC, ESC, ..] => Front::Is(1, Some(key(Code::Esc))),
        [ESC, b'[', ..] => control_sequence(bytes),
        [ESC, b'O', ..] => shifted(bytes),
        // Colours and titles; what it can draw.
        [ESC, b']', b'0'..=b'9' | b'l' | b'L' | b'I', ..]
        | [ESC, b'_', b'G', ..]
        | [
            ESC,
            b'P',
            b'0'..=b'9' | b'>' | b'!' | b'$' | b'+' | b'|',
            ..,
        ] => answer(bytes),
        [ESC, ..] => match plain(&bytes[1..]) {
            Front::Is(taken, what) => Front::Is(taken + 1, what),
            other => other,
        },
        _ => plain(bytes),
    }
}

/// A character, or a key that has one of the control characters.
fn plain(bytes: &[u8]) -> Front {
    let first = bytes[0];
    let ctrl = |c: u8| {
        What::Key(Key {
            code: Code::Char(char::from(c)),
            ctrl: true,
        })
    };
    let what = match first {
        b'\r' => key(Code::Enter),
        b'\t' => key(Code::Tab),
        0x7f => key(Code::Backspace),
        0 => ctrl(b' '),
        0x01..=0x1a => ctrl(first - 1 + b'a'),
        0x1c..=0x1f => ctrl(first - 0x1c + b'4'),
        _ => return character(bytes),
    };
    Front::Is(1, Some(what))
}

fn character(bytes: &[u8]) -> Front {
    let longest = &bytes[..bytes.len().min(4)];
    let (text, wrong) = match std::str::from_utf8(longest) {
        Ok(text) => (text, None),
        Err(error) => {
            let (whole, _) = longest.split_at(error.valid_up_to());
            let text = std::str::from_utf8(whole).unwrap_or_default();
            (text, Some(error.error_len()))
        }
    };
    match (text.chars().next(), wrong) {
        (Some(c), _) => Front::Is(c.len_utf8(), Some(key(Code::Char(c)))),
        (None, Some(Some(wrong))) => Front::Is(wrong, None),
        (None, _) => Front::More,
    }
}

/// `ESC O` and a letter: arrows and the first function keys of some terminals, a few of which put what is held between the two.
fn shifted(bytes: &[u8]) -> Front {
    let is_parameter = |byte: &u8| byte.is_ascii_digit() || *byte == b';';
    let Some(length) = bytes[2..].iter().position(|byte| !is_parameter(byte)) else {
        return Front::More;
    };
    let (parameters, last) = (&bytes[2..2 + length], bytes[2 + length]);
    if last < b' ' {
        // Another key has begun.
        return Front::Is(2 + length, None);
    }
    if length > 0 {
        let held = std::str::from_utf8(parameters).unwrap_or_default();
        let held = held.rsplit(';').next().unwrap_or_default();
        let what = arrow(last).and_then(|_| named(&format!("1;{held}"), last));
        return Front::Is(3 + length, what.map(What::Key));
    }
    let code = match last {
        b'M' => Some(Code::Enter),
        b'P'..=b'S' => Some(Code::F(last - b'P' + 1)),
        _ => arrow(last),
    };
    Front::Is(3, code.map(key))
}

/// What a terminal answers to the program that was here before, and nobody there has waited for.
fn answer(bytes: &[u8]) -> Front {
    let is_end = |byte: &u8| *byte < b' ';
    let Some(end) = bytes[1..].iter().position(is_end).map(|at| at + 1) else {
        return Front::More;
    };
    match bytes[end..] {
        [ESC] => Front::More,
        [ESC, b'\\', ..] => Front::Is(end + 2, None),
        [0x07, ..] => Front::Is(end + 1, None),
        _ => Front::Is(end, None),
    }
}

fn arrow(last: u8) -> Option<Code> {
    Some(match last {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'F' => Code::End,
        b'H' => Code::Home,
        _ => return None,
    })
}

/// `ESC [`, parameters, and the byte that ends it.
fn control_sequence(bytes: &[u8]) -> Front {
    match bytes.get(2) {
        // The console of Linux has a form of its own for the first function keys.
        Some(b'[') => match bytes.get(3) {
            None => return Front::More,
            Some(&last @ b'A'..=b'E') => return Front::Is(4, Some(key(Code::F(last - b'A' + 1)))),
            Some(_) => return Front::Is(3, None),
        },
        // The form of the mouse that every terminal knows: three bytes, of which each may be any.
        Some(b'M') => {
            let Some(&[button, column, row]) = bytes.get(3..6) else {
                return Front::More;
            };
            let [button, column, row] =
                [button, column, row].map(|b| u16::from(b.saturating_sub(32)));
            return Front::Is(6, mouse(button, (column, row)));
        }
        _ => {}
    }
    let is_parameter = |byte: &u8| (0x20..=0x3f).contains(byte);
    let Some(length) = bytes[2..].iter().position(|byte| !is_parameter(byte)) else {
        return Front::More;
    };
    let (parameters, last) = (&bytes[2..2 + length], bytes[2 + length]);
    if !(0x40..=0x7e).contains(&last) {
        // Another key has begun: this one has lost its end.
        return Front::Is(2 + length, None);
    }
    let taken = 3 + length;
    if (parameters, last) == (b"200", b'~') {
        return Front::Paste(taken);
    }
    let text = std::str::from_utf8(parameters).unwrap_or_default();
    let what = match text.strip_prefix('<') {
        Some(text) if last == b'M' => pressed(text),
        _ => named(text, last).map(What::Key),
    };
    Front::Is(taken, what)
}

/// The mouse in the form that knows columns past 223.
fn pressed(text: &str) -> Option<What> {
    let mut numbers = text.split(';').map(|number| number.parse().ok());
    let mut next = || numbers.next().flatten();
    let (button, column, row) = (next()?, next()?, next()?);
    mouse(button, (column, row))
}

/// A button goes down or the wheel turns, in cells from 1.
fn mouse(button: u16, (column, row): (u16, u16)) -> Option<What> {
    // Shift, Alt and Ctrl may be held.
    let did = match button & !0b1_1100 {
        0 => Did::Press,
        64 => Did::WheelUp,
        65 => Did::WheelDown,
        _ => return None,
    };
    let at = (column.checked_sub(1)?, row.checked_sub(1)?);
    Some(What::Mouse(Mouse { at, did }))
}

/// The key of a control sequence: `1;5A` is the arrow up with Ctrl.
fn named(text: &str, last: u8) -> Option<Key> {
    let mut numbers = text.split(';').map(|number| {
        let mut parts = number.split(':').map(|part| part.parse::<u32>().ok());
        (parts.next().flatten(), parts.next().flatten())
    });
    let (first, _) = numbers.next().unwrap_or_default();
    let (held, kind) = numbers.next().unwrap_or_default();
    if kind == Some(3) {
        // It was let go.
        return None;
    }
    let held = held.unwrap_or(1).saturating_sub(1);
    let (shift, ctrl) = (held & 1 != 0, held & 4 != 0);
    let code = match last {
        b'A' if shift => Code::ShiftUp,
        b'B' if shift => Code::ShiftDown,
        b'Z' => Code::BackTab,
        b'P' => Code::F(1),
        b'Q' => Code::F(2),
        b'S' => Code::F(4),
        b'u' => written(first?, shift)?,
        b'~' if first == Some(27) => written(numbers.next()?.0?, shift)?,
        b'~' => numbered(u8::try_from(first?).ok()?)?,
        _ => arrow(last)?,
    };
    Some(Key { code, ctrl })
}

fn numbered(number: u8) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(number - 10),
        17..=21 => Code::F(number - 11),
        23..=26 => Code::F(number - 12),
        28 | 29 => Code::F(number - 15),
        31..=34 => Code::F(number - 17),
        _ => return None,
    })
}

/// A key by its character, as some terminals write those that have no sequence of their own.
fn written(character: u32, shift: bool) -> Option<Code> {
    Some(match char::from_u32(character)? {
        '\u{1b}' => Code::Esc,
        '\r' => Code::Enter,
        '\t' if shift => Code::BackTab,
        '\t' => Code::Tab,
        '\u{7f}' => Code::Backspace,
        // Keys without a character have these.
        '\u{e000}'..='\u{f8ff}' => return None,
        c if shift => Code::Char(c.to_ascii_uppercase()),
        c => Code::Char(c),
    })
}
