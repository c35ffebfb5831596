//! Pages that were made and packed before: what is asked for again is not made again, so that a bench has the reader on its clock.
//!
//! They are kept while a knob says so, and forgotten as soon as anything is changed.

use std::collections::HashMap;
use std::sync::Arc;

use super::crowd::Pattern;
use super::pack;
use super::token::Caller;
use super::wire::{Call, Payload, Reply};

/// Shorter texts are made anew each time.
const LONG: usize = 64 * 1024;

/// A page as it goes out.
#[derive(Debug)]
struct Kept {
    body: Arc<[u8]>,
    headers: Vec<(&'static str, String)>,
    units: u32,
}

/// What was rendered since the last change, by who asked, for what, and how.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pages: HashMap<String, Kept>,
}

impl Rendered {
    /// The page that this caller is to get, if it is there.
    pub(super) fn find(&self, caller: &Caller, call: &Call) -> Option<Reply> {
        let kept = self.pages.get(&question(caller, call)?)?;
        Some(Reply {
            status: 200,
            headers: kept.headers.clone(),
            payload: Payload::Packed(Arc::clone(&kept.body)),
            units: kept.units,
        })
    }

    /// Packs a long page as one stream, as a real service does, and keeps it; any other answer is given back as it is.
    pub(super) fn keep(
        &mut self,
        (caller, call): (&Caller, &Call),
        reply: Reply,
        patterns: &[Pattern],
    ) -> Reply {
        let Some(question) = question(caller, call) else {
            return reply;
        };
        let (text, cuts) = match reply.payload {
            Payload::Json(text, cuts) if reply.status == 200 && text.len() >= LONG => (text, cuts),
            _ => return reply,
        };
        let body: Arc<[u8]> = pack::gzip(&pack::plain(text, &cuts, patterns), &[], &[]).into();
        let kept = Kept {
            body: Arc::clone(&body),
            headers: reply.headers.clone(),
            units: reply.units,
        };
        self.pages.insert(question, kept);
        Reply {
            payload: Payload::Packed(body),
            ..reply
        }
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        self.pages.clear();
    }
}

/// What an answer depends on, for those that depend on nothing that comes with time.
fn question(caller: &Caller, call: &Call) -> Option<String> {
    let lasts = call.method == "GET" && call.takes_gzip() && !call.raw_path.ends_with("/delta");
    let prefer = call.header("prefer").unwrap_or_default();
    let target = call.target();
    lasts.then(|| format!("{caller:?} {prefer} {} {target}", call.base))
}
