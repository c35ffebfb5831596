//! What a server says back of a secret that it was given is taken out, whole or in part.

/// So many characters in a row that are of the secret are no chance.
const LEAST: usize = 24;
/// Looked for at every so many characters: whatever shares `LEAST + STEP` characters is found, and mostly what shares fewer.
const STEP: usize = 8;

/// Takes the secret out of a text, and each piece of it: a token without its signature is worth hiding, too.
pub(super) fn scrub(text: &mut String, secret: &str) {
    if secret.is_empty() {
        return;
    }
    if text.contains(secret) {
        *text = text.replace(secret, "[secret]");
    }
    let mut from = 0;
    while let Some(piece) = text.as_bytes().get(from..from + LEAST - STEP) {
        // What is cut within a character is not of a secret that is all ASCII; of any other it is found a step later.
        let found = std::str::from_utf8(piece)
            .ok()
            .and_then(|piece| secret.find(piece));
        let Some(at) = found else {
            from += STEP;
            continue;
        };
        let (of_text, of_secret) = (text.as_bytes(), secret.as_bytes());
        let before = of_text[..from]
            .iter()
            .rev()
            .zip(of_secret[..at].iter().rev())
            .take_while(|(a, b)| a == b)
            .count();
        let after = of_text[from..]
            .iter()
            .zip(&of_secret[at..])
            .take_while(|(a, b)| a == b)
            .count();
        let (start, end) = (from - before, from + after);
        if before + after >= LEAST && text.is_char_boundary(start) && text.is_char_boundary(end) {
            text.replace_range(start..end, "[secret]");
            from = start + "[secret]".len();
        } else {
            from += STEP;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJ0aWQiOiIxMTExMTExMSIsInNjcCI6IlVzZXIuUmVhZCJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg";

    fn scrubbed(text: &str) -> String {
        let mut text = text.to_owned();
        scrub(&mut text, TOKEN);
        text
    }

    #[test]
    fn a_secret_is_taken_out_whole_and_in_pieces() {
        assert_eq!(scrubbed(&format!("a {TOKEN} b")), "a [secret] b");
        let unsigned = TOKEN.rsplit_once('.').unwrap().0;
        assert_eq!(
            scrubbed(&format!("é{unsigned}é{TOKEN}")),
            "é[secret]é[secret]"
        );
        for part in TOKEN.split('.') {
            assert_eq!(scrubbed(&format!("id={part};")), "id=[secret];");
        }
        assert_eq!(scrubbed(&TOKEN[..TOKEN.len() - 9]), "[secret]");
        // Wherever it begins, and wherever it lies in the text.
        for start in 0..TOKEN.len() - LEAST - STEP {
            let piece = &TOKEN[start..start + LEAST + STEP];
            for padding in 0..STEP {
                let pad = "x".repeat(padding);
                assert_eq!(
                    scrubbed(&format!("{pad}|{piece}|")),
                    format!("{pad}|[secret]|")
                );
            }
        }
    }

    #[test]
    fn what_is_no_piece_of_it_stays() {
        for text in [
            "",
            "6fd2c87f-b296-42f0-b197-1e91e994b900",
            "eyJ0eXAiOiJKV1QiLCJh",
            "/v1.0/users/delta?$deltatoken=aaaaaaaa...",
            "ﷺﷺﷺﷺﷺﷺﷺﷺﷺ é é é é é é é é é é é é é",
        ] {
            assert_eq!(scrubbed(text), text);
        }
        let mut text = "nothing".to_owned();
        scrub(&mut text, "");
        assert_eq!(text, "nothing");
    }
}
