//! Bytes to text: UTF-8 and UTF-16 by what the bytes say, Windows-1252 only on request, since it fits any bytes.

use super::sheet::SheetError;

/// How a file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// UTF-8 with or without a mark, UTF-16 of either order: the bytes tell.
    #[default]
    Detect,
    /// Windows-1252, as Excel writes "CSV" in western languages.
    Windows1252,
}

/// The text, without a byte order mark.
pub(super) fn decode(bytes: &[u8], encoding: Encoding) -> Result<String, SheetError> {
    let found = found(bytes);
    match (encoding, found) {
        (Encoding::Windows1252, Found::Utf8) if !is_marked_or_wide(bytes) => {
            Ok(encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned())
        }
        (Encoding::Windows1252, Found::Utf8) => Err(SheetError::NotWindows1252 { found: "UTF-8" }),
        (Encoding::Windows1252, Found::Utf16(_)) => {
            Err(SheetError::NotWindows1252 { found: "UTF-16" })
        }
        (Encoding::Detect, Found::Utf8) => utf8(bytes),
        (Encoding::Detect, Found::Utf16(order)) => utf16(bytes, order),
    }
}

#[derive(Clone, Copy)]
enum Found {
    Utf8,
    Utf16(Order),
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

fn found(bytes: &[u8]) -> Found {
    match bytes {
        [0xff, 0xfe, ..] => Found::Utf16(Order::Little),
        [0xfe, 0xff, ..] => Found::Utf16(Order::Big),
        // A header is ASCII: without a mark, its first two bytes show the order.
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Found::Utf16(Order::Little),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Found::Utf16(Order::Big),
        _ => Found::Utf8,
    }
}

/// Whether it can only be UTF-8: its mark is there, or letters beyond ASCII that are well-formed.
fn is_marked_or_wide(bytes: &[u8]) -> bool {
    !bytes.is_ascii() && std::str::from_utf8(bytes).is_ok()
}

fn utf8(bytes: &[u8]) -> Result<String, SheetError> {
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            let at = error.valid_up_to();
            Err(SheetError::NotText {
                row: row_at(&bytes[..at]),
                byte: bytes[at],
                at,
                encoding: "UTF-8",
            })
        }
    }
}

fn utf16(bytes: &[u8], order: Order) -> Result<String, SheetError> {
    let unit = |pair: &[u8]| {
        let pair = [pair[0], pair[1]];
        match order {
            Order::Little => u16::from_le_bytes(pair),
            Order::Big => u16::from_be_bytes(pair),
        }
    };
    let refused = |text: &str, at: usize| SheetError::NotText {
        row: row_at(text.as_bytes()),
        byte: bytes[at],
        at,
        encoding: "UTF-16",
    };
    let pairs = bytes.chunks_exact(2);
    let odd = pairs.remainder();
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut at = 0;
    for decoded in char::decode_utf16(pairs.map(unit)) {
        let Ok(c) = decoded else {
            return Err(refused(&text, at));
        };
        text.push(c);
        at += 2 * c.len_utf16();
    }
    if !odd.is_empty() {
        return Err(refused(&text, bytes.len() - 1));
    }
    Ok(text
        .strip_prefix('\u{feff}')
        .map(str::to_owned)
        .unwrap_or(text))
}

/// The row in which the text ends: newlines in quotation marks do not count.
fn row_at(text: &[u8]) -> u32 {
    let mut row = 1;
    let mut quoted = false;
    for (n, byte) in text.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => row += 1,
            b'\r' if !quoted && text.get(n + 1) != Some(&b'\n') => row += 1,
            _ => {}
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Name,Email\r\nJürgen 山田 😀,j@x\r\n";

    fn wide(text: &str, mark: bool, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mark = mark.then_some(0xfeff);
        mark.into_iter()
            .chain(text.encode_utf16())
            .flat_map(order)
            .collect()
    }

    #[test]
    fn each_encoding_gives_the_same_text() {
        let marked = [&[0xef, 0xbb, 0xbf], TEXT.as_bytes()].concat();
        let files = [
            TEXT.as_bytes().to_vec(),
            marked,
            wide(TEXT, true, u16::to_le_bytes),
            wide(TEXT, true, u16::to_be_bytes),
            wide(TEXT, false, u16::to_le_bytes),
            wide(TEXT, false, u16::to_be_bytes),
        ];
        for bytes in files {
            assert_eq!(decode(&bytes, Encoding::Detect).as_deref(), Ok(TEXT));
        }
        assert_eq!(
            decode(b"Name\nJ\xfcrgen \x80\n", Encoding::Windows1252).as_deref(),
            Ok("Name\nJürgen €\n")
        );
    }

    #[test]
    fn bytes_that_do_not_fit_are_named_with_their_row() {
        let error = decode(b"Name\n\"a\nb\"\nJ\xfcrgen\n", Encoding::Detect).unwrap_err();
        let wanted = SheetError::NotText {
            row: 3,
            byte: 0xfc,
            at: 12,
            encoding: "UTF-8",
        };
        assert_eq!(error, wanted);
        let mut lone = wide("Name\nx", true, u16::to_le_bytes);
        lone.extend([0x00, 0xd8, b'x', 0]);
        assert!(matches!(
            decode(&lone, Encoding::Detect),
            Err(SheetError::NotText { row: 2, at: 14, .. })
        ));
        lone.truncate(13);
        assert!(matches!(
            decode(&lone, Encoding::Detect),
            Err(SheetError::NotText { row: 2, at: 12, .. })
        ));
    }

    #[test]
    fn utf8_is_never_read_as_windows_1252() {
        assert_eq!(
            decode(TEXT.as_bytes(), Encoding::Windows1252),
            Err(SheetError::NotWindows1252 { found: "UTF-8" })
        );
        assert_eq!(
            decode(b"Name\nx\n", Encoding::Windows1252).as_deref(),
            Ok("Name\nx\n")
        );
    }
}
