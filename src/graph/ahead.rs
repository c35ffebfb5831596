//! The link to the next page, read from the first bytes of a page while the rest of it still comes in, and the request that it
//! lets begin meanwhile.
//!
//! Only a hint: whoever reads the page to its end decides which link counts, and a request for another one is dropped.

use std::io::Read as _;

use flate2::read::GzDecoder;
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use super::Client;
use super::error::GraphError;
use super::exchange::{Answer, Leave};
use super::send::Ask;

/// So much of a page's text is looked at.
const LOOKED_AT: usize = 4 * 1024;

/// Once so much of a body has come, its beginning holds no link.
const WORTH_LOOKING: usize = 64 * 1024;

/// Where the link is told.
#[derive(Debug, Clone)]
pub(super) struct EarlyLink(watch::Sender<Option<String>>);

/// Whether looking again at more of the body may find more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    Open,
    Over,
}

impl Search {
    pub(super) fn is_open(self) -> bool {
        self == Self::Open
    }
}

impl EarlyLink {
    /// Looks at what has come of a body so far.
    pub(super) fn look(&self, start: &[u8], is_gzip: bool) -> Search {
        let found = if is_gzip {
            let mut text = Vec::with_capacity(LOOKED_AT);
            let most = u64::try_from(LOOKED_AT).unwrap_or(u64::MAX);
            // The rest is missing, which is an error only after all that is there.
            let _ = GzDecoder::new(start).take(most).read_to_end(&mut text);
            link_in(&text)
        } else {
            link_in(&start[..start.len().min(LOOKED_AT)])
        };
        if let Some(link) = found {
            self.0.send_replace(Some(link));
            return Search::Over;
        }
        if start.len() < WORTH_LOOKING {
            Search::Open
        } else {
            Search::Over
        }
    }
}

/// The link that stands before the list. One with an escape is left to the reader of the whole page.
fn link_in(text: &[u8]) -> Option<String> {
    const KEY: &[u8] = br#""@odata.nextLink":""#;
    let end = memchr::memmem::find(text, br#""value""#).unwrap_or(text.len());
    let at = memchr::memmem::find(&text[..end], KEY)? + KEY.len();
    let rest = &text[at..end];
    let length = memchr::memchr2(b'"', b'\\', rest).filter(|at| rest[*at] == b'"')?;
    std::str::from_utf8(&rest[..length])
        .ok()
        .map(ToOwned::to_owned)
}

/// A page that is being asked for, by a task of its own. Dropping it ends the request.
#[derive(Debug)]
pub(super) struct Ahead {
    pub(super) url: Url,
    link: watch::Receiver<Option<String>>,
    answer: AbortOnDropHandle<Result<Answer, GraphError>>,
}

impl Ahead {
    /// Asks, by all the rules of any other request.
    pub(super) fn start(client: &Client, ask: Ask) -> Self {
        let (told, link) = watch::channel(None);
        let (client, url) = (client.clone(), ask.url.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "a page comes in while the one before it is read; the task ends with whoever waits for it"
        )]
        let answer = tokio::spawn(async move {
            let early = EarlyLink(told);
            client.send_leaving(&ask, Leave::Packed(&early)).await
        });
        Self {
            url,
            link,
            answer: AbortOnDropHandle::new(answer),
        }
    }

    /// The link, if it has been seen by now.
    pub(super) fn link(&mut self) -> Option<String> {
        self.link.borrow_and_update().clone()
    }

    /// The answer. A link that is seen on the way is given to `seen` at once.
    pub(super) async fn finish(mut self, mut seen: impl FnMut(&str)) -> Result<Answer, GraphError> {
        let answer = tokio::select! {
            biased;
            Ok(()) = self.link.changed() => None,
            answer = &mut self.answer => Some(answer),
        };
        // A short page may be here before anybody has looked.
        if let Some(link) = self.link.borrow_and_update().as_deref() {
            seen(link);
        }
        let answer = match answer {
            Some(answer) => answer,
            None => self.answer.await,
        };
        ended(answer).await
    }
}

/// What a task has come to, for whoever has waited for it. Its panic goes on here.
pub(crate) async fn ended<T>(task: Result<T, JoinError>) -> T {
    match task.map_err(JoinError::try_into_panic) {
        Ok(value) => value,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        // It was ended with the runtime, which ends whoever waits here too.
        Err(Err(_)) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use libdeflater::{CompressionLvl, Compressor};

    use super::*;

    #[test]
    fn a_link_is_seen_before_the_list_alone() {
        for (text, link) in [
            (
                r#"{"@odata.nextLink":"https://g/a?b","value":["#,
                Some("https://g/a?b"),
            ),
            (r#"{"@odata.count":7,"@odata.nextLink":"https://g/a"#, None),
            (r#"{"@odata.nextLink":"https:\/\/g\/a","value":["#, None),
            (r#"{"value":[{"@odata.nextLink":"https://g/a"}]"#, None),
            (r#"{"@odata.nextLink": "https://g/a","value":["#, None),
            ("", None),
        ] {
            assert_eq!(link_in(text.as_bytes()).as_deref(), link, "{text}");
        }
    }

    #[test]
    fn the_start_of_a_packed_page_is_enough() {
        let users = r#"{"displayName":"Somebody"},"#.repeat(40_000);
        let text = format!(r#"{{"@odata.nextLink":"https://g/next","value":[{users}"#);
        let mut compressor = Compressor::new(CompressionLvl::default());
        let mut packed = vec![0; compressor.gzip_compress_bound(text.len())];
        let length = compressor
            .gzip_compress(text.as_bytes(), &mut packed)
            .unwrap();
        let (told, link) = watch::channel(None);
        let early = EarlyLink(told);
        assert_eq!(early.look(&packed[..8], true), Search::Open);
        assert_eq!(early.look(&packed[..length / 2], true), Search::Over);
        assert_eq!(link.borrow().as_deref(), Some("https://g/next"));
        assert_eq!(early.look(&[b'x'; 8], false), Search::Open);
        assert_eq!(early.look(&vec![b'x'; WORTH_LOOKING], false), Search::Over);
    }
}
