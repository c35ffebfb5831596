//! The bytes of a terminal as keys, clicks and pastes.
//!
//! On a slow line, and in a flood, what one key sends comes in pieces: read as they come, an arrow is Esc, `[` and `A`, and the
//! letters do what letters do. So what has begun waits for its rest, and a lone ESC is the key only after a pause. Nothing here
//! knows a clock or a terminal: whoever reads says when nothing has come for as long as [`Decoder::patience`] asks.
//!
//! However bytes are cut, they are the same keys; only ESC and a letter are Esc and that letter when they come apart, and the
//! letter alone, which is what Alt makes of it, when they come together.

use crate::app::event::{Code, What};

use super::sequences::{ESC, Front, front, key};

/// What a terminal puts behind a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

/// How long to wait for the rest of what has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// As long as a lone ESC may be the beginning of another key.
    Esc,
    /// As long as a line may stand still in the midst of a key: it holds up nothing but its own rest.
    Rest,
}

/// What has come, and what of it waits for its rest.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The beginning of a key.
    begun: Vec<u8>,
    /// The ESC of it came without the next byte.
    apart: bool,
    /// Esc was told a moment ago; what comes may still be the rest of an arrow.
    late: bool,
    /// A paste whose end has not come.
    paste: Option<Vec<u8>>,
    /// Whether more of it comes.
    stands: Stands,
}

/// How a paste goes. One whose end was lost would take every key that is typed from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stands {
    /// More of it comes.
    #[default]
    No,
    /// Nothing has come for a while.
    Still,
    /// And then ESC alone, which ends it if nothing follows: what is on a line comes in its order, so no more of it is to come.
    AtEsc,
}

impl Decoder {
    /// How long to wait for more before [`Self::pause`]; `None` where nothing waits.
    pub(super) fn patience(&self) -> Option<Patience> {
        if self.paste.is_some() {
            return match self.stands {
                Stands::No => Some(Patience::Rest),
                Stands::Still => None,
                Stands::AtEsc => Some(Patience::Esc),
            };
        }
        match *self.begun.as_slice() {
            [ESC] | [ESC, b'O' | b']' | b'P' | b'_'] => Some(Patience::Esc),
            [] if !self.late => None,
            _ => Some(Patience::Rest),
        }
    }

    /// Nothing has come for so long.
    pub(super) fn pause(&mut self) -> Vec<What> {
        if let Some(mut paste) = self.paste.take() {
            if self.stands == Stands::AtEsc {
                self.late = true;
                paste.pop();
                return vec![pasted(&paste)];
            }
            self.paste = Some(paste);
            self.stands = Stands::Still;
            return Vec::new();
        }
        let begun = std::mem::take(&mut self.begun);
        let apart = std::mem::take(&mut self.apart);
        self.late = begun == [ESC];
        match *begun.as_slice() {
            [ESC] => vec![key(Code::Esc)],
            [ESC, c @ (b'O' | b']' | b'P' | b'_')] => {
                let typed = [apart.then_some(Code::Esc), Some(Code::Char(c.into()))];
                typed.into_iter().flatten().map(key).collect()
            }
            // The rest is lost; as letters its beginning would do what nobody asked for.
            _ => Vec::new(),
        }
    }

    /// More has come.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<What> {
        let mut found = Vec::new();
        if std::mem::take(&mut self.late) && is_rest(bytes) {
            self.begun.push(ESC);
        }
        self.stands = match (self.stands, bytes) {
            (Stands::Still, [ESC]) => Stands::AtEsc,
            _ => Stands::No,
        };
        if let Some(paste) = &mut self.paste {
            paste.extend_from_slice(bytes);
        } else {
            self.begun.extend_from_slice(bytes);
        }
        loop {
            if self.paste.is_some() && !self.end_paste(bytes.len(), &mut found) {
                return found;
            }
            if !self.next(&mut found) {
                self.apart |= self.begun == [ESC];
                return found;
            }
        }
    }

    /// Takes one thing off the front; whether there may be another.
    fn next(&mut self, found: &mut Vec<What>) -> bool {
        if self.begun.is_empty() {
            return false;
        }
        match self.front() {
            Front::More => return false,
            Front::Is(taken, what) => {
                self.begun.drain(..taken);
                found.extend(what);
            }
            Front::Paste(taken) => self.paste = Some(self.begun.split_off(taken)),
        }
        if self.paste.is_some() {
            self.begun.clear();
        }
        self.apart = false;
        true
    }

    fn front(&self) -> Front {
        let front = front(&self.begun);
        let is_esc = self.apart
            && match *self.begun.as_slice() {
                [ESC, b'[', ..] | [ESC, b'O', b'0'..=b'9', ..] | [ESC] => false,
                [ESC, b'O', ..] => matches!(front, Front::Is(_, None)),

                [ESC, b']' | b'P' | b'_', ..] => matches!(front, Front::Is(_, Some(_))),
                _ => true,
            };
        if is_esc {
            Front::Is(1, Some(key(Code::Esc)))
        } else {
            front
        }
    }

    /// Ends a paste whose end is there, of which so many bytes are new; what follows is keys again.
    fn end_paste(&mut self, new: usize, found: &mut Vec<What>) -> bool {
        let Some(paste) = &mut self.paste else {
            return true;
        };
        let from = paste.len().saturating_sub(new + PASTE_END.len());
        let Some(end) = memchr::memmem::find(&paste[from..], PASTE_END) else {
            return false;
        };
        self.begun = paste.split_off(from + end).split_off(PASTE_END.len());
        found.push(pasted(paste));
        self.paste = None;
        true
    }
}

/// Whether this is the rest of a key whose ESC was told already: whole, and together, as nobody types it. What means nothing here,
/// such as a button of the mouse that is let go, would be letters as well.
fn is_rest(bytes: &[u8]) -> bool {
    let whole = [&[ESC], bytes].concat();
    match *bytes {
        [b'[', _, ..] => front(&whole) != Front::More,
        [b'O', _] | [b'O', b'0'..=b'9', ..] => matches!(front(&whole), Front::Is(_, Some(_))),
        _ => false,
    }
}

fn pasted(text: &[u8]) -> What {
    What::Paste(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::event::{Did, Key, Mouse};

    /// The same keys as one piece.
    fn read(bytes: &[u8]) -> Vec<What> {
        in_pieces(&[bytes])
    }

    /// No pause between pieces is as long as it would have to be, and one is behind the last.
    fn in_pieces(pieces: &[&[u8]]) -> Vec<What> {
        let mut decoder = Decoder::default();
        let mut found: Vec<_> = pieces
            .iter()
            .flat_map(|piece| decoder.take(piece))
            .collect();
        if decoder.patience().is_some() {
            found.extend(decoder.pause());
        }
        found
    }

    fn keys<const N: usize>(codes: [Code; N]) -> Vec<What> {
        codes.into_iter().map(key).collect()
    }

    fn with_ctrl(code: Code) -> What {
        What::Key(Key { code, ctrl: true })
    }

    fn did(did: Did, at: (u16, u16)) -> What {
        What::Mouse(Mouse { at, did })
    }

    /// Everything that a terminal sends for one thing, and what it is.
    fn things() -> Vec<(Vec<u8>, What)> {
        let mut all: Vec<(Vec<u8>, What)> = [
            ("\x1b[A", Code::Up),
            ("\x1b[B", Code::Down),
            ("\x1bOC", Code::Right),
            ("\x1b[1;1D", Code::Left),
            ("\x1b[1;2A", Code::ShiftUp),
            ("\x1b[1;2B", Code::ShiftDown),
            ("\x1b[1;2:2B", Code::ShiftDown),
            ("\x1b[H", Code::Home),
            ("\x1bOF", Code::End),
            ("\x1bO2A", Code::ShiftUp),
            ("\x1bO1;2B", Code::ShiftDown),
            ("\x1b[7~", Code::Home),
            ("\x1b[4~", Code::End),
            ("\x1b[3~", Code::Delete),
            ("\x1b[5~", Code::PageUp),
            ("\x1b[6~", Code::PageDown),
            ("\x1b[Z", Code::BackTab),
            ("\x1b[9;2u", Code::BackTab),
            ("\x1bOP", Code::F(1)),
            ("\x1b[[B", Code::F(2)),
            ("\x1b[13~", Code::F(3)),
            ("\x1b[24~", Code::F(12)),
            ("\x1b[27u", Code::Esc),
            ("\x1b[27;2;97~", Code::Char('A')),
            ("\r", Code::Enter),
            ("\t", Code::Tab),
            ("\x7f", Code::Backspace),
            ("j", Code::Char('j')),
            ("O", Code::Char('O')),
            ("é", Code::Char('é')),
            ("山", Code::Char('山')),
            ("🙂", Code::Char('🙂')),
        ]
        .into_iter()
        .map(|(bytes, code)| (bytes.into(), key(code)))
        .collect();
        for (bytes, what) in [
            ("\x0e", with_ctrl(Code::Char('n'))),
            ("\n", with_ctrl(Code::Char('j'))),
            ("\0", with_ctrl(Code::Char(' '))),
            ("\x1b[1;5C", with_ctrl(Code::Right)),
            ("\x1b[97;5u", with_ctrl(Code::Char('a'))),
            ("\x1b[<0;10;5M", did(Did::Press, (9, 4))),
            ("\x1b[<64;300;1M", did(Did::WheelUp, (299, 0))),
            ("\x1b[<85;1;1M", did(Did::WheelDown, (0, 0))),
            ("\x1b[M \x2a\x25", did(Did::Press, (9, 4))),
            ("\x1b[200~\x1b[201~", What::Paste(String::new())),
            (
                "\x1b[200~d\x1b[A\r\x1b[201\t山+44\x1b[201~",
                What::Paste("d\x1b[A\r\x1b[201\t山+44".to_owned()),
            ),
        ] {
            all.push((bytes.into(), what));
        }
        all
    }

    #[test]
    fn what_a_terminal_says_without_being_asked_is_no_letter() {
        for said in [
            "\x1bO5S",
            "\x1bO2S",
            "\x1bO1;5P",
            "\x1b_Gi=31;OK\x1b\\",
            "\x1b]lmy host\x1b\\",
            "\x1b]Lmy host\x07",
            "\x1b]11;rgb:0000/0000/0000\x1b\\",
        ] {
            let all = format!("{said}j");
            let text = all.as_bytes();
            assert_eq!(read(text), keys([Code::Char('j')]), "{said:?}");
            for at in 1..said.len() {
                let (one, other) = text.split_at(at);
                let found = in_pieces(&[one, other]);
                assert_eq!(found, keys([Code::Char('j')]), "{said:?} cut at {at}");
            }
        }
        assert_eq!(read(b"\x1bO5A"), [with_ctrl(Code::Up)]);
        assert_eq!(read(b"\x1b_"), keys([Code::Char('_')]));
    }

    #[test]
    fn each_thing_is_what_it_is_however_it_is_cut_in_two() {
        for (bytes, what) in things() {
            for cut in 0..=bytes.len() {
                let (one, two) = bytes.split_at(cut);
                assert_eq!(
                    in_pieces(&[one, two]),
                    std::slice::from_ref(&what),
                    "{bytes:?} at {cut}"
                );
            }
        }
    }

    #[test]
    fn what_means_nothing_here_is_no_letters() {
        for bytes in [
            "\x1b[I",
            "\x1b[O",
            "\x1b[2~",
            "\x1b[99~",
            "\x1b[201~",
            "\x1b[<0;10;5m",
            "\x1b[<32;10;5M",
            "\x1b[<0;0;0M",
            "\x1b[<99999;1;1M",
            "\x1b[M\x1b\x1b\x1b",
            "\x1b[1;5:3A",
            "\x1b[12;40R",
            "\x1b[?62;4c",
            "\x1b[57399u",
            "\x1b[E",
            "\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
            "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
            "\x1bP>|xterm(390)\x1b\\",
        ] {
            for cut in 0..bytes.len() {
                let (one, two) = bytes.as_bytes().split_at(cut);
                assert_eq!(in_pieces(&[one, two]), [], "{bytes:?} at {cut}");
            }
        }
        assert_eq!(read(b"\x1bOz"), []);
        for bytes in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\x1b[", b"\x1b[1;"] {
            assert_eq!(read(bytes), [], "{bytes:?}");
        }
    }

    #[test]
    fn what_has_lost_its_end_takes_no_other_key_with_it() {
        let enter = keys([Code::Enter]);
        for begun in [
            &b"\x1b["[..],
            b"\x1b[1;",
            b"\x1bO",
            b"\xe5\xb1",
            b"\x1b[[",
            b"\xff",
        ] {
            assert_eq!(read(&[begun, b"\r"].concat()), enter, "{begun:?}");
        }
        assert_eq!(read(b"\x1b[1\x1b[A"), keys([Code::Up]));
        assert_eq!(read(b"\xc3j"), keys([Code::Char('j')]));
    }

    #[test]
    fn esc_is_the_key_after_a_pause_and_at_once_before_another_key_that_came_apart() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.patience(), None);
        assert_eq!(decoder.take(b"\x1b"), []);
        assert_eq!(decoder.patience(), Some(Patience::Esc));
        assert_eq!(decoder.pause(), keys([Code::Esc]));
        let esc_j = keys([Code::Esc, Code::Char('j')]);
        assert_eq!(in_pieces(&[b"\x1b", b"j"]), esc_j);
        assert_eq!(
            in_pieces(&[b"\x1b", b"Oliver"])[..2],
            keys([Code::Esc, Code::Char('O')])
        );
        assert_eq!(
            in_pieces(&[b"\x1b", b"O"]),
            keys([Code::Esc, Code::Char('O')])
        );
        assert_eq!(
            in_pieces(&[b"\x1b", b"P", b"a"])[..2],
            keys([Code::Esc, Code::Char('P')])
        );
        assert_eq!(
            in_pieces(&[b"\x1b", b"]"]),
            keys([Code::Esc, Code::Char(']')])
        );
        // With Alt a key is itself.
        assert_eq!(read(b"\x1b]"), keys([Code::Char(']')]));
        assert_eq!(read(b"\x1bj"), keys([Code::Char('j')]));
        assert_eq!(read(b"\x1bO"), keys([Code::Char('O')]));
        assert_eq!(read(b"\x1b\x1b"), keys([Code::Esc, Code::Esc]));
        assert_eq!(read(b"\x1b\x1b[A"), keys([Code::Esc, Code::Up]));
    }

    #[test]
    fn the_rest_of_an_arrow_that_comes_too_late_is_no_letters() {
        let late = |rest: &[u8]| {
            let mut decoder = Decoder::default();
            decoder.take(b"\x1b");
            assert_eq!(decoder.pause(), keys([Code::Esc]));
            assert_eq!(decoder.patience(), Some(Patience::Rest));
            decoder.take(rest)
        };
        assert_eq!(late(b"[A"), keys([Code::Up]));
        assert_eq!(late(b"OA"), keys([Code::Up]));
        assert_eq!(late(b"[6~j"), keys([Code::PageDown, Code::Char('j')]));
        assert_eq!(late(b"[<0;1;1m"), []);
        let paste = What::Paste("d".to_owned());
        assert_eq!(late(b"[200~d\x1b[201~"), [paste]);
        // What is typed is what is typed.
        assert_eq!(late(b"["), keys([Code::Char('[')]));
        assert_eq!(late(b"A"), keys([Code::Char('A')]));
        assert_eq!(late(b"OAK")[..1], keys([Code::Char('O')]));
        let mut decoder = Decoder::default();
        decoder.take(b"\x1b");
        decoder.pause();
        assert_eq!(decoder.pause(), []);
        assert_eq!(decoder.patience(), None);
        assert_eq!(
            decoder.take(b"[A"),
            keys([Code::Char('['), Code::Char('A')])
        );
    }

    #[test]
    fn a_paste_waits_for_its_end_however_long_and_costs_no_more_for_being_long() {
        let mut decoder = Decoder::default();
        let text = "+441235123480 d\r".repeat(100_000);
        assert_eq!(decoder.take(b"\x1b[200~"), []);
        for piece in text.as_bytes().chunks(1_000) {
            assert_eq!(decoder.take(piece), []);
            assert_eq!(decoder.patience(), Some(Patience::Rest));
            assert_eq!(decoder.pause(), []);
            assert_eq!(decoder.patience(), None);
        }
        assert_eq!(decoder.take(b"\x1b[20"), []);
        let found = decoder.take(b"1~j");
        assert_eq!(found, [What::Paste(text), key(Code::Char('j'))]);
    }

    #[test]
    fn a_paste_that_has_lost_its_end_is_ended_by_esc_and_by_nothing_that_is_part_of_one() {
        let text = || What::Paste("d\x1bA".to_owned());
        let stalled = || {
            let mut decoder = Decoder::default();
            assert_eq!(decoder.take(b"\x1b[200~d\x1bA"), []);
            assert_eq!(decoder.pause(), []);
            decoder
        };
        let mut decoder = stalled();
        assert_eq!(decoder.take(b"\x1b"), []);
        assert_eq!(decoder.patience(), Some(Patience::Esc));
        assert_eq!(decoder.pause(), [text()]);
        // It was the end's, and the line stood still once more.
        assert_eq!(decoder.take(b"[201~"), []);
        assert_eq!(decoder.take(b"j"), keys([Code::Char('j')]));
        let mut decoder = stalled();
        assert_eq!(decoder.take(b"\x1b"), []);
        assert_eq!(decoder.take(b"[201~"), [text()]);
        let mut decoder = stalled();
        assert_eq!(decoder.take(b"q\x1b"), []);
        assert_eq!(decoder.pause(), []);
        assert_eq!(decoder.take(b"[201~"), [What::Paste("d\x1bAq".to_owned())]);
    }

    proptest! {
        #[test]
        fn any_stream_cut_anywhere_is_the_same_keys(
            chosen in prop::collection::vec((0..things().len() + 1, any::<bool>()), 1..40),
            sizes in prop::collection::vec(1_usize..9, 1..40),
        ) {
            let things = things();
            let mut decoder = Decoder::default();
            let mut sizes = sizes.into_iter().cycle();
            let (mut found, mut wanted, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
            for (at, rests) in chosen {
                let esc = (vec![ESC], key(Code::Esc));
                let (sent, what) = things.get(at).unwrap_or(&esc);
                bytes.extend_from_slice(sent);
                wanted.push(what.clone());
                if *sent == [ESC] || rests {
                    let mut rest = &bytes[..];
                    while !rest.is_empty() {
                        let size = sizes.next().unwrap_or(1).min(rest.len());
                        let (piece, behind) = rest.split_at(size);
                        found.extend(decoder.take(piece));
                        rest = behind;
                    }
                    bytes.clear();
                    if decoder.patience().is_some() {
                        found.extend(decoder.pause());
                    }
                }
            }
            found.extend(decoder.take(&bytes));
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn any_bytes_cut_anywhere_panic_nowhere_and_leave_nothing_behind(
            pieces in prop::collection::vec(prop::collection::vec(prop_oneof![Just(ESC), Just(b'['), Just(b'O'), Just(b'M'), Just(b'~'), Just(b'2'), Just(b';'), any::<u8>()], 0..12), 0..30),
        ) {
            let mut decoder = Decoder::default();
            for piece in &pieces {
                decoder.take(piece);
            }
            while decoder.patience().is_some() {
                decoder.pause();
            }
            if decoder.paste.is_some() {
                decoder.take(PASTE_END);
            }
            prop_assert_eq!(decoder.take(b"j"), keys([Code::Char('j')]));
        }
    }
}
